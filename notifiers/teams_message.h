/* What a page looks like in Microsoft Teams: an Adaptive Card, as a Workflows URL takes it. */
#pragma once
#include "notifiers/words.h"

#define TEAMS_BYTES_MAX (28u * 1024u) /* a longer message is refused */
#define TEAMS_TITLE_MAX 150u

/* Everything stands in TextRuns, which Teams shows as they are: no text of a person becomes a link, a mention or
 * mark-up. Texts are cut shorter where the whole would pass TEAMS_BYTES_MAX. */
void teams_message(const struct delivery *d, struct bytes *ret);

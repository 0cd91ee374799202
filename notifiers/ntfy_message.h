/* What a page looks like in ntfy: the JSON that its root URL takes. */
#pragma once
#include "notifiers/words.h"

#define NTFY_TITLE_MAX   100u
#define NTFY_TEXT_MAX    300u
#define NTFY_FACT_MAX    120u
#define NTFY_MESSAGE_MAX 4096u /* bytes; ntfy makes an attachment of a longer one */

/* topic: "a1B2_-", at most 64 characters; whoever knows it may read the pages. */
void ntfy_message(const struct delivery *d, const char *topic, struct bytes *ret);
/* Whether ntfy takes this as a topic. */
bool ntfy_is_topic(const char *text);

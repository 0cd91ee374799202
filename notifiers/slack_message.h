/* What a page looks like in Slack. */
#pragma once
#include "notifiers/words.h"

#define SLACK_HEADER_MAX 150u
#define SLACK_TEXT_MAX   3000u
#define SLACK_FIELD_MAX  500u /* Slack takes 2000, but about 13,000 characters in all */
#define SLACK_FIELDS_MAX 10u  /* of one section */

/* Where chat.postMessage (or, with `ts`, chat.update) puts it; all but the channel may be NULL. */
struct slack_place {
        const char *channel, *thread_ts, *ts;
        bool is_broadcast; /* of an answer in a thread: show it in the channel too */
};

/* The JSON of a message: `text` with & < > escaped (Slack reads it as mark-up), everything else as plain_text, so
 * that no text of a person becomes a mention, a link or an emoji. place: NULL for a webhook, which has its own. */
void slack_message(const struct delivery *d, const struct slack_place *place, struct bytes *ret);
/* Escapes exactly & < >. */
void slack_escape(struct span utf8, struct bytes *ret);

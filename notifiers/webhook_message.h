/* What a page is to a program of one's own: the body that Standard Webhooks recommends. */
#pragma once
#include "notifiers/words.h"

/* {"type":"breakglass.opened","timestamp":"2026-…Z","data":{…}}: data is the event as the broker made it. */
void webhook_message(const struct delivery *d, struct bytes *ret);
/* "msg_" and hex digits: the same for every attempt of the event, different for every other event. */
void webhook_id(const struct delivery *d, struct bytes *ret);

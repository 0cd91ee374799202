/* What an event of ours is in PagerDuty (Events API v2).
 *
 * One alert per request: triggered when somebody asks, acknowledged when enough have approved, resolved when the
 * rotation is proven. The opening has an alert of its own, always critical, so that nobody who silenced the request
 * misses it. */
#pragma once
#include "notifiers/words.h"

#define PAGERDUTY_DEDUP_MAX   255u
#define PAGERDUTY_SUMMARY_MAX 1024u
#define PAGERDUTY_CALLS_MAX   3u

enum pagerduty_action { PAGERDUTY_TRIGGER, PAGERDUTY_ACKNOWLEDGE, PAGERDUTY_RESOLVE };

struct pagerduty_call {
        enum pagerduty_action action;
        char dedup_key[PAGERDUTY_DEDUP_MAX + 1];
        const char *severity;
};

/* The calls that an event wants, in order; at least one. */
size_t pagerduty_calls(const struct delivery *d, struct pagerduty_call ret[PAGERDUTY_CALLS_MAX]);
/* The JSON of one call. */
void pagerduty_message(const struct delivery *d, const struct pagerduty_call *c, const char *routing_key,
                       struct bytes *ret);

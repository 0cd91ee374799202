/* Which Slack message began the thread of a request: a small file for each, in a folder of the notifier's own. Losing
 * one costs the thread, never a page. */
#pragma once
#include "notifiers/deliver.h"

#define SLACK_ID_MAX 64u /* of a channel's id and of a message's `ts` */

struct slack_thread {
        char channel[SLACK_ID_MAX + 1], ts[SLACK_ID_MAX + 1];
};

/* False where nothing (or nothing usable) is kept for this event's request. */
bool slack_thread_find(const struct delivery *d, const char *folder, struct slack_thread *ret);
/* Keeps what Slack called the request's first message; does nothing for an event without a request. A failure is not
 * one of the page: the reason goes to the log. */
void slack_thread_keep(const struct delivery *d, const char *folder, const char *channel, const char *ts);
/* Forgets the thread after the last event of its request. */
void slack_thread_settle(const struct delivery *d, const char *folder);

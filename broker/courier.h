/* The courier: a process that runs notifier programs, so that a hung or hostile one holds up nothing and nobody near
 * the log. It keeps nothing durable: what it does not report it is given again.
 *
 * JSON lines on one socket (descriptor 3):
 *   in
 * {"page":17,"channel":"ops","program":"/…","urgent":true,"timeout_ms":30000,"per_minute":0,"config":{…},"event":{…}}
 *   out  {"page":17,"outcome":"accepted","detail":"…"}   or "failed"
 *        {"channel":"ops","is_down":true}
 * At the socket's end it finishes what it has begun, for a few seconds, and exits.
 */
#pragma once
#include "base/bytes.h"

#define COURIER_COMMAND "courier-process"
#define COURIER_FD      3

int courier_main(void);

/* What a notifier made of one delivery. */
enum delivery { DELIVERY_ACCEPTED, DELIVERY_AGAIN, DELIVERY_FAILED };
struct delivery_result {
        enum delivery what;
        struct bytes detail;    /* for people */
        int64_t retry_after_ms; /* 0: not said */
};
/* Runs the program once. input: the whole object for its stdin. */
void courier_deliver(const char *program, struct span input, int64_t timeout_ms, struct delivery_result *ret);
void courier_input(struct span config, struct span event, unsigned attempt, struct bytes *ret);
/* How long to wait before the next attempt (attempt counts from 1). random: any. */
int64_t courier_backoff(unsigned attempt, bool is_urgent, int64_t retry_after_ms, uint32_t random);

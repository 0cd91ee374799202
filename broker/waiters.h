/* Calls that wait for the log to grow (long poll): suspended, a few for each person, none for long. Thread-safe. */
#pragma once
#include "broker/server.h"

#define WAIT_MAX_MS INT64_C(25000)

struct waiters;
struct waiters *waiters_new(void);
void waiters_free(struct waiters *w);
/* c must be suspended already. It is woken when the log has more than `after` lines, at until_ms (monotonic), or at
 * the end. Check book_now() once more after this. false when this person has max waiting calls already: not added. */
bool waiters_add(struct waiters *w, struct call *c, uint64_t after, int64_t until_ms, int64_t max);
void waiters_grown(struct waiters *w, uint64_t size);
void waiters_expire(struct waiters *w, int64_t now_ms);
/* Wakes all, and lets nobody wait from now on. */
void waiters_close(struct waiters *w);
unsigned waiters_count(struct waiters *w);

/* One attempt to deliver a page: a notifier program is run once, within bounds, and judged (docs/notifiers.md). */
#pragma once
#include "base/bytes.h"

/* Where a service manager put the broker's credentials; passed on, because notifiers find theirs there. */
#define CREDENTIALS_VARIABLE "CREDENTIALS_DIRECTORY"

enum delivery {
        DELIVERY_AGAIN = 0, /* later it may work */
        DELIVERY_ACCEPTED,  /* the service has it */
        DELIVERY_FAILED,    /* this page will not work */
        DELIVERY_BLOCKED,   /* no page will until a person mends something: token, permission, configuration */
};
extern const char *const delivery_words[]; /* NULL-ended, by enum delivery */

struct delivery_result {
        enum delivery what;
        bool was_killed;        /* it hung, flooded or crashed */
        struct bytes detail;    /* for people: at most 180 bytes, one line */
        struct bytes said;      /* the last line of its stderr, for the operator's log */
        int64_t retry_after_ms; /* 0: not said */
};
void delivery_result_done(struct delivery_result *r);
/* Runs the program once. input: the whole object for its stdin. */
void delivery_run(const char *program, struct span input, int64_t timeout_ms, struct delivery_result *ret);
/* {"event":…,"config":…,"attempt":N} and a newline; event and config are JSON objects. */
void delivery_input(struct span config, struct span event, unsigned attempt, struct bytes *ret);
/* Kills every program that this process runs: they have process groups of their own and would outlive it without a
 * deadline. */
void delivery_kill_all(void);

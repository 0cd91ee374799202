/* Looks, while a hook runs, for secret values in the arguments and the environment of every process that it starts:
 * anybody on the host could read them there. It looks a few hundred times a second, so that a process of a few
 * milliseconds may escape it: what it says is true, its silence is no proof. */
#pragma once
#include "quorum/document.h"
#include "rotators/config.h"
#include <pthread.h>
#include <stdatomic.h>

struct watch {
        pthread_t thread;
        atomic_bool must_stop;
        const struct hook_entry *hook;
        const struct document *const *value;
        size_t n_values;
        struct bytes found; /* which program, and where; empty: nothing */
};

/* Errors: ERR_IO. The values must outlive the watch. */
MUST_CHECK enum err watch_start(struct watch *w, const struct hook_entry *hook, const struct document *const value[],
                                size_t n_values);
/* Waits for the watcher's end; then w->found may be read, and is the caller's to bytes_done(). */
void watch_stop(struct watch *w);

/* The broker's time: what the log's `at` is taken from. It never goes back, and a machine whose clock was set back
 * keeps counting from the log's last line on the monotonic clock. Not thread-safe: only the writer asks for `at`. */
#pragma once
#include "base/clock.h"
#include <stdbool.h>

#define CLOCK_BEHIND_MAX_MS (10 * MINUTE_MS)

/* Where time comes from; tests give their own. */
struct clock_source {
        int64_t (*wall_ms)(void *context);
        int64_t (*monotonic_ms)(void *context);
        void *context;
};
extern const struct clock_source clock_system;

struct timepiece {
        struct clock_source source;
        int64_t last_at_ms;     /* of the log's last line */
        int64_t frozen_base_ms; /* with --accept-clock: the time at the start … */
        int64_t frozen_from_ms; /* … when the monotonic clock showed this */
        bool is_frozen;
};

/* last_at_ms: of the log's last line. is_accepted: --accept-clock was given. Errors: ERR_CLOCK when the wall clock is
 * further than 10 minutes behind the log and that was not accepted. */
enum err timepiece_init(struct timepiece *t, const struct clock_source *source, int64_t last_at_ms, bool is_accepted);
/* The time now, never before last_at_ms. */
int64_t timepiece_now(const struct timepiece *t);
void timepiece_stamp(struct timepiece *t, int64_t at_ms); /* a line was written at this time */

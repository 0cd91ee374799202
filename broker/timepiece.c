#include "broker/timepiece.h"

static int64_t system_wall(void *context)
{
        return clock_now_ms();
}

static int64_t system_monotonic(void *context)
{
        return clock_monotonic_ms();
}

const struct clock_source clock_system = {system_wall, system_monotonic, NULL};

enum err timepiece_init(struct timepiece *t, const struct clock_source *source, int64_t last_at_ms, bool is_accepted)
{
        int64_t wall = source->wall_ms(source->context);
        *t = (struct timepiece){.source = *source, .last_at_ms = last_at_ms};
        if (wall >= last_at_ms - CLOCK_BEHIND_MAX_MS)
                return OK;
        if (!is_accepted)
                return err_because(ERR_CLOCK,
                                   "the clock is %lld s behind the log's last line; set it, or start once "
                                   "with --accept-clock to go on from that line",
                                   (long long)((last_at_ms - wall) / SECOND_MS));
        t->is_frozen = true;
        t->frozen_base_ms = last_at_ms;
        t->frozen_from_ms = source->monotonic_ms(source->context);
        return OK;
}

int64_t timepiece_now(const struct timepiece *t)
{
        int64_t wall = t->source.wall_ms(t->source.context), now = wall;
        /* Once the wall clock has been set right it leads again. */
        if (t->is_frozen) {
                int64_t counted = t->frozen_base_ms + t->source.monotonic_ms(t->source.context) - t->frozen_from_ms;
                now = wall > counted ? wall : counted;
        }
        return now > t->last_at_ms ? now : t->last_at_ms;
}

void timepiece_stamp(struct timepiece *t, int64_t at_ms)
{
        t->last_at_ms = at_ms;
}

#include "broker/export_schedule.h"
#include "base/clock.h"

#define DEADLINE_LEAST_MS (10 * MINUTE_MS)

void export_schedule_begin(struct export_schedule *s, int64_t every_ms, bool hands_over, int64_t now_ms)
{
        *s = (struct export_schedule){
                .every_ms = every_ms, .hands_over = hands_over, .due_ms = now_ms, .good_ms = now_ms};
}

enum export_step export_schedule_next(const struct export_schedule *s, int64_t now_ms, int64_t *ret_at_ms)
{
        *ret_at_ms = INT64_MAX;
        if (!s->every_ms)
                return EXPORT_STEP_NONE;
        if (s->due_ms <= now_ms)
                return s->has_looked ? EXPORT_STEP_MAKE : EXPORT_STEP_LOOK;
        *ret_at_ms = s->due_ms;
        if (!s->is_to_hand_over)
                return EXPORT_STEP_NONE;
        if (s->hand_over_due_ms <= now_ms)
                return EXPORT_STEP_HAND_OVER;
        if (s->hand_over_due_ms < s->due_ms)
                *ret_at_ms = s->hand_over_due_ms;
        return EXPORT_STEP_NONE;
}

static int64_t backoff(const struct export_schedule *s, unsigned failures)
{
        int64_t wait = EXPORT_RETRY_MS;
        for (unsigned i = 1; i < failures && wait < s->every_ms; i++)
                wait *= 2;
        return wait < s->every_ms ? wait : s->every_ms;
}

void export_schedule_good(struct export_schedule *s, int64_t of_ms, bool is_new, int64_t now_ms)
{
        const int64_t next = of_ms + s->every_ms;
        s->has_looked = true;
        s->failures = 0;
        s->good_ms = of_ms;
        s->due_ms = next > now_ms ? next : now_ms;
        if (!is_new || !s->hands_over)
                return;
        s->is_to_hand_over = true;
        s->hand_over_due_ms = now_ms;
}

void export_schedule_failed(struct export_schedule *s, int64_t now_ms)
{
        s->failures++;
        s->due_ms = now_ms + backoff(s, s->failures);
}

void export_schedule_distrust(struct export_schedule *s)
{
        s->has_looked = true;
}

void export_schedule_busy(struct export_schedule *s, int64_t now_ms)
{
        s->due_ms = now_ms + backoff(s, 1);
}

void export_schedule_handed_over(struct export_schedule *s, enum delivery what, bool was_killed, int64_t now_ms)
{
        const bool is_later = what == DELIVERY_AGAIN && !was_killed;
        s->is_to_hand_over = what != DELIVERY_ACCEPTED;
        s->hand_over_failures = what == DELIVERY_ACCEPTED ? 0 : s->hand_over_failures + 1;
        s->is_handing_hopeless = what != DELIVERY_ACCEPTED && !is_later;
        s->hand_over_due_ms = now_ms + (is_later ? backoff(s, s->hand_over_failures) : s->every_ms);
}

bool export_schedule_is_overdue(const struct export_schedule *s, int64_t now_ms)
{
        return s->every_ms && now_ms - s->good_ms > 2 * s->every_ms;
}

bool export_schedule_is_hand_over_failing(const struct export_schedule *s)
{
        return s->is_handing_hopeless || s->hand_over_failures >= EXPORT_HAND_OVER_MAX;
}

int64_t export_schedule_deadline(const struct export_schedule *s)
{
        return 2 * s->every_ms > DEADLINE_LEAST_MS ? 2 * s->every_ms : DEADLINE_LEAST_MS;
}

#include "broker/export_schedule.h"
#include "base/clock.h"
#include <criterion/criterion.h>

#define BEGIN 1000

static struct export_schedule begun(int64_t every_ms)
{
        struct export_schedule s;
        export_schedule_begin(&s, every_ms, true, BEGIN);
        return s;
}

static enum export_step step(const struct export_schedule *s, int64_t now_ms)
{
        int64_t at_ms;
        return export_schedule_next(s, now_ms, &at_ms);
}

static int64_t waits_until(const struct export_schedule *s, int64_t now_ms)
{
        int64_t at_ms;
        cr_assert_eq(export_schedule_next(s, now_ms, &at_ms), EXPORT_STEP_NONE);
        return at_ms;
}

Test(export_schedule, nothing_is_made_where_nothing_is_configured)
{
        const struct export_schedule s = begun(0);
        cr_expect_eq(waits_until(&s, BEGIN), INT64_MAX);
        cr_expect_not(export_schedule_is_overdue(&s, INT64_MAX));
}

Test(export_schedule, a_start_looks_first_and_goes_on_from_what_is_there)
{
        struct export_schedule s = begun(HOUR_MS);
        cr_expect_eq(step(&s, BEGIN), EXPORT_STEP_LOOK);
        s.hands_over = false;
        export_schedule_good(&s, BEGIN - 40 * MINUTE_MS, true, BEGIN);
        cr_expect_eq(waits_until(&s, BEGIN), BEGIN + 20 * MINUTE_MS);
        cr_expect_eq(step(&s, BEGIN + 20 * MINUTE_MS), EXPORT_STEP_MAKE);
        export_schedule_good(&s, BEGIN + 20 * MINUTE_MS, true, BEGIN + 25 * MINUTE_MS);
        cr_expect_eq(waits_until(&s, BEGIN + 25 * MINUTE_MS), BEGIN + 80 * MINUTE_MS, "however long it took");
}

Test(export_schedule, what_is_of_another_history_is_made_anew_at_once)
{
        struct export_schedule s = begun(HOUR_MS);
        export_schedule_distrust(&s);
        cr_expect_eq(step(&s, BEGIN), EXPORT_STEP_MAKE);
}

Test(export_schedule, failures_are_tried_again_ever_more_slowly_but_never_later_than_the_next)
{
        struct export_schedule s = begun(HOUR_MS);
        static const int64_t waits[] = {30, 60, 120, 240, 480, 960, 1920, 3600, 3600};
        for (size_t i = 0; i < COUNT_OF(waits); i++) {
                export_schedule_failed(&s, BEGIN);
                cr_expect_eq(waits_until(&s, BEGIN), BEGIN + waits[i] * SECOND_MS, "failure %zu", i);
        }
        cr_expect_eq(step(&s, BEGIN + HOUR_MS), EXPORT_STEP_LOOK, "what is there is still not known");
        export_schedule_good(&s, BEGIN, false, BEGIN);
        export_schedule_failed(&s, BEGIN);
        cr_expect_eq(waits_until(&s, BEGIN), BEGIN + EXPORT_RETRY_MS, "a good one in between begins anew");
        s = begun(SECOND_MS);
        export_schedule_failed(&s, BEGIN);
        cr_expect_eq(waits_until(&s, BEGIN), BEGIN + SECOND_MS);
}

Test(export_schedule, a_busy_folder_is_no_failure)
{
        struct export_schedule s = begun(HOUR_MS);
        export_schedule_busy(&s, BEGIN);
        export_schedule_busy(&s, BEGIN);
        cr_expect_eq(waits_until(&s, BEGIN), BEGIN + EXPORT_RETRY_MS);
        cr_expect_eq(s.failures, 0u);
}

Test(export_schedule, overdue_is_twice_as_long_as_there_should_be)
{
        struct export_schedule s = begun(HOUR_MS);
        cr_expect_not(export_schedule_is_overdue(&s, BEGIN + 2 * HOUR_MS));
        cr_expect(export_schedule_is_overdue(&s, BEGIN + 2 * HOUR_MS + 1), "none since the start");
        export_schedule_good(&s, BEGIN + HOUR_MS, false, BEGIN + HOUR_MS);
        cr_expect_not(export_schedule_is_overdue(&s, BEGIN + 3 * HOUR_MS));
        export_schedule_failed(&s, BEGIN + 3 * HOUR_MS);
        cr_expect(export_schedule_is_overdue(&s, BEGIN + 3 * HOUR_MS + 1));
}

/* ---- handing over ---- */

static struct export_schedule with_new(void)
{
        struct export_schedule s = begun(HOUR_MS);
        export_schedule_good(&s, BEGIN, true, BEGIN);
        return s;
}

Test(export_schedule, each_new_one_is_handed_over_until_it_is_accepted)
{
        struct export_schedule s = with_new();
        cr_expect_eq(step(&s, BEGIN), EXPORT_STEP_HAND_OVER);
        export_schedule_handed_over(&s, DELIVERY_AGAIN, false, BEGIN);
        cr_expect_eq(waits_until(&s, BEGIN), BEGIN + EXPORT_RETRY_MS);
        cr_expect_eq(step(&s, BEGIN + EXPORT_RETRY_MS), EXPORT_STEP_HAND_OVER);
        export_schedule_handed_over(&s, DELIVERY_AGAIN, false, BEGIN);
        cr_expect_eq(waits_until(&s, BEGIN), BEGIN + 2 * EXPORT_RETRY_MS);
        cr_expect_not(export_schedule_is_hand_over_failing(&s));
        export_schedule_handed_over(&s, DELIVERY_AGAIN, false, BEGIN);
        cr_expect(export_schedule_is_hand_over_failing(&s), "three in a row");
        export_schedule_handed_over(&s, DELIVERY_ACCEPTED, false, BEGIN);
        cr_expect_not(export_schedule_is_hand_over_failing(&s));
        cr_expect_eq(waits_until(&s, BEGIN), BEGIN + HOUR_MS);
        export_schedule_good(&s, BEGIN, false, BEGIN);
        cr_expect_eq(waits_until(&s, BEGIN), BEGIN + HOUR_MS, "the same one is not handed over twice");
}

Test(export_schedule, what_a_person_must_mend_is_trouble_at_once_and_tried_with_the_next)
{
        static const enum delivery hopeless[] = {DELIVERY_FAILED, DELIVERY_BLOCKED, DELIVERY_AGAIN};
        for (size_t i = 0; i < COUNT_OF(hopeless); i++) {
                struct export_schedule s = with_new();
                export_schedule_handed_over(&s, hopeless[i], hopeless[i] == DELIVERY_AGAIN, BEGIN);
                cr_expect(export_schedule_is_hand_over_failing(&s), "row %zu", i);
                cr_expect_eq(waits_until(&s, BEGIN), BEGIN + HOUR_MS, "row %zu", i);
                export_schedule_good(&s, BEGIN + HOUR_MS, true, BEGIN + HOUR_MS);
                cr_expect_eq(step(&s, BEGIN + HOUR_MS), EXPORT_STEP_HAND_OVER, "row %zu: the next one goes at once",
                             i);
        }
}

Test(export_schedule, an_export_comes_before_handing_one_over)
{
        struct export_schedule s = with_new();
        cr_expect_eq(step(&s, BEGIN + HOUR_MS), EXPORT_STEP_MAKE);
}

Test(export_schedule, an_export_may_take_as_long_as_two)
{
        struct export_schedule s = begun(HOUR_MS);
        cr_expect_eq(export_schedule_deadline(&s), 2 * HOUR_MS);
        s = begun(SECOND_MS);
        cr_expect_eq(export_schedule_deadline(&s), 10 * MINUTE_MS,
                     "but a small one is not killed for a busy machine");
}

#include "broker/timepiece.h"
#include <criterion/criterion.h>

struct fake {
        int64_t wall_ms, monotonic_ms;
};

static int64_t wall(void *context)
{
        return ((struct fake *)context)->wall_ms;
}

static int64_t monotonic(void *context)
{
        return ((struct fake *)context)->monotonic_ms;
}

Test(timepiece, never_goes_back)
{
        struct fake f = {1000000, 5};
        struct clock_source source = {wall, monotonic, &f};
        struct timepiece t;
        cr_assert_eq(timepiece_init(&t, &source, 900000, false), OK);
        cr_expect_eq(timepiece_now(&t), 1000000);
        timepiece_stamp(&t, 1000000);
        f.wall_ms = 700000;
        cr_expect_eq(timepiece_now(&t), 1000000);
        f.wall_ms = 1000001;
        cr_expect_eq(timepiece_now(&t), 1000001);
}

Test(timepiece, a_clock_ten_minutes_behind_the_log_must_be_accepted)
{
        struct fake f = {1000000, 5};
        struct clock_source source = {wall, monotonic, &f};
        struct timepiece t;
        cr_expect_eq(timepiece_init(&t, &source, 1000000 + CLOCK_BEHIND_MAX_MS, false), OK);
        cr_expect_eq(timepiece_init(&t, &source, 1000001 + CLOCK_BEHIND_MAX_MS, false), ERR_CLOCK);
        cr_expect_eq(timepiece_init(&t, &source, 1000001 + CLOCK_BEHIND_MAX_MS, true), OK);
}

Test(timepiece, an_accepted_clock_goes_on_from_the_last_line)
{
        struct fake f = {0, 5000};
        struct clock_source source = {wall, monotonic, &f};
        struct timepiece t;
        int64_t last = 100 * DAY_MS;
        cr_assert_eq(timepiece_init(&t, &source, last, true), OK);
        f.monotonic_ms = 5000 + 1234;
        cr_expect_eq(timepiece_now(&t), last + 1234);
        f.wall_ms = 200 * DAY_MS; /* somebody set it right */
        cr_expect_eq(timepiece_now(&t), 200 * DAY_MS);
}

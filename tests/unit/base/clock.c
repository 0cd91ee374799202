#include "base/clock.h"
#include <criterion/criterion.h>

static const struct {
        const char *text;
        int64_t ms;
} good[] = {{"1s", 1000},       {"30m", 30 * MINUTE_MS}, {"2h", 2 * HOUR_MS},      {"5d", 5 * DAY_MS},
            {"1w", 7 * DAY_MS}, {"90m", 90 * MINUTE_MS}, {"3650d", 3650 * DAY_MS}, {"315360000s", 3650 * DAY_MS}};

Test(clock, durations_are_a_number_and_a_unit)
{
        for (size_t i = 0; i < COUNT_OF(good); i++) {
                int64_t ms = 0;

                cr_assert_eq(duration_parse(good[i].text, &ms), OK, "%s", good[i].text);
                cr_assert_eq(ms, good[i].ms, "%s", good[i].text);
        }
}

Test(clock, other_spellings_of_a_duration_are_refused)
{
        const char *bad[] = {"",
                             "0s",
                             "05m",
                             "5",
                             "m",
                             "5 m",
                             "5min",
                             "-5m",
                             "+5m",
                             "5M",
                             "5mm",
                             "5m ",
                             "1.5h",
                             "315360001s",
                             "3651d",
                             "522w",
                             "99999999999999999999999s",
                             "9223372036854775807w"};
        int64_t ms = 42;

        for (size_t i = 0; i < COUNT_OF(bad); i++)
                cr_assert_eq(duration_parse(bad[i], &ms), ERR_RANGE, "%s", bad[i]);
        cr_assert_eq(duration_parse(NULL, &ms), ERR_RANGE);
        cr_assert_eq(ms, 42);
}

Test(clock, a_duration_is_written_in_its_largest_exact_unit)
{
        const struct {
                int64_t ms;
                const char *text;
        } rows[] = {{90 * MINUTE_MS, "90m"}, {HOUR_MS, "1h"},   {7 * DAY_MS, "1w"},
                    {1500, "1500ms"},        {0, "0s"},         {61000, "61s"},
                    {8 * DAY_MS, "8d"},      {-HOUR_MS, "-1h"}, {INT64_MIN, "-9223372036854775808ms"}};
        char text[DURATION_TEXT];

        for (size_t i = 0; i < COUNT_OF(rows); i++)
                cr_assert_str_eq(duration_format(rows[i].ms, text), rows[i].text);
}

Test(clock, people_read_rounded_durations)
{
        const struct {
                int64_t ms;
                const char *text;
        } rows[] = {{0, "0 s"},
                    {-1, "0 s"},
                    {40 * SECOND_MS, "40 s"},
                    {59499, "59 s"},
                    {59500, "1 min"},
                    {170 * SECOND_MS, "3 min"},
                    {3 * MINUTE_MS, "3 min"},
                    {60 * MINUTE_MS - 1, "1 h"},
                    {125 * MINUTE_MS, "2 h 5 min"},
                    {24 * HOUR_MS - 1, "1 d"},
                    {26 * HOUR_MS, "1 d 2 h"},
                    {-3 * MINUTE_MS, "-3 min"},
                    {INT64_MAX, "106751991167 d 7 h"},
                    {INT64_MIN, "-106751991167 d 7 h"}};
        char text[DURATION_TEXT];

        for (size_t i = 0; i < COUNT_OF(rows); i++)
                cr_assert_str_eq(duration_for_people(rows[i].ms, text), rows[i].text);
}

Test(clock, a_time_is_written_in_utc)
{
        char text[TIME_TEXT];

        cr_assert_str_eq(time_format(1795316645000, text), "2026-11-22T03:04:05Z");
        cr_assert_str_eq(time_format(1795316645999, text), "2026-11-22T03:04:05Z");
        cr_assert_str_eq(time_format(0, text), "1970-01-01T00:00:00Z");
        cr_assert_str_eq(time_format(-1, text), "1969-12-31T23:59:59Z");
        cr_assert_str_eq(time_format(9007199254740991, text), "287396-10-12T08:59:00Z");
        cr_assert_str_eq(time_format(INT64_MIN, text), text);
}

Test(clock, the_monotonic_clock_never_goes_back)
{
        int64_t before = clock_monotonic_ms();

        for (int i = 0; i < 1000; i++) {
                int64_t now = clock_monotonic_ms();

                cr_assert(now >= before);
                before = now;
        }
        cr_assert_gt(clock_now_ms(), INT64_C(1700000000000));
}

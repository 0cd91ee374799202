#include "base/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LONGEST_MS (10 * 365 * DAY_MS)

static const struct {
        char letter;
        int64_t ms;
} units[] = {{'w', 7 * DAY_MS}, {'d', DAY_MS}, {'h', HOUR_MS}, {'m', MINUTE_MS}, {'s', SECOND_MS}};

static int64_t now_of(clockid_t id)
{
        struct timespec t;

        if (clock_gettime(id, &t) != 0)
                abort();
        return (int64_t)t.tv_sec * SECOND_MS + t.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
        return now_of(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
        return now_of(CLOCK_MONOTONIC);
}

static int64_t unit_of(char letter)
{
        for (size_t i = 0; i < COUNT_OF(units); i++)
                if (units[i].letter == letter)
                        return units[i].ms;
        return 0;
}

enum err duration_parse(const char *text, int64_t *ret_ms)
{
        int64_t number = 0, unit;
        const char *p = text;

        if (!text || *text < '1' || *text > '9')
                return err_because(ERR_RANGE, "not a duration such as 30m or 2h");
        for (; *p >= '0' && *p <= '9'; p++) {
                number = number * 10 + (*p - '0');
                if (number > LONGEST_MS / SECOND_MS)
                        return err_because(ERR_RANGE, "a duration of more than 10 years");
        }
        unit = unit_of(*p);
        if (unit == 0 || p[1] != '\0')
                return err_because(ERR_RANGE, "not a duration such as 30m or 2h");
        if (number > LONGEST_MS / unit)
                return err_because(ERR_RANGE, "a duration of more than 10 years");
        *ret_ms = number * unit;
        return OK;
}

const char *duration_format(int64_t ms, char ret[DURATION_TEXT])
{
        for (size_t i = 0; ms != 0 && i < COUNT_OF(units); i++)
                if (ms % units[i].ms == 0) {
                        snprintf(ret, DURATION_TEXT, "%" PRId64 "%c", ms / units[i].ms, units[i].letter);
                        return ret;
                }
        snprintf(ret, DURATION_TEXT, ms == 0 ? "0s" : "%" PRId64 "ms", ms);
        return ret;
}

/* "2 h 5 min" of 125, the larger unit being 60 of the smaller; "2 h" of 120. */
static void format_pair(char *ret, size_t room, const char *sign, uint64_t n, uint64_t per, const char *large,
                        const char *small)
{
        if (n % per == 0)
                snprintf(ret, room, "%s%" PRIu64 " %s", sign, n / per, large);
        else
                snprintf(ret, room, "%s%" PRIu64 " %s %" PRIu64 " %s", sign, n / per, large, n % per, small);
}

static uint64_t rounded(uint64_t ms, int64_t unit)
{
        return ms / (uint64_t)unit + (ms % (uint64_t)unit >= (uint64_t)unit / 2 ? 1 : 0);
}

const char *duration_for_people(int64_t ms, char ret[DURATION_TEXT])
{
        const char *sign = ms < 0 ? "-" : "";
        uint64_t length = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
        uint64_t seconds = rounded(length, SECOND_MS), minutes = rounded(length, MINUTE_MS);

        if (seconds < 60)
                snprintf(ret, DURATION_TEXT, "%s%" PRIu64 " s", seconds ? sign : "", seconds);
        else if (minutes < 60)
                snprintf(ret, DURATION_TEXT, "%s%" PRIu64 " min", sign, minutes);
        else if (minutes < 24 * 60)
                format_pair(ret, DURATION_TEXT, sign, minutes, 60, "h", "min");
        else
                format_pair(ret, DURATION_TEXT, sign, rounded(length, HOUR_MS), 24, "d", "h");
        return ret;
}

const char *time_format(int64_t ms, char ret[TIME_TEXT])
{
        time_t seconds = (time_t)(ms >= 0 ? ms / SECOND_MS : -((-(ms + 1)) / SECOND_MS) - 1);
        struct tm t;

        if (!gmtime_r(&seconds, &t) || strftime(ret, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &t) == 0)
                snprintf(ret, TIME_TEXT, "%" PRId64 " ms", ms);
        return ret;
}

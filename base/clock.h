/* Time: milliseconds since 1970 UTC (`_ms`), durations as `[1-9][0-9]*[smhdw]`. */
#pragma once
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

int64_t clock_now_ms(void);       /* wall clock */
int64_t clock_monotonic_ms(void); /* never jumps; only differences mean anything */

/* "30m" → 1800000. Errors: ERR_RANGE (also above 10 years). */
MUST_CHECK enum err duration_parse(const char *text, int64_t *ret_ms);
#define DURATION_TEXT 32
/* Exact, in the largest fitting unit: "90m", "1h", "1500ms" when not whole seconds. */
const char *duration_format(int64_t ms, char ret[DURATION_TEXT]);
/* Rounded for people: "3 min", "2 h 5 min", "40 s". */
const char *duration_for_people(int64_t ms, char ret[DURATION_TEXT]);
#define TIME_TEXT 32
const char *time_format(int64_t ms, char ret[TIME_TEXT]); /* "2026-11-22T03:04:05Z" */

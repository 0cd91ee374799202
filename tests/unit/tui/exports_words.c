#include "tui/exports_words.h"
#include "base/clock.h"
#include <criterion/criterion.h>
#include <string.h>

#define NOW INT64_C(1795903200000)

static const struct {
        struct exports_word word;
        enum exports_standing standing;
        const char *says;
} rows[] = {
        {{0}, EXPORTS_DOUBTFUL, "makes none by itself"},
        {{.every_ms = HOUR_MS}, EXPORTS_DOUBTFUL, "none was good yet"},
        {{.every_ms = HOUR_MS, .is_failing = true}, EXPORTS_BAD, "IT FAILS"},
        {{.every_ms = HOUR_MS, .last_at_ms = NOW - HOUR_MS, .entries = 17}, EXPORTS_GOOD, "17 entries"},
        {{.every_ms = HOUR_MS, .last_at_ms = NOW - 2 * HOUR_MS, .entries = 17}, EXPORTS_GOOD, "one every 1h"},
        {{.every_ms = HOUR_MS, .last_at_ms = NOW - 3 * HOUR_MS, .entries = 17}, EXPORTS_BAD, "17 entries"},
        {{.every_ms = HOUR_MS, .last_at_ms = NOW, .entries = 17, .is_failing = true}, EXPORTS_BAD, "IT FAILS"},
        {{.every_ms = HOUR_MS, .last_at_ms = NOW + DAY_MS, .entries = 17}, EXPORTS_BAD, "17 entries"},
};

Test(exports_words, an_old_a_failing_or_an_impossible_word_is_no_good_one)
{
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE;
                cr_expect_eq(exports_describe(&rows[i].word, NOW, &text), rows[i].standing, "row %zu: %s", i,
                             bytes_text(&text));
                cr_expect(strstr(bytes_text(&text), rows[i].says), "row %zu: %s", i, bytes_text(&text));
        }
}

static enum err read_text(const char *text)
{
        struct exports_word w;
        return exports_read(span_text(text), &w);
}

Test(exports_words, only_the_api_s_own_shape_is_read)
{
        cr_expect_eq(read_text("{\"every\":0,\"is_failing\":false}"), OK);
        cr_expect_eq(read_text("{\"every\":1,\"is_failing\":false,\"last_at\":5,\"entries\":1}"), OK);
        static const char *const bad[] = {
                "",
                "[]",
                "{}",
                "{\"every\":0}",
                "{\"every\":-1,\"is_failing\":false}",
                "{\"every\":1,\"is_failing\":false,\"last_at\":5}",
                "{\"every\":1,\"is_failing\":false,\"more\":5}",
        };
        for (size_t i = 0; i < COUNT_OF(bad); i++)
                cr_expect_eq(read_text(bad[i]), ERR_LYING_BROKER, "%s", bad[i]);
}

#include "base/bytes.h"
#include <criterion/criterion.h>
#include <string.h>

Test(utf8, code_points_are_counted)
{
        size_t n = 99;

        cr_assert(utf8_valid(span_text("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\xA5"), &n));
        cr_assert_eq(n, 4);
        cr_assert(utf8_valid(span_text(""), &n));
        cr_assert_eq(n, 0);
}

Test(utf8, what_is_not_well_formed_is_refused)
{
        const char *bad[] = {"\x80",
                             "\xC3",
                             "\xC3(",
                             "\xC0\x80",
                             "\xC1\xBF",
                             "\xE0\x80\x80",
                             "\xE0\x9F\xBF",
                             "\xED\xA0\x80",
                             "\xED\xBF\xBF",
                             "\xF0\x80\x80\x80",
                             "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80",
                             "\xF8\x88\x80\x80",
                             "\xFE",
                             "\xFF",
                             "ok\xE2\x82"};
        size_t n;

        for (size_t i = 0; i < COUNT_OF(bad); i++)
                cr_assert_not(utf8_valid(span_text(bad[i]), &n), "row %zu", i);
        cr_assert_not(utf8_valid(span_of("a\0b", 3), &n));
}

Test(utf8, no_byte_behind_the_text_is_read)
{
        const char whole[] = "\xF0\x9F\x94\xA5\xE2\x82\xAC\xC3\xA9";

        for (size_t n = 0; n < sizeof(whole); n++) {
                CLEANUP_FREE char *exact = malloc(n ? n : 1);
                CLEANUP_BYTES struct bytes b = BYTES_NONE;
                size_t points;

                memcpy(exact, whole, n);
                cr_assert_eq(utf8_valid(span_of(exact, n), &points), n == 0 || n == 4 || n == 7 || n == 9, "%zu", n);
                text_escape(span_of(exact, n), &b);
        }
}

static const struct {
        const char *name, *raw, *shown;
} escapes[] = {
        {"plain", "caf\xC3\xA9 \\o/ \xF0\x9F\x94\xA5", "caf\xC3\xA9 \\o/ \xF0\x9F\x94\xA5"},
        {"line ends", "a\nb\rc\td", "a\\nb\\rc\\td"},
        {"escape", "\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f"},
        {"C1", "\xC2\x9B", "\\u{9b}"},
        {"override", "\xE2\x80\xAE", "\\u{202e}"},
        {"isolates", "\xE2\x81\xA6\xE2\x81\xA9", "\\u{2066}\\u{2069}"},
        {"Arabic mark", "\xD8\x9C", "\\u{61c}"},
        {"zero width", "\xE2\x80\x8B\xE2\x80\x8D\xEF\xBB\xBF", "\\u{200b}\\u{200d}\\u{feff}"},
        {"separators", "\xE2\x80\xA8\xE2\x80\xA9", "\\u{2028}\\u{2029}"},
        {"soft hyphen", "\xC2\xAD", "\\u{ad}"},
        {"Hangul filler", "\xE3\x85\xA4", "\\u{3164}"},
        {"tag", "\xF3\xA0\x81\x81", "\\u{e0041}"},
        {"invalid", "a\xFFz\xC3", "a\\xffz\\xc3"},
        {"surrogate", "\xED\xA0\x80", "\\xed\\xa0\\x80"},
};

Test(utf8, what_could_fool_a_person_is_shown)
{
        for (size_t i = 0; i < COUNT_OF(escapes); i++) {
                CLEANUP_BYTES struct bytes b = BYTES_NONE;

                text_escape(span_text(escapes[i].raw), &b);
                cr_assert_str_eq(bytes_text(&b), escapes[i].shown, "%s", escapes[i].name);
        }
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        text_escape(span_of("a\0b", 3), &b);
        cr_assert_str_eq(bytes_text(&b), "a\\x00b");
}

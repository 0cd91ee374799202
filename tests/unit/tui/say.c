#include "tui/say.h"
#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

static void columns(void)
{
        setlocale(LC_CTYPE, "C.UTF-8");
}

TestSuite(say, .init = columns);

static const char *wrapped(const char *text, unsigned column, unsigned indent, unsigned width)
{
        static struct bytes room;

        bytes_clear(&room);
        wrap_text(span_text(text), column, indent, width, &room);
        return bytes_text(&room);
}

Test(say, lines_break_at_blanks_within_the_width)
{
        cr_assert_str_eq(wrapped("one two three four", 0, 0, 9), "one two\nthree\nfour\n");
        cr_assert_str_eq(wrapped("one two three", 4, 4, 12), "one two\n    three\n");
        cr_assert_str_eq(wrapped("", 0, 0, 9), "\n");
        cr_assert_str_eq(wrapped("a  b", 0, 0, 9), "a b\n");
}

Test(say, a_word_longer_than_a_line_is_cut_and_nothing_lost)
{
        cr_assert_str_eq(wrapped("abcdefghijkl", 0, 2, 5), "abcde\n  fgh\n  ijk\n  l\n");
        cr_assert_str_eq(wrapped("x abcdefgh", 0, 2, 6), "x\n  abcd\n  efgh\n");
}

Test(say, characters_that_deceive_are_shown_escaped)
{
        static const struct {
                const char *evil, *shown;
        } rows[] = {
                {"a\nreason b", "a\\nreason b\n"},
                {"a\rb", "a\\rb\n"},
                {"\x1b[2J", "\\x1b[2J\n"},
                {"a\xe2\x80\xae"
                 "b",
                 "a\\u{202e}b\n"},
                {"a\xe2\x80\x8b"
                 "b",
                 "a\\u{200b}b\n"},
        };

        for (size_t i = 0; i < COUNT_OF(rows); i++)
                cr_assert_str_eq(wrapped(rows[i].evil, 0, 0, 70), rows[i].shown, "row %zu: %s", i,
                                 wrapped(rows[i].evil, 0, 0, 70));
}

Test(say, a_pile_of_combining_marks_does_not_hide_what_is_below)
{
        char text[2002] = "a";

        for (size_t i = 0; i < 1000; i++)
                memcpy(text + 1 + 2 * i, "\xcc\x81", 2);
        text[2001] = '\0';
        const char *shown = wrapped(text, 0, 0, 40);

        cr_assert(strstr(shown, "\\u{301}"));
        for (const char *line = shown; *line; line = strchr(line, '\n') + 1)
                cr_assert_leq(strcspn(line, "\n"), 40 + 6);
        cr_assert_str_eq(wrapped("e\xcc\x81", 0, 0, 40), "e\xcc\x81\n");
}

Test(say, wide_characters_count_two_columns)
{
        cr_assert_str_eq(wrapped("\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 0, 0, 4),
                         "\xe6\xbc\xa2\xe5\xad\x97\n\xe6\xbc\xa2\n");
}

Test(say, moments_are_told_as_time_and_distance)
{
        char text[WHEN_TEXT];
        int64_t now = INT64_C(1790000000000); /* 2026-09-21 14:13:20 UTC */

        cr_assert_str_eq(when(0, now, text), "never");
        cr_assert_str_eq(when(now + 30 * MINUTE_MS, now, text), "14:43:20 UTC (in 30 min)");
        cr_assert_str_eq(when(now - 5 * MINUTE_MS, now, text), "14:08:20 UTC (5 min ago)");
        cr_assert(strstr(when(now - 2 * DAY_MS, now, text), "2026-09-19 14:13 UTC ("));
}

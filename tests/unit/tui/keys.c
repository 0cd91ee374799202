#include "tui/keys.h"
#include "tui/canvas.h"
#include "tui/input.h"
#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

static void feed(const char *bytes, struct bytes *ret)
{
        struct key_reader r = {0};
        struct key_press k;
        char name[KEY_NAME];

        for (; *bytes; bytes++)
                if (key_feed(&r, (unsigned char)*bytes, &k))
                        bytes_printf(ret, "%s ", k.code == K_CHAR && k.point > 0x7F ? "wide" : key_name(k, name));
        while (key_give_up(&r, &k))
                bytes_printf(ret, "%s ", key_name(k, name));
}

Test(keys, bytes_become_keys)
{
        static const struct {
                const char *bytes, *keys;
        } cases[] = {
                {"jk", "j k "},
                {"\x1b[A\x1bOB", "Up Down "},
                {"\x1b", "Esc "},
                {"\x1b\x1b[A", "Esc Up "},
                {"\x1b[5~\x1b[6~\x1b[3~", "PgUp PgDn Del "},
                {"\r\n\t\x7f", "Enter Enter Tab Bksp "},
                {"\x0c\x1a", "^L ^Z "},
                {"\xc3\xa4", "wide "},
                {"\xe6\xbc\xa2", "wide "},
                {"\x1b[<35;1;1M", " "}, /* a mouse that nobody asked for */
                {"\x1b[31m", " "},      /* an answer of the terminal */
                {"\xff\xfe", " "},
                {"\xc2\x9b", " "}, /* C1 */
        };

        for (size_t i = 0; i < COUNT_OF(cases); i++) {
                CLEANUP_BYTES struct bytes keys = BYTES_NONE;

                feed(cases[i].bytes, &keys);
                cr_expect_str_eq(bytes_text(&keys), cases[i].keys, "row %zu: %s", i, bytes_text(&keys));
        }
}

Test(keys, an_endless_sequence_is_given_up)
{
        struct key_reader r = {0};
        struct key_press k;
        unsigned n = 0;

        key_feed(&r, 0x1b, &k);
        key_feed(&r, '[', &k);
        for (unsigned i = 0; i < 1000; i++)
                n += key_feed(&r, '1', &k);
        cr_assert_gt(n, 0);
}

Test(input, a_line_is_edited)
{
        struct input in = {0};
        static const struct key_press keys[] = {
                {K_CHAR, 'a'}, {K_CHAR, 0xE4},   {K_CHAR, ' '}, {K_CHAR, 'b'},
                {K_LEFT, 0},   {K_BACKSPACE, 0}, {K_CHAR, '-'},
        };

        for (size_t i = 0; i < COUNT_OF(keys); i++)
                cr_assert(input_take(&in, keys[i]));
        cr_assert_str_eq(in.text, "a\xc3\xa4-b");
        input_take(&in, (struct key_press){K_CTRL, 'u'});
        cr_assert_str_eq(in.text, "b");
        for (unsigned i = 0; i < 5000; i++)
                input_take(&in, (struct key_press){K_CHAR, 0x1F600});
        cr_assert_lt(in.n, INPUT_BYTES);
}

Test(canvas, text_stays_in_its_width)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct canvas c;

        setlocale(LC_CTYPE, "C.UTF-8");
        canvas_init(&c, 3, 12);
        cr_assert_eq(canvas_put(&c, 0, 2, 8, ROLE_PLAIN, "\xe6\xbc\xa2\xe5\xad\x97 and more"), 8);
        cr_assert_eq(canvas_put(&c, 1, 0, 12, ROLE_PLAIN, "a\nb\x1b[1m"), 11);
        cr_assert_eq(canvas_put(&c, 9, 0, 12, ROLE_PLAIN, "outside"), 0);
        canvas_put(&c, 2, 8, 99, ROLE_PLAIN, "too long");
        canvas_text(&c, &text);
        canvas_done(&c);
        cr_assert_str_eq(bytes_text(&text), "  \xe6\xbc\xa2\xe5\xad\x97 a..\na\\nb\\x1b[1m\n        to..\n", "%s",
                         bytes_text(&text));
}

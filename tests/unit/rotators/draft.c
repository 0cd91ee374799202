#include "rotators/hooks/draft.h"
#include <criterion/criterion.h>
#include <string.h>

Test(draft, every_form_is_written)
{
        CLEANUP_DRAFT struct draft d = {0};
        draft_add_json(&d, span_text("a\"b\\c\n\x7f\xc3\xbc"));
        draft_add_text(&d, "|");
        draft_add_url(&d, span_text("a b/c~d\xc3\xbc&="));
        draft_add_text(&d, "|");
        draft_add_base64(&d, span_text("hunter2"));
        cr_assert_eq(d.error, OK);
        cr_expect_str_eq(draft_text(&d),
                         "\"a\\\"b\\\\c\\u000a\\u007f\xc3\xbc\"|a%20b%2Fc~d%C3%BC%26%3D|aHVudGVyMg==");
        cr_expect_eq(d.n, strlen(draft_text(&d)));
}

Test(draft, it_grows)
{
        CLEANUP_DRAFT struct draft d = {0};
        for (int i = 0; i < 10000; i++)
                draft_add_text(&d, "abc");
        cr_expect_eq(d.n, 30000);
        cr_expect_str_eq(draft_text(&d) + 29997, "abc");
}

Test(draft, json_wants_utf8_and_the_error_sticks)
{
        CLEANUP_DRAFT struct draft d = {0};
        draft_add_json(&d, span_text("\xff"));
        draft_add_text(&d, "x");
        cr_expect_eq(d.error, ERR_RANGE);
}

Test(draft, empty_is_a_text_too)
{
        CLEANUP_DRAFT struct draft d = {0};
        cr_expect_str_eq(draft_text(&d), "");
        draft_add_base64(&d, span_of("", 0));
        cr_expect_str_eq(draft_text(&d), "");
}

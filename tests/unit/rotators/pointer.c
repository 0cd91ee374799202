#include "rotators/hooks/pointer.h"
#include <criterion/criterion.h>
#include <string.h>

#define GOOD                                                                                                         \
        "{\"a\": {\"b\": [1, \"zwei\", {\"c/d\": \"x\\u00fc\\n\\\"\\ud83d\\ude00\"}], \"k\\\"\": 1}, \"m~n\": "      \
        "null, "                                                                                                     \
        "\"\": true}"

/* An exact-size copy, so that reading one byte too far is a fault. */
static enum err text_at(const char *json, size_t n, const char *pointer, struct secret *ret)
{
        unsigned char *copy = malloc(n ? n : 1);
        memcpy(copy, json, n);
        enum err e = pointer_text(span_of(copy, n), pointer, ret);
        free(copy);
        return e;
}

Test(pointer, every_place_is_found)
{
        static const struct {
                const char *pointer, *text; /* NULL: not there */
        } rows[] = {
                {"/a/b/0", "1"},   {"/a/b/1", "zwei"}, {"/a/b/2/c~1d", "x\xc3\xbc\n\"\xf0\x9f\x98\x80"},
                {"/m~0n", "null"}, {"/", "true"},      {"/a/b/3", NULL},
                {"/a/b/x", NULL},  {"/a", NULL},       {"", NULL},
                {"/none", NULL},   {"a", NULL},        {"/m~2n", NULL},
                {"/a/k\"", NULL},  {"/a/b/0/c", NULL}, {"/a/b/00000000000000000001", NULL},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_SECRET struct secret text = SECRET_NONE;
                enum err e = text_at(GOOD, strlen(GOOD), rows[i].pointer, &text);
                cr_expect_eq(e, rows[i].text ? OK : ERR_NO_ENTRY, "%s", rows[i].pointer);
                if (e == OK && rows[i].text)
                        cr_expect_str_eq((const char *)text.bytes, rows[i].text, "%s", rows[i].pointer);
        }
}

Test(pointer, every_prefix_is_refused)
{
        for (size_t n = 0; n < strlen(GOOD); n++) {
                CLEANUP_SECRET struct secret text = SECRET_NONE;
                cr_expect_neq(text_at(GOOD, n, "/a/b/0", &text), OK, "%zu bytes", n);
        }
}

Test(pointer, malformed_texts_are_refused)
{
        static const char *const bad[] = {"\"\\ud83d\"", "\"\\ude00\"", "\"\\u00\"",         "\"\\u0000\"",
                                          "\"\\x\"",     "\"\xff\"",    "\"\\ud83d\\u0041\""};
        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                CLEANUP_SECRET struct secret text = SECRET_NONE;
                cr_expect_eq(text_at(bad[i], strlen(bad[i]), "", &text), ERR_BAD_STATEMENT, "%s", bad[i]);
        }
}

Test(pointer, texts_are_compared_whole)
{
        cr_expect(pointer_is(span_text("[\"ab\"]"), "/0", span_text("ab")));
        cr_expect_not(pointer_is(span_text("[\"ab\"]"), "/0", span_text("a")));
        cr_expect_not(pointer_is(span_text("[\"ab\"]"), "/1", span_text("")));
        cr_expect(pointer_is(span_text("[\"\"]"), "/0", span_text("")));
}

Test(pointer, nesting_has_an_end)
{
        char deep[2 * SCAN_DEPTH_MAX + 10];
        memset(deep, '[', sizeof deep);
        struct span found;
        cr_expect_not(pointer_find(span_of(deep, sizeof deep), "", &found));
}

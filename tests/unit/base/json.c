#include "base/json.h"
#include <criterion/criterion.h>
#include <string.h>

static json_t *read_ok(const char *text)
{
        json_t *value = NULL;

        cr_assert_eq(json_read(span_text(text), 8, &value), OK, "%s: %s", text, err_reason());
        return value;
}

static enum err read_only(struct span text, unsigned depth)
{
        CLEANUP_JSON json_t *value = NULL;

        return json_read(text, depth, &value);
}

Test(json, good_text_is_read)
{
        const char *good[] = {"{}",
                              "[]",
                              " {\"a\":1}\n",
                              "{\"a\":9007199254740991}",
                              "[[[[[[[[]]]]]]]]",
                              "{\"a\":\"\\ud83d\\udd25 - [[[[[[[[[ \\\" {\"}",
                              "[true,false,null,0]",
                              "{\"a\\\\\":[1]}",
                              "[\"\\\"-\"]"};

        for (size_t i = 0; i < COUNT_OF(good); i++)
                cr_assert_eq(read_only(span_text(good[i]), 8), OK, "%s: %s", good[i], err_reason());
}

Test(json, everything_else_is_refused)
{
        const char *bad[] = {"",
                             "null",
                             "1",
                             "\"text\"",
                             "{} x",
                             "{}{}",
                             "{\"a\":1,\"a\":2}",
                             "{\"a\":1,\"\\u0061\":2}",
                             "{\"b\":{\"a\":1,\"a\":1}}",
                             "[1.0]",
                             "[1e3]",
                             "[-1]",
                             "[-0]",
                             "[9007199254740992]",
                             "[18446744073709551616]",
                             "[01]",
                             "[\"\\u0000\"]",
                             "{\"\\u0000\":1}",
                             "[\"\\ud83d\"]",
                             "[\"\\udd25\"]",
                             "[\"\xFF\"]",
                             "[\"\xED\xA0\x80\"]",
                             "[\"a\nb\"]",
                             "[1,]",
                             "{\"a\":NaN}",
                             "// x\n[]",
                             "\xEF\xBB\xBF[]",
                             "[[[[[[[[[]]]]]]]]]",
                             "[{\"a\":[{\"a\":[{\"a\":[{\"a\":[]}]}]}]}]"};

        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                cr_assert_eq(read_only(span_text(bad[i]), 8), ERR_BAD_STATEMENT, "%s", bad[i]);
                cr_assert_neq(err_reason()[0], '\0', "%s", bad[i]);
        }
        cr_assert_eq(read_only(span_of("[]\0", 3), 8), ERR_BAD_STATEMENT);
        cr_assert_eq(read_only(span_of("[\"a\0b\"]", 7), 8), ERR_BAD_STATEMENT);
        cr_assert_eq(read_only(span_text(NULL), 8), ERR_BAD_STATEMENT);
}

Test(json, a_million_brackets_cost_one_pass)
{
        const size_t n = 1000000;
        CLEANUP_FREE char *text = mem_new(n, 1);

        memset(text, '[', n);
        cr_assert_eq(read_only(span_of(text, n), 8), ERR_BAD_STATEMENT);
        cr_assert_str_eq(err_reason(), "nested deeper than 8");
}

Test(json, no_prefix_of_a_good_text_is_good_or_read_beyond)
{
        const char whole[] = "{\"v\":1,\"text\":\"a\\\\\\u00e9\xC3\xA9\",\"list\":[1,{\"b\":true}],\"n\":null}";

        for (size_t n = 0; n < sizeof(whole) - 1; n++) {
                CLEANUP_FREE char *exact = malloc(n ? n : 1);

                memcpy(exact, whole, n);
                cr_assert_eq(read_only(span_of(exact, n), 8), ERR_BAD_STATEMENT, "%zu", n);
        }
        cr_assert_eq(read_only(span_text(whole), 8), OK);
}

Test(json, fields_are_taken_by_kind)
{
        CLEANUP_JSON json_t *value = read_ok(
                "{\"t\":\"\xC3\xA9\",\"i\":7,\"b\":true,\"h\":\"00ff\",\"l\":[1,2],\"o\":{\"x\":1},\"n\":null,"
                "\"id\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}");
        struct hash abc = hash_of(span_text("abc")), id;
        unsigned char hex[2];
        struct json_fields f;

        json_fields_begin(&f, value);
        cr_assert(json_has(&f, "t") && !json_has(&f, "u"));
        cr_assert_str_eq(json_take_text(&f, "t", 1, 1), "\xC3\xA9"); /* one code point, two bytes */
        cr_assert_eq(json_take_int(&f, "i", 7, 7), 7);
        cr_assert(json_take_bool(&f, "b"));
        json_take_hex(&f, "h", hex, 2);
        cr_assert_arr_eq(hex, "\x00\xff", 2);
        json_take_hash(&f, "id", &id);
        cr_assert(hash_equal(&id, &abc));
        cr_assert_eq(json_array_size(json_take_list(&f, "l", 2, 2)), 2);
        cr_assert_not_null(json_take_object(&f, "o"));
        cr_assert(json_is_null(json_take_any(&f, "n")));
        cr_assert_null(json_take_any(&f, "absent"));
        cr_assert_null(json_take_text_if(&f, "absent", 1, 9));
        cr_assert_eq(json_fields_end(&f), OK);
}

Test(json, an_untaken_key_is_unknown_and_named)
{
        CLEANUP_JSON json_t *value = read_ok("{\"a\":1,\"b\":2}");
        struct json_fields f;

        json_fields_begin(&f, value);
        json_take_int(&f, "a", 0, 9);
        json_take_int(&f, "a", 0, 9); /* twice must not make up for the other */
        cr_assert_eq(json_fields_end(&f), ERR_BAD_STATEMENT);
        cr_assert_str_eq(err_reason(), "`b`: unknown key");
}

Test(json, the_first_error_sticks)
{
        CLEANUP_JSON json_t *value = read_ok("{\"a\":\"x\",\"b\":\"y\"}");
        struct json_fields f;

        json_fields_begin(&f, value);
        cr_assert_eq(json_take_int(&f, "a", 0, 9), 0);
        cr_assert_null(json_take_text(&f, "b", 1, 9)); /* good, but too late */
        cr_assert_null(json_take_text(&f, "missing", 1, 9));
        json_fail(&f, "later");
        cr_assert_eq(json_fields_end(&f), ERR_BAD_STATEMENT);
        cr_assert_str_eq(err_reason(), "`a`: an integer was expected");
}

enum taking { TEXT, TEXT_IF, INT, BOOL, HEX, HASH, LIST, OBJECT };

static enum err take(json_t *object, enum taking kind)
{
        struct json_fields f;
        unsigned char hex[2] = {1, 2};
        struct hash h = {{1}};

        json_fields_begin(&f, object);
        switch (kind) {
        case TEXT: cr_assert_null(json_take_text(&f, "k", 2, 3)); break;
        case TEXT_IF: cr_assert_null(json_take_text_if(&f, "k", 2, 3)); break;
        case INT: cr_assert_eq(json_take_int(&f, "k", 5, 6), 0); break;
        case BOOL: cr_assert_not(json_take_bool(&f, "k")); break;
        case HEX:
                json_take_hex(&f, "k", hex, 2);
                cr_assert(hex[0] == 0 && hex[1] == 0);
                break;
        case HASH:
                json_take_hash(&f, "k", &h);
                cr_assert(hash_is_zero(&h));
                break;
        case LIST: cr_assert_null(json_take_list(&f, "k", 1, 2)); break;
        case OBJECT: cr_assert_null(json_take_object(&f, "k")); break;
        }
        return json_fields_end(&f);
}

Test(json, values_of_other_kind_or_size_are_refused)
{
        const struct {
                enum taking kind;
                const char *text;
        } rows[] = {{TEXT, "{}"},
                    {TEXT, "{\"k\":null}"},
                    {TEXT, "{\"k\":\"x\"}"},
                    {TEXT, "{\"k\":\"xxxx\"}"},
                    {TEXT, "{\"k\":\"\xC3\xA9\"}"},
                    {TEXT_IF, "{\"k\":7}"},
                    {TEXT_IF, "{\"k\":null}"},
                    {TEXT_IF, "{\"k\":\"xxxx\"}"},
                    {INT, "{}"},
                    {INT, "{\"k\":\"5\"}"},
                    {INT, "{\"k\":true}"},
                    {INT, "{\"k\":4}"},
                    {INT, "{\"k\":7}"},
                    {BOOL, "{}"},
                    {BOOL, "{\"k\":1}"},
                    {BOOL, "{\"k\":\"true\"}"},
                    {HEX, "{\"k\":\"00\"}"},
                    {HEX, "{\"k\":\"00FF\"}"},
                    {HEX, "{\"k\":\"0x00\"}"},
                    {HEX, "{}"},
                    {HASH, "{\"k\":\"00ff\"}"},
                    {HASH, "{\"k\":[]}"},
                    {LIST, "{\"k\":[]}"},
                    {LIST, "{\"k\":[1,2,3]}"},
                    {LIST, "{\"k\":{}}"},
                    {LIST, "{}"},
                    {OBJECT, "{\"k\":[]}"},
                    {OBJECT, "{}"},
                    {OBJECT, "[]"}};

        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_JSON json_t *value = read_ok(rows[i].text);

                cr_assert_eq(take(value, rows[i].kind), ERR_BAD_STATEMENT, "row %zu: %s", i, rows[i].text);
                cr_assert_neq(err_reason()[0], '\0');
        }
        cr_assert_eq(take(NULL, INT), ERR_BAD_STATEMENT);
}

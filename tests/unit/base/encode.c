#include "base/bytes.h"
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

Test(encode, hex_goes_out_and_back)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        unsigned char back[4];

        bytes_add_hex(&b, "\x00\x9f\xA5\xff", 4);
        cr_assert_str_eq(bytes_text(&b), "009fa5ff");
        cr_assert_eq(hex_decode(bytes_span(&b), back, 4), OK);
        cr_assert_arr_eq(back, "\x00\x9f\xA5\xff", 4);
}

Test(encode, refused_hex_leaves_the_output_alone)
{
        const char *bad[] = {"00g0", "000", "00", "0000ff", "00FF", " 000", "00\n0"};
        unsigned char out[2] = {7, 8};

        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                cr_assert_eq(hex_decode(span_text(bad[i]), out, 2), ERR_RANGE, "%s", bad[i]);
                cr_assert(out[0] == 7 && out[1] == 8, "%s", bad[i]);
        }
}

/* RFC 4648, section 10. */
static const struct {
        const char *plain, *coded;
} rfc4648[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"},
               {"\xfb\xff\xfe", "+//+"}};

Test(encode, base64_is_the_standard_one)
{
        for (size_t i = 0; i < COUNT_OF(rfc4648); i++) {
                CLEANUP_BYTES struct bytes coded = BYTES_NONE, plain = BYTES_NONE;

                bytes_add_base64(&coded, span_text(rfc4648[i].plain));
                cr_assert_str_eq(bytes_text(&coded), rfc4648[i].coded);
                cr_assert_eq(base64_decode(bytes_span(&coded), &plain), OK, "%s", rfc4648[i].coded);
                cr_assert_str_eq(bytes_text(&plain), rfc4648[i].plain);
        }
}

Test(encode, base64_of_every_length_and_byte_comes_back)
{
        unsigned char all[300];

        for (size_t i = 0; i < sizeof(all); i++)
                all[i] = (unsigned char)(i * 7);
        for (size_t n = 0; n <= sizeof(all); n++) {
                CLEANUP_BYTES struct bytes coded = BYTES_NONE, plain = BYTES_NONE;

                bytes_add_base64(&coded, span_of(all, n));
                cr_assert_eq(base64_decode(bytes_span(&coded), &plain), OK);
                cr_assert(span_equal(bytes_span(&plain), span_of(all, n)), "%zu bytes", n);
        }
}

Test(encode, base64_that_is_not_canonical_is_refused)
{
        const char *bad[] = {
                "Zg",   "Zg=",  "Zh==",     "Zm9=",  "Zg==\n", "Zg===", "=",        "====", "Z===",
                "Z=g=", "Zm=v", "Zg==Zg==", "Zm9v=", "Zm 9v",  "Zm-_",  "Zm9v====", "Zg=A", "Zm\xC3\xA9"};

        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                CLEANUP_BYTES struct bytes b = BYTES_NONE;

                bytes_add_text(&b, "kept");
                cr_assert_eq(base64_decode(span_text(bad[i]), &b), ERR_RANGE, "%s", bad[i]);
                cr_assert_str_eq(bytes_text(&b), "kept", "%s", bad[i]);
        }
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        cr_assert_eq(base64_decode(span_of("Zm\0v", 4), &b), ERR_RANGE);
}

Test(encode, base64_reads_no_byte_behind_its_input)
{
        const char whole[] = "Zm9vYmFyZm9vYmE=";

        for (size_t n = 0; n < sizeof(whole); n++) {
                CLEANUP_FREE char *exact = malloc(n ? n : 1);
                CLEANUP_BYTES struct bytes b = BYTES_NONE;

                memcpy(exact, whole, n);
                cr_assert_eq(base64_decode(span_of(exact, n), &b) == OK, n % 4 == 0, "%zu", n);
        }
}

static const struct {
        const char *utf8, *json;
} strings[] = {
        {"plain ~ text/", "\"plain ~ text/\""},
        {"\"\\", "\"\\\"\\\\\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x1b\x7f", "\"\\u0001\\u001b\\u007f\""},
        {"\xC3\xA9\xE2\x80\xAE", "\"\\u00e9\\u202e\""},
        {"\xF0\x9F\x94\xA5", "\"\\ud83d\\udd25\""},
        {"\xF4\x8F\xBF\xBF", "\"\\udbff\\udfff\""},
        {"a\xFFz", "\"a\\ufffdz\""},
        {"", "\"\""},
};

Test(encode, a_json_string_is_printable_ascii)
{
        for (size_t i = 0; i < COUNT_OF(strings); i++) {
                CLEANUP_BYTES struct bytes b = BYTES_NONE;

                bytes_add_json(&b, span_text(strings[i].utf8));
                cr_assert_str_eq(bytes_text(&b), strings[i].json);
        }
}

Test(encode, jansson_reads_our_json_strings_back)
{
        for (size_t i = 0; i + 2 < COUNT_OF(strings); i++) {
                CLEANUP_BYTES struct bytes b = BYTES_NONE;

                bytes_add_json(&b, span_text(strings[i].utf8));
                json_t *value = json_loadb((char *)b.p, b.n, JSON_DECODE_ANY, NULL);
                cr_assert_str_eq(json_string_value(value), strings[i].utf8);
                json_decref(value);
        }
        CLEANUP_BYTES struct bytes b = BYTES_NONE;
        bytes_add_json(&b, span_of("a\0b", 3));
        cr_assert_str_eq(bytes_text(&b), "\"a\\u0000b\"");
}

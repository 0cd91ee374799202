#include "base/secret.h"
#include <criterion/criterion.h>
#include <string.h>

Test(secret_hex, every_byte_survives_text_and_back)
{
        unsigned char all[256], back[256], text[512];
        char expected[3];
        for (unsigned i = 0; i < 256; i++)
                all[i] = (unsigned char)i;
        secret_hex_encode(all, sizeof all, text);
        for (unsigned i = 0; i < 256; i++) {
                snprintf(expected, sizeof expected, "%02x", i);
                cr_expect_arr_eq(text + (size_t)2 * i, expected, 2);
        }
        cr_assert_eq(secret_hex_decode(text, back, sizeof back), OK);
        cr_expect_arr_eq(all, back, sizeof all);
}

Test(secret_hex, only_lower_case_digits_are_digits)
{
        for (unsigned c = 0; c < 256; c++)
                for (unsigned at = 0; at < 4; at++) {
                        unsigned char text[4] = {'0', '9', 'a', 'f'}, back[2];
                        bool is_digit = c > 0 && c < 128 && strchr("0123456789abcdef", (int)c);
                        text[at] = (unsigned char)c;
                        cr_expect_eq(secret_hex_decode(text, back, 2), is_digit ? OK : ERR_RANGE, "%u", c);
                }
}

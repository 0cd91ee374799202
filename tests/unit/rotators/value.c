#include "rotators/value.h"
#include <criterion/criterion.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

Test(value, rules_that_can_be_guessed_or_make_no_sense_are_refused)
{
        static const struct {
                unsigned length;
                const char *alphabet;
                enum err e;
        } rows[] = {
                {32, LETTERS, OK},       {64, "01", OK},
                {63, "01", ERR_CONFIG},  {10, LETTERS, ERR_CONFIG},
                {11, LETTERS, OK},       {32, "", ERR_CONFIG},
                {32, "aab", ERR_CONFIG}, {64, "a b", ERR_CONFIG},
                {64, "a\n", ERR_CONFIG}, {64, "a\x7f", ERR_CONFIG},
                {64, "aä", ERR_CONFIG},  {0, LETTERS, ERR_CONFIG},
                {1024, LETTERS, OK},     {1025, LETTERS, ERR_CONFIG},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct value_rules r = {rows[i].length, rows[i].alphabet};
                cr_expect_eq(value_check(&r), rows[i].e, "row %zu", i);
        }
}

Test(value, has_the_length_and_only_characters_of_the_alphabet)
{
        struct value_rules r = {200, "xyz!"};
        CLEANUP_SECRET struct secret a = SECRET_NONE, b = SECRET_NONE;
        unsigned seen[256] = {0};
        cr_assert_eq(value_new(&r, &a), OK);
        cr_assert_eq(value_new(&r, &b), OK);
        cr_assert_eq(a.len, 200);
        cr_expect_not(secret_equal(&a, &b));
        for (size_t i = 0; i < a.len; i++)
                seen[a.bytes[i]]++;
        cr_expect_eq(seen['x'] + seen['y'] + seen['z'] + seen['!'], 200);
        for (const char *c = r.alphabet; *c; c++)
                cr_expect_gt(seen[(unsigned char)*c], 0, "%c never came", *c);
}

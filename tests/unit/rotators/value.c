#include "rotators/value.h"
#include "base/file.h"
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
                struct value_rules r = {.length = rows[i].length, .alphabet = rows[i].alphabet};
                cr_expect_eq(value_check(&r), rows[i].e, "row %zu", i);
        }
}

Test(value, has_the_length_and_only_characters_of_the_alphabet)
{
        struct value_rules r = {.length = 200, .alphabet = "xyz!"};
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

Test(value, forbidden_characters_never_come_and_count_against_the_length)
{
        struct value_rules r = {.length = 300, .alphabet = "abcd'\"", .forbidden = "'\"\\"};
        CLEANUP_SECRET struct secret v = SECRET_NONE;
        cr_assert_eq(value_new(&r, &v), OK);
        for (size_t i = 0; i < v.len; i++)
                cr_expect(strchr("abcd", v.bytes[i]));
        r.length = 31; /* 62 bits, although six letters would give 80 */
        cr_expect_eq(value_check(&r), ERR_CONFIG);
}

Test(value, a_passphrase_is_words_of_five_letters)
{
        struct value_rules r = {.kind = VALUE_PASSPHRASE, .words = 6};
        CLEANUP_SECRET struct secret v = SECRET_NONE, w = SECRET_NONE;
        cr_assert_eq(value_new(&r, &v), OK);
        cr_assert_eq(value_new(&r, &w), OK);
        cr_expect_not(secret_equal(&v, &w));
        cr_assert_eq(v.len, 6 * 5 + 5);
        for (size_t i = 0; i < v.len; i++) {
                const char *kind = i % 6 == 5 ? "-" : i % 6 % 2 ? "aiou" : "bdfghjklmnprstvz";
                cr_expect(strchr(kind, v.bytes[i]), "letter %zu", i);
        }
        r.words = 3;
        cr_expect_eq(value_check(&r), ERR_CONFIG);
        r.words = 65;
        cr_expect_eq(value_check(&r), ERR_CONFIG);
}

Test(value, a_new_ssh_key_is_one_that_ssh_keygen_reads)
{
        struct value_rules r = {.kind = VALUE_SSH_ED25519};
        CLEANUP_SECRET struct secret v = SECRET_NONE;
        char folder[] = "/tmp/breakglass-value-XXXXXX", command[200];
        cr_assert(mkdtemp(folder));
        CLEANUP_FREE char *path = path_join(folder, "key");
        cr_assert_eq(value_new(&r, &v), OK);
        cr_assert_eq(file_write(path, 0600, span_of(v.bytes, v.len)), OK);
        snprintf(command, sizeof command, "ssh-keygen -y -P '' -f %s | grep -q '^ssh-ed25519 AAAA'", path);
        cr_expect_eq(system(command), 0);
        snprintf(command, sizeof command, "rm -r %s", folder);
        cr_expect_eq(system(command), 0);
}

Test(value, the_kinds_have_names_and_the_target_s_own_is_not_ours_to_make)
{
        enum value_kind kind = VALUE_CHARACTERS;
        CLEANUP_SECRET struct secret v = SECRET_NONE;
        cr_expect(value_kind_from_word("passphrase", &kind));
        cr_expect_eq(kind, VALUE_PASSPHRASE);
        cr_expect_not(value_kind_from_word("rsa", &kind));
        const struct value_rules r = {.kind = VALUE_TARGET};
        cr_expect_eq(value_new(&r, &v), ERR_CONFIG);
}

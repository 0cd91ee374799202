#include "quorum/mnemonic.h"
#include "tests/unit/crypto/mnemonic_vectors.h"
#include <criterion/criterion.h>
#include <string.h>

/* The words of a sentence, in cells. */
static struct secret cells_of(const char *sentence)
{
        struct secret s;
        size_t words = 0;

        cr_assert_eq(secret_new((size_t)MNEMONIC_WORDS * MNEMONIC_LETTERS, &s), OK);
        for (const char *p = sentence; *p; words++) {
                size_t n = strcspn(p, " ");

                cr_assert(words < MNEMONIC_WORDS && n <= MNEMONIC_LETTERS);
                memcpy(s.bytes + words * MNEMONIC_LETTERS, p, n);
                p += n + (p[n] == ' ');
        }
        cr_assert_eq(secret_resize(&s, words * MNEMONIC_LETTERS), OK);
        return s;
}

static enum err decode(const char *sentence, struct secret *ret)
{
        CLEANUP_SECRET struct secret cells = cells_of(sentence);

        return mnemonic_decode(cells.bytes, cells.len / MNEMONIC_LETTERS, ret);
}

static unsigned complete(const char *letters, char ret[MNEMONIC_LETTERS + 1])
{
        unsigned char cell[MNEMONIC_LETTERS] = {0};
        unsigned n;

        memcpy(cell, letters, strlen(letters));
        n = mnemonic_complete(cell, cell);
        memcpy(ret, cell, MNEMONIC_LETTERS);
        ret[MNEMONIC_LETTERS] = '\0';
        return n;
}

Test(mnemonic, the_list_is_the_published_one)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        char hex[HASH_HEX + 1];
        struct hash is;

        for (unsigned i = 0; i < MNEMONIC_LIST; i++)
                bytes_printf(&file, "%.*s\n", (int)MNEMONIC_LETTERS, mnemonic_list[i]);
        is = hash_of(bytes_span(&file));
        hash_to_hex(&is, hex);
        cr_expect_str_eq(hex, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

Test(mnemonic, the_published_vectors_hold_both_ways)
{
        for (size_t i = 0; i < COUNT_OF(mnemonic_vectors); i++) {
                CLEANUP_SECRET struct secret entropy = SECRET_NONE, words = SECRET_NONE, back = SECRET_NONE;
                CLEANUP_SECRET struct secret should = cells_of(mnemonic_vectors[i].sentence);
                const char *hex = mnemonic_vectors[i].entropy;

                cr_assert_eq(secret_new(strlen(hex) / 2, &entropy), OK);
                cr_assert_eq(hex_decode(span_text(hex), entropy.bytes, entropy.len), OK);
                cr_assert_eq(mnemonic_encode(&entropy, &words), OK, "%s", hex);
                cr_expect(secret_equal(&words, &should), "%s", hex);
                cr_assert_eq(decode(mnemonic_vectors[i].sentence, &back), OK, "%s", hex);
                cr_expect(secret_equal(&back, &entropy), "%s", hex);
        }
        cr_expect_eq(COUNT_OF(mnemonic_vectors), 24);
}

Test(mnemonic, a_word_that_is_not_listed_is_named_by_its_place)
{
        CLEANUP_SECRET struct secret back = SECRET_NONE;

        cr_expect_eq(decode("legal winner thank year wave sausage worth usefull legal winner thank yellow", &back),
                     ERR_BAD_WORDS);
        cr_expect(strstr(err_reason(), "word 8 of 12"), "%s", err_reason());
        cr_expect_null(back.bytes);
}

Test(mnemonic, a_wrong_word_of_the_list_breaks_the_checksum)
{
        CLEANUP_SECRET struct secret back = SECRET_NONE;
        static const char *const wrong[] = {
                "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo",
                "dignity list pass indicate nasty swamp pool script soccer toe leaf photo multiply desk host tomato "
                "cradle drill spread actor shine dismiss champion exotic",
                "legal winner thank year wave sausage worth useful legal winner thank thank",
        };

        for (size_t i = 0; i < COUNT_OF(wrong); i++) {
                cr_expect_eq(decode(wrong[i], &back), ERR_BAD_WORDS, "%zu", i);
                cr_expect(strstr(err_reason(), "checksum"), "%s", err_reason());
        }
        cr_expect_null(back.bytes);
}

/* The last word of 24 holds three bits of the key and eight of the checksum. */
Test(mnemonic, of_all_last_words_eight_fit)
{
        CLEANUP_SECRET struct secret cells = cells_of(mnemonic_vectors[9].sentence);
        unsigned good = 0;

        for (unsigned w = 0; w < MNEMONIC_LIST; w++) {
                CLEANUP_SECRET struct secret back = SECRET_NONE;

                memcpy(cells.bytes + cells.len - MNEMONIC_LETTERS, mnemonic_list[w], MNEMONIC_LETTERS);
                good += mnemonic_decode(cells.bytes, MNEMONIC_WORDS, &back) == OK;
        }
        cr_expect_eq(good, 8);
}

Test(mnemonic, only_whole_keys_have_words)
{
        CLEANUP_SECRET struct secret cells = cells_of("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong");
        CLEANUP_SECRET struct secret ret = SECRET_NONE;

        for (size_t n = 1; n <= 40; n++) {
                CLEANUP_SECRET struct secret entropy = SECRET_NONE, words = SECRET_NONE;
                bool is = n >= 16 && n <= 32 && n % 4 == 0;

                cr_assert_eq(secret_new(n, &entropy), OK);
                cr_expect_eq(mnemonic_encode(&entropy, &words), is ? OK : ERR_RANGE, "%zu", n);
        }
        for (size_t n = 0; n < 12; n++)
                cr_expect_eq(mnemonic_decode(cells.bytes, n, &ret), ERR_RANGE);
        cr_expect_eq(mnemonic_decode(cells.bytes, 27, &ret), ERR_RANGE);
}

Test(mnemonic, four_letters_tell_a_word)
{
        char whole[MNEMONIC_LETTERS + 1], letters[MNEMONIC_TELLING + 1] = {0};

        for (unsigned w = 0; w < MNEMONIC_LIST; w++) {
                memcpy(letters, mnemonic_list[w], MNEMONIC_TELLING);
                (void)complete(letters, whole);
                cr_expect_eq(strncmp(whole, mnemonic_list[w], MNEMONIC_LETTERS), 0, "%s", letters);
        }
        cr_expect_eq(complete("abst", whole), 1);
        cr_expect_str_eq(whole, "abstract");
        cr_expect_eq(complete("abs", whole), 4);
        cr_expect_str_eq(whole, "abs");
        cr_expect_eq(complete("act", whole), 5);
        cr_expect_str_eq(whole, "act");
        cr_expect_eq(complete("abstrict", whole), 0);
        cr_expect_eq(complete("", whole), MNEMONIC_LIST);
}

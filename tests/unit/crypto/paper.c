#include "quorum/paper.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

static struct identity someone(void)
{
        struct identity i = {0};

        cr_assert_eq(identity_new(&i), OK);
        return i;
}

static struct secret words_of(const struct identity *i)
{
        struct secret s;

        cr_assert_eq(paper_write(i, &s), OK);
        cr_assert_eq(s.len, PAPER_BYTES);
        return s;
}

/* As somebody may have typed it: numbered, on lines, some words cut to four letters, some in capitals. */
static struct secret text_of(const struct secret *cells, size_t words)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct secret s;

        for (size_t w = 0; w < words; w++) {
                char word[MNEMONIC_LETTERS + 1] = {0};

                memcpy(word, cells->bytes + w * MNEMONIC_LETTERS, w % 3 == 1 ? 4 : MNEMONIC_LETTERS);
                if (w % 5 == 2)
                        word[0] = (char)(word[0] - 0x20);
                bytes_printf(&text, "%zu. %s%s", w + 1, word, w % 6 == 5 ? "\r\n" : "\t ");
        }
        cr_assert_eq(secret_copy(text.p, text.n, &s), OK);
        return s;
}

Test(paper, an_identity_comes_back_from_its_words)
{
        CLEANUP_IDENTITY struct identity i = someone(), back = {0};
        CLEANUP_SECRET struct secret cells = words_of(&i), text = text_of(&cells, PAPER_WORDS), again = SECRET_NONE;

        cr_assert_eq(paper_take_text(&text, &again), OK);
        cr_expect(secret_equal(&cells, &again));
        cr_assert_eq(paper_read(&again, &back), OK);
        cr_expect(secret_equal(&i.sign, &back.sign) && secret_equal(&i.open, &back.open));
        cr_expect(key_equal(&i.signs, &back.signs) && key_equal(&i.opens, &back.opens));
}

Test(paper, a_wrong_word_is_named_with_its_set)
{
        CLEANUP_IDENTITY struct identity i = someone(), back = {0};
        CLEANUP_SECRET struct secret cells = words_of(&i), text = SECRET_NONE, again = SECRET_NONE;

        memcpy(cells.bytes + (size_t)30 * MNEMONIC_LETTERS, "xxxxxxx", MNEMONIC_LETTERS);
        cr_expect_eq(paper_read(&cells, &back), ERR_BAD_WORDS);
        cr_expect(strstr(err_reason(), "`open`: word 7 of 24"), "%s", err_reason());
        text = text_of(&cells, PAPER_WORDS);
        cr_expect_eq(paper_take_text(&text, &again), ERR_BAD_WORDS);
        cr_expect(strstr(err_reason(), "`open`: word 7 of 24"), "%s", err_reason());
        cr_expect(!again.bytes && !back.sign.bytes && !back.open.bytes);
}

Test(paper, a_checksum_that_does_not_hold_is_told_with_its_set)
{
        CLEANUP_IDENTITY struct identity i = someone(), back = {0};
        CLEANUP_SECRET struct secret cells = words_of(&i);
        unsigned char *one = cells.bytes + (size_t)3 * MNEMONIC_LETTERS;
        unsigned bad = 0;

        /* A wrong word slips by with one chance in 256: of several, most are found. */
        for (unsigned w = 0; w < 64; w++) {
                memcpy(one, mnemonic_list[w * 32], MNEMONIC_LETTERS);
                if (paper_check_set(&cells, 0) == OK)
                        continue;
                bad++;
                cr_expect(strstr(err_reason(), "`sign`: the checksum"), "%s", err_reason());
        }
        cr_expect_gt(bad, 55);
        cr_expect_eq(paper_check_set(&cells, 1), OK);
}

Test(paper, fewer_and_more_words_are_refused)
{
        CLEANUP_IDENTITY struct identity i = someone();
        CLEANUP_SECRET struct secret cells = words_of(&i), more = SECRET_NONE, again = SECRET_NONE,
                                     letters = SECRET_NONE;

        for (size_t n = 0; n < PAPER_WORDS; n++) {
                CLEANUP_SECRET struct secret text = n ? text_of(&cells, n) : SECRET_NONE;

                cr_expect_eq(paper_take_text(&text, &again), ERR_BAD_WORDS, "%zu words", n);
        }
        more = text_of(&cells, PAPER_WORDS);
        cr_assert_eq(secret_resize(&more, more.len + 1), OK);
        more.bytes[more.len - 1] = 'x';
        cr_expect_eq(paper_take_text(&more, &again), ERR_BAD_WORDS);
        cr_assert_eq(secret_copy("abandonabandon", 14, &letters), OK);
        cr_expect_eq(paper_take_text(&letters, &again), ERR_BAD_WORDS);
        cr_expect(strstr(err_reason(), "word 1"), "%s", err_reason());
        cr_expect_null(again.bytes);
}

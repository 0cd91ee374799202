#include "quorum/paper.h"
#include <sodium.h>
#include <string.h>

#define SET_BYTES (MNEMONIC_WORDS * MNEMONIC_LETTERS)

static const char *const names[PAPER_SETS] = {"sign", "open"};

const char *paper_set_name(size_t set)
{
        return names[set];
}

/* ---- from keys ---- */

static enum err write_set(const unsigned char *key, unsigned char *cells)
{
        CLEANUP_SECRET struct secret entropy = SECRET_NONE, words = SECRET_NONE;
        enum err e;

        if ((e = secret_copy(key, MNEMONIC_KEY_BYTES, &entropy)) != OK)
                return e;
        if ((e = mnemonic_encode(&entropy, &words)) != OK)
                return e;
        memcpy(cells, words.bytes, SET_BYTES);
        return OK;
}

enum err paper_write(const struct identity *i, struct secret *ret)
{
        CLEANUP_SECRET struct secret cells = SECRET_NONE;
        enum err e;

        if ((e = secret_new(PAPER_BYTES, &cells)) != OK)
                return e;
        if ((e = write_set(i->sign.bytes, cells.bytes)) != OK)
                return e;
        if ((e = write_set(i->open.bytes, cells.bytes + SET_BYTES)) != OK)
                return e;
        secret_move(ret, &cells);
        return OK;
}

/* ---- to keys ---- */

static enum err read_set(const struct secret *cells, size_t set, struct secret *ret_key)
{
        enum err e = mnemonic_decode(cells->bytes + set * SET_BYTES, MNEMONIC_WORDS, ret_key);

        return e == ERR_BAD_WORDS ? err_because(e, "`%s`: %s", names[set], err_reason()) : e;
}

enum err paper_check_set(const struct secret *cells, size_t set)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;

        return read_set(cells, set, &key);
}

enum err paper_read(const struct secret *cells, struct identity *ret)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE, open = SECRET_NONE;
        enum err e;

        if ((e = read_set(cells, 0, &seed)) != OK)
                return e;
        if ((e = read_set(cells, 1, &open)) != OK)
                return e;
        return identity_of_keys(&seed, &open, ret);
}

/* ---- from text ---- */

static bool is_letter(unsigned char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The next run of letters, its first eight into the cell. Returns how many letters it had. */
static size_t next_word(const struct secret *text, size_t *at, unsigned char cell[MNEMONIC_LETTERS])
{
        size_t n = 0;

        while (*at < text->len && !is_letter(text->bytes[*at]))
                (*at)++;
        for (; *at < text->len && is_letter(text->bytes[*at]); (*at)++, n++)
                if (n < MNEMONIC_LETTERS)
                        cell[n] = text->bytes[*at] | 0x20;
        return n;
}

static enum err not_listed(size_t word)
{
        return err_because(ERR_BAD_WORDS, "`%s`: word %zu of %u is not on the list", names[word / MNEMONIC_WORDS],
                           word % MNEMONIC_WORDS + 1, MNEMONIC_WORDS);
}

enum err paper_take_text(const struct secret *text, struct secret *ret)
{
        CLEANUP_SECRET struct secret cells = SECRET_NONE, beyond = SECRET_NONE;
        size_t at = 0, words = 0, letters;
        enum err e;

        if ((e = secret_new(PAPER_BYTES, &cells)) != OK)
                return e;
        if ((e = secret_new(MNEMONIC_LETTERS, &beyond)) != OK)
                return e;
        for (; words < PAPER_WORDS; words++) {
                unsigned char *cell = cells.bytes + words * MNEMONIC_LETTERS;

                if ((letters = next_word(text, &at, cell)) == 0)
                        break;
                if (letters >= MNEMONIC_TELLING)
                        (void)mnemonic_complete(cell, cell);
                if (letters > MNEMONIC_LETTERS || !mnemonic_has(cell))
                        return not_listed(words);
        }
        if (words < PAPER_WORDS || next_word(text, &at, beyond.bytes) > 0)
                return err_because(ERR_BAD_WORDS,
                                   "an identity is %u words, 24 of `sign` and 24 of `open`; here are %s", PAPER_WORDS,
                                   words < PAPER_WORDS ? "fewer" : "more");
        secret_move(ret, &cells);
        return OK;
}

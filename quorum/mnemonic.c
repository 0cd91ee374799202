#include "quorum/mnemonic.h"
#include <sodium.h>
#include <string.h>

/* BIP-39, "Generating the mnemonic": the entropy's bits, behind them the first (bits / 32) bits of its SHA-256, in
 * groups of 11, most significant first; each group is a place in the list. */
#define GROUP_BITS  11u
#define BYTES_LEAST 16u
#define BYTES_MOST  32u

/* All ones when a == 0, for a < 2^31. */
static uint32_t zero_mask(uint32_t a)
{
        return (uint32_t)(((int32_t)a - 1) >> 31);
}

static uint32_t difference(const char word[MNEMONIC_LETTERS], const unsigned char cell[MNEMONIC_LETTERS])
{
        uint32_t d = 0;

        for (unsigned i = 0; i < MNEMONIC_LETTERS; i++)
                d |= (uint32_t)(unsigned char)word[i] ^ cell[i];
        return d;
}

/* As far as the cell has letters. */
static uint32_t difference_of_beginning(const char word[MNEMONIC_LETTERS], const unsigned char cell[MNEMONIC_LETTERS])
{
        uint32_t d = 0;

        for (unsigned i = 0; i < MNEMONIC_LETTERS; i++)
                d |= ((uint32_t)(unsigned char)word[i] ^ cell[i]) & ~zero_mask(cell[i]);
        return d;
}

static void take_if(uint32_t mask, const char word[MNEMONIC_LETTERS], unsigned char cell[MNEMONIC_LETTERS])
{
        for (unsigned i = 0; i < MNEMONIC_LETTERS; i++)
                cell[i] = (unsigned char)((cell[i] & ~mask) | ((uint32_t)(unsigned char)word[i] & mask));
}

static void put_word(uint32_t place, unsigned char cell[MNEMONIC_LETTERS])
{
        for (uint32_t w = 0; w < MNEMONIC_LIST; w++)
                take_if(zero_mask(w ^ place), mnemonic_list[w], cell);
}

/* MNEMONIC_LIST when it is not on the list. */
static uint32_t place_of(const unsigned char cell[MNEMONIC_LETTERS])
{
        uint32_t place = 0, found = 0;

        for (uint32_t w = 0; w < MNEMONIC_LIST; w++) {
                uint32_t hit = zero_mask(difference(mnemonic_list[w], cell));

                place |= w & hit;
                found |= hit;
        }
        return place | (MNEMONIC_LIST & ~found);
}

/* ---- bits ---- */

/* The entropy with its checksum byte behind it; of that only the first bits count. */
static enum err with_checksum(const unsigned char *entropy, size_t n, struct secret *ret)
{
        CLEANUP_SECRET struct secret sum = SECRET_NONE;
        enum err e;

        if ((e = secret_new(crypto_hash_sha256_BYTES, &sum)) != OK)
                return e;
        if ((e = secret_new(n + 1, ret)) != OK)
                return e;
        if (crypto_hash_sha256(sum.bytes, entropy, n) != 0)
                return ERR_INTERNAL;
        secret_wipe_stack();
        memcpy(ret->bytes, entropy, n);
        ret->bytes[n] = sum.bytes[0];
        return OK;
}

static uint32_t take_group(const unsigned char *bits, size_t group)
{
        uint32_t value = 0;

        for (size_t i = group * GROUP_BITS; i < (group + 1) * GROUP_BITS; i++)
                value = value << 1 | ((uint32_t)bits[i / 8] >> (7 - i % 8) & 1u);
        return value;
}

static void put_group(unsigned char *bits, size_t group, uint32_t value)
{
        for (size_t i = 0; i < GROUP_BITS; i++) {
                size_t at = group * GROUP_BITS + i;
                uint32_t bit = value >> (GROUP_BITS - 1 - i) & 1u;

                bits[at / 8] = (unsigned char)(bits[at / 8] | bit << (7 - at % 8));
        }
}

/* ---- both ways ---- */

enum err mnemonic_encode(const struct secret *entropy, struct secret *ret)
{
        CLEANUP_SECRET struct secret bits = SECRET_NONE, cells = SECRET_NONE;
        size_t n = entropy->len, words = n * 3 / 4;
        enum err e;

        if (n < BYTES_LEAST || n > BYTES_MOST || n % 4 != 0)
                return err_because(ERR_RANGE, "words stand for 16, 20, 24, 28 or 32 bytes");
        if ((e = with_checksum(entropy->bytes, n, &bits)) != OK)
                return e;
        if ((e = secret_new(words * MNEMONIC_LETTERS, &cells)) != OK)
                return e;
        for (size_t w = 0; w < words; w++)
                put_word(take_group(bits.bytes, w), cells.bytes + w * MNEMONIC_LETTERS);
        secret_wipe_stack();
        secret_move(ret, &cells);
        return OK;
}

/* Places of the words, packed. */
static enum err pack(const unsigned char *cells, size_t words, unsigned char *bits)
{
        for (size_t w = 0; w < words; w++) {
                uint32_t place = place_of(cells + w * MNEMONIC_LETTERS);

                if (secret_verdict(place == MNEMONIC_LIST))
                        return err_because(ERR_BAD_WORDS, "word %zu of %zu is not on the list", w + 1, words);
                put_group(bits, w, place);
        }
        secret_wipe_stack();
        return OK;
}

enum err mnemonic_decode(const unsigned char *cells, size_t words, struct secret *ret)
{
        CLEANUP_SECRET struct secret bits = SECRET_NONE, should = SECRET_NONE, entropy = SECRET_NONE;
        size_t n = words / 3 * 4;
        unsigned unused = 8 - (unsigned)n / 4; /* low bits of the last byte, which no word holds */
        enum err e;

        if (words % 3 != 0 || n < BYTES_LEAST || n > BYTES_MOST)
                return err_because(ERR_RANGE, "a key is 12, 15, 18, 21 or 24 words, not %zu", words);
        if ((e = secret_new(n + 1, &bits)) != OK)
                return e;
        if ((e = pack(cells, words, bits.bytes)) != OK)
                return e;
        if ((e = with_checksum(bits.bytes, n, &should)) != OK)
                return e;
        if (secret_verdict((bits.bytes[n] ^ should.bytes[n]) >> unused) != 0)
                return err_because(ERR_BAD_WORDS,
                                   "the checksum of these %zu words does not hold: one of them is another word, or "
                                   "two have changed places",
                                   words);
        if ((e = secret_copy(bits.bytes, n, &entropy)) != OK)
                return e;
        secret_move(ret, &entropy);
        return OK;
}

/* ---- typing ---- */

bool mnemonic_has(const unsigned char cell[MNEMONIC_LETTERS])
{
        return secret_verdict(place_of(cell) != MNEMONIC_LIST);
}

unsigned mnemonic_complete(const unsigned char cell[MNEMONIC_LETTERS], unsigned char ret[MNEMONIC_LETTERS])
{
        uint32_t n = 0, place = 0, exact = place_of(cell);

        for (uint32_t w = 0; w < MNEMONIC_LIST; w++) {
                uint32_t hit = zero_mask(difference_of_beginning(mnemonic_list[w], cell));

                n += hit & 1u;
                place |= w & hit; /* of several it is nobody's place, and not used */
        }
        if (secret_verdict(exact != MNEMONIC_LIST))
                put_word(exact, ret);
        else if (secret_verdict((int)n) == 1)
                put_word(place, ret);
        secret_wipe_stack();
        return (unsigned)secret_verdict((int)n);
}

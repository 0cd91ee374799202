#include "quorum/keys.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

/* A pair as `age-keygen` prints it. */
#define PAIR_SECRET "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"

static struct secret secret_of_text(const char *text)
{
        struct secret s;
        cr_assert_eq(age_secret_from_text((const unsigned char *)text, strlen(text), &s), OK);
        return s;
}

Test(keys, an_age_identity_survives_text_and_back)
{
        CLEANUP_SECRET struct secret key = secret_of_text(PAIR_SECRET), text = SECRET_NONE;
        cr_assert_eq(age_secret_to_text(&key, &text), OK);
        cr_assert_eq(text.len, AGE_SECRET_TEXT - 1);
        cr_expect_arr_eq(text.bytes, PAIR_SECRET, AGE_SECRET_TEXT - 1);
}

Test(keys, the_secret_text_differs_for_each_bit)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        cr_assert_eq(secret_new(32, &key), OK);
        for (unsigned bit = 0; bit < 256; bit++) {
                CLEANUP_SECRET struct secret text = SECRET_NONE, back = SECRET_NONE;
                key.bytes[bit / 8] = (unsigned char)(1u << (bit % 8));
                cr_assert_eq(age_secret_to_text(&key, &text), OK);
                cr_assert_eq(age_secret_from_text(text.bytes, text.len, &back), OK);
                cr_expect(secret_equal(&key, &back), "bit %u", bit);
                key.bytes[bit / 8] = 0;
        }
}

Test(keys, a_public_key_survives_text_and_back)
{
        for (unsigned i = 0; i < 64; i++) {
                unsigned char seed[32] = {(unsigned char)i}, key[32], back[32];
                char text[AGE_PUBLIC_TEXT];
                cr_assert_eq(crypto_scalarmult_curve25519_base(key, seed), 0);
                age_public_to_text(key, text);
                cr_expect_eq(strlen(text), AGE_PUBLIC_TEXT - 1);
                cr_expect_eq(age_public_from_text(span_text(text), back), OK);
                cr_expect_arr_eq(key, back, 32);
        }
}

/* Each character replaced by each other one of the alphabet, and by what is outside it. */
Test(keys, any_one_wrong_character_is_noticed)
{
        static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7lb1 iIQ\x80";
        unsigned char key[32] = {9}, back[32];
        char good[AGE_PUBLIC_TEXT];
        age_public_to_text(key, good);
        for (size_t i = 0; i < AGE_PUBLIC_TEXT - 1; i++)
                for (const char *c = letters; *c; c++) {
                        char text[AGE_PUBLIC_TEXT];
                        memcpy(text, good, sizeof text);
                        if (text[i] == *c)
                                continue;
                        text[i] = *c;
                        cr_expect_eq(age_public_from_text(span_text(text), back), ERR_BAD_KEY, "%zu %c", i, *c);
                }
}

Test(keys, cut_lengthened_or_upper_case_public_keys_are_refused)
{
        unsigned char key[32] = {9}, back[32];
        char good[AGE_PUBLIC_TEXT], longer[AGE_PUBLIC_TEXT + 1], shout[AGE_PUBLIC_TEXT];
        age_public_to_text(key, good);
        for (size_t n = 0; n < AGE_PUBLIC_TEXT - 1; n++) {
                CLEANUP_FREE char *exact = malloc(n ? n : 1); /* so that an over-read is seen */
                memcpy(exact, good, n);
                cr_expect_eq(age_public_from_text(span_of(exact, n), back), ERR_BAD_KEY);
        }
        snprintf(longer, sizeof longer, "%sq", good);
        cr_expect_eq(age_public_from_text(span_text(longer), back), ERR_BAD_KEY);
        for (size_t i = 0; i < sizeof good; i++)
                shout[i] = (char)(good[i] >= 'a' && good[i] <= 'z' ? good[i] - 32 : good[i]);
        cr_expect_eq(age_public_from_text(span_text(shout), back), ERR_BAD_KEY);
}

Test(keys, a_lower_case_or_mistyped_secret_is_refused)
{
        static const char *const rows[] = {
                "age-secret-key-1egtzvffv20835nwyv6270lxyvk2vknx2mmdkwyklmgr48uawx40q2p2lm0",
                "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM9",
                "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM",
                "AGE-SECRET-KEY-",
                "",
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_SECRET struct secret s = SECRET_NONE;
                cr_expect_eq(age_secret_from_text((const unsigned char *)rows[i], strlen(rows[i]), &s), ERR_BAD_KEY,
                             "%s", rows[i]);
                cr_expect_null(s.bytes);
        }
}

/* Same 32 bytes, but with padding bits set and the checksum made to fit: found by trying all checksums' first
 * letters is hopeless, so the encoder is rebuilt here. */
static uint32_t step(uint32_t sum, uint32_t v)
{
        static const uint32_t g[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
        uint32_t top = sum >> 25;
        sum = (sum & 0x1ffffff) << 5 ^ v;
        for (int i = 0; i < 5; i++)
                if (top >> i & 1)
                        sum ^= g[i];
        return sum;
}

Test(keys, padding_bits_must_be_zero)
{
        static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        for (uint32_t padding = 0; padding < 16; padding++) {
                char text[AGE_PUBLIC_TEXT] = "age1";
                uint32_t sum = 1;
                for (int i = 0; i < 3; i++)
                        sum = step(sum, (uint32_t) "age"[i] >> 5);
                sum = step(sum, 0);
                for (int i = 0; i < 3; i++)
                        sum = step(sum, (uint32_t) "age"[i] & 31);
                for (int i = 0; i < 52; i++) {
                        uint32_t v = i == 51 ? padding : 1;
                        sum = step(sum, v);
                        text[4 + i] = letters[v];
                }
                for (int i = 0; i < 6; i++)
                        sum = step(sum, 0);
                for (int i = 0; i < 6; i++)
                        text[56 + i] = letters[(sum ^ 1) >> (5 * (5 - i)) & 31];
                unsigned char key[32];
                cr_expect_eq(age_public_from_text(span_text(text), key), padding ? ERR_BAD_KEY : OK, "%s", text);
        }
}

static void text_of_hex(const char *hex, char ret[AGE_PUBLIC_TEXT])
{
        unsigned char key[32];
        cr_assert_eq(hex_decode(span_text(hex), key, 32), OK);
        age_public_to_text(key, ret);
}

Test(keys, low_order_and_non_canonical_opening_keys_are_refused)
{
        static const char *const rows[] = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "0900000000000000000000000000000000000000000000000000000000000080",
        };
        static const unsigned char scalar[32] = {8, [31] = 64};
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                char text[AGE_PUBLIC_TEXT];
                struct key k;
                unsigned char key[32], shared[32];
                text_of_hex(rows[i], text);
                cr_expect_eq(open_key_parse(span_text(text), &k), ERR_BAD_KEY, "%s", rows[i]);
                cr_assert_eq(hex_decode(span_text(rows[i]), key, 32), OK);
                if (i < 5) /* libsodium agrees that nothing can be sealed to it */
                        cr_expect_eq(crypto_scalarmult_curve25519(shared, scalar, key), -1, "%s", rows[i]);
        }
}

Test(keys, ordinary_opening_keys_are_accepted)
{
        static const char *const rows[] = {
                "0900000000000000000000000000000000000000000000000000000000000000",
                "ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe7f",
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                char text[AGE_PUBLIC_TEXT], again[AGE_PUBLIC_TEXT];
                struct key k;
                text_of_hex(rows[i], text);
                cr_assert_eq(open_key_parse(span_text(text), &k), OK, "%s", rows[i]);
                open_key_format(&k, again);
                cr_expect_str_eq(text, again);
        }
}

#define SSH_KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"

Test(keys, a_signing_key_survives_text_and_back)
{
        struct key k;
        char text[SIGN_KEY_TEXT];
        cr_assert_eq(sign_key_parse(span_text(SSH_KEY), &k), OK);
        sign_key_format(&k, text);
        cr_expect_str_eq(text, SSH_KEY);
}

Test(keys, other_spellings_of_a_signing_key_are_refused)
{
        static const char *const rows[] = {
                (SSH_KEY " alice@host"),
                (SSH_KEY "\n"),
                (" " SSH_KEY),
                "ssh-ed25519  AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1E",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE4AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
                "ssh-ed25518 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv-08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
                "ssh-ed25519",
                "",
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct key k;
                cr_expect_eq(sign_key_parse(span_text(rows[i]), &k), ERR_BAD_KEY, "%s", rows[i]);
        }
}

/* Signatures under such keys can be verified by several messages or signers. */
Test(keys, small_and_mixed_order_signing_keys_are_refused)
{
        static const char *const rows[] = {
                "0100000000000000000000000000000000000000000000000000000000000000", /* identity */
                "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* order 2 */
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", /* order 8 */
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* not canonical */
                "0200000000000000000000000000000000000000000000000000000000000000", /* no point */
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct key k, ret;
                char text[SIGN_KEY_TEXT];
                cr_assert_eq(hex_decode(span_text(rows[i]), k.b, 32), OK);
                sign_key_format(&k, text);
                cr_expect_eq(sign_key_parse(span_text(text), &ret), ERR_BAD_KEY, "%s", rows[i]);
        }
        struct key mixed, ret; /* an honest key plus the point of order 8 */
        unsigned char torsion[32], honest[32], secret[64], seed[32] = {1};
        char text[SIGN_KEY_TEXT];
        cr_assert_eq(hex_decode(span_text(rows[3]), torsion, 32), OK);
        cr_assert_eq(crypto_sign_seed_keypair(honest, secret, seed), 0);
        cr_assert_eq(crypto_core_ed25519_add(mixed.b, honest, torsion), 0);
        sign_key_format(&mixed, text);
        cr_expect_eq(sign_key_parse(span_text(text), &ret), ERR_BAD_KEY);
}

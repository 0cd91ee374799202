#include "quorum/keys.h"
#include <sodium.h>
#include <string.h>

#define SIGN_PREFIX "ssh-ed25519 "

/* The key as SSH carries it: string "ssh-ed25519", string of 32 bytes. */
static const unsigned char wire_prefix[19] = "\0\0\0\013ssh-ed25519\0\0\0\040";
#define WIRE_BYTES (sizeof wire_prefix + KEY_BYTES)

bool key_equal(const struct key *a, const struct key *b)
{
        return memcmp(a->b, b->b, KEY_BYTES) == 0;
}

enum err sign_key_parse(struct span text, struct key *ret)
{
        size_t n_prefix = strlen(SIGN_PREFIX);
        if (text.n != SIGN_KEY_TEXT - 1 || memcmp(text.p, SIGN_PREFIX, n_prefix) != 0)
                return err_because(ERR_BAD_KEY, "a signing key is `ssh-ed25519 BASE64` without a comment");
        CLEANUP_BYTES struct bytes wire = BYTES_NONE;
        if (base64_decode(span_of(text.p + n_prefix, text.n - n_prefix), &wire) != OK || wire.n != WIRE_BYTES ||
            memcmp(wire.p, wire_prefix, sizeof wire_prefix) != 0)
                return err_because(ERR_BAD_KEY, "a signing key is no ssh-ed25519 key");
        const unsigned char *point = wire.p + sizeof wire_prefix;
        if (crypto_core_ed25519_is_valid_point(point) != 1)
                return err_because(ERR_BAD_KEY, "a signing key is weak (small or mixed order, or no point)");
        memcpy(ret->b, point, KEY_BYTES);
        return OK;
}

void sign_key_format(const struct key *k, char ret[SIGN_KEY_TEXT])
{
        unsigned char wire[WIRE_BYTES];
        memcpy(wire, wire_prefix, sizeof wire_prefix);
        memcpy(wire + sizeof wire_prefix, k->b, KEY_BYTES);
        memcpy(ret, SIGN_PREFIX, strlen(SIGN_PREFIX));
        sodium_bin2base64(ret + strlen(SIGN_PREFIX), SIGN_KEY_TEXT - strlen(SIGN_PREFIX), wire, sizeof wire,
                          sodium_base64_VARIANT_ORIGINAL);
}

/* Every u < p of a point whose order divides 8, on the curve or its twist (RFC 7748, section 6.1; the values of
 * section 7's referenced list). A comparison costs nothing, a scalar multiplication as much as a signature. */
static const unsigned char low_order[][KEY_BYTES] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
         0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

/* Below 2^255 − 19, little-endian. */
static bool is_canonical(const unsigned char u[KEY_BYTES])
{
        if (u[31] != 0x7f)
                return u[31] < 0x7f;
        for (unsigned i = 30; i > 0; i--)
                if (u[i] != 0xff)
                        return true;
        return u[0] < 0xed;
}

enum err open_key_parse(struct span text, struct key *ret)
{
        struct key k;
        enum err e = age_public_from_text(text, k.b);
        if (e != OK)
                return e;
        if (!is_canonical(k.b))
                return err_because(ERR_BAD_KEY, "an opening key is not canonical");
        for (size_t i = 0; i < COUNT_OF(low_order); i++)
                if (memcmp(k.b, low_order[i], KEY_BYTES) == 0)
                        return err_because(ERR_BAD_KEY, "an opening key is weak (low order)");
        *ret = k;
        return OK;
}

void open_key_format(const struct key *k, char ret[AGE_PUBLIC_TEXT])
{
        age_public_to_text(k->b, ret);
}

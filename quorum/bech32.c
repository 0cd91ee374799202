#include "quorum/bech32.h"
#include <string.h>

#define DATA_CHARS     52u /* 32 bytes in groups of five bits, four bits of padding */
#define CHECKSUM_CHARS 6u

/* BIP-173. Both directions work without table look-ups and branches on the data, since the data may be a private
 * key. */
static const char alphabet[33] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
static const char public_prefix[] = "age";
static const char secret_prefix[] = "age-secret-key-";

/* All ones when a == b, for a, b < 2^16. */
static uint32_t equal_mask(uint32_t a, uint32_t b)
{
        return (uint32_t)(((int32_t)(a ^ b) - 1) >> 31);
}

static uint32_t checksum_step(uint32_t sum, uint32_t value)
{
        static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
        uint32_t top = sum >> 25;
        sum = ((sum & 0x1ffffff) << 5) ^ value;
        for (unsigned i = 0; i < 5; i++)
                sum ^= (0u - ((top >> i) & 1u)) & generator[i];
        return sum;
}

static uint32_t checksum_begin(const char *prefix)
{
        uint32_t sum = 1;
        for (const char *p = prefix; *p; p++)
                sum = checksum_step(sum, (uint32_t)(unsigned char)*p >> 5);
        sum = checksum_step(sum, 0);
        for (const char *p = prefix; *p; p++)
                sum = checksum_step(sum, (uint32_t)(unsigned char)*p & 31u);
        return sum;
}

static unsigned char upper(char c)
{
        return (unsigned char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static unsigned char character_of(uint32_t value, bool is_upper)
{
        uint32_t c = 0;
        for (uint32_t i = 0; i < 32; i++)
                c |= equal_mask(i, value) & (is_upper ? upper(alphabet[i]) : (unsigned char)alphabet[i]);
        return (unsigned char)c;
}

/* *bad gets bits when c stands for nothing. */
static uint32_t value_of(unsigned char c, bool is_upper, uint32_t *bad)
{
        uint32_t value = 0, found = 0;
        for (uint32_t i = 0; i < 32; i++) {
                uint32_t hit = equal_mask(is_upper ? upper(alphabet[i]) : (unsigned char)alphabet[i], c);
                value |= hit & i;
                found |= hit;
        }
        *bad |= ~found;
        return value;
}

static size_t text_length(const char *prefix)
{
        return strlen(prefix) + 1 + DATA_CHARS + CHECKSUM_CHARS;
}

/* Writes text_length(prefix) characters. */
static void encode(const char *prefix, bool is_upper, const unsigned char key[32], unsigned char *out)
{
        for (const char *p = prefix; *p; p++)
                *out++ = is_upper ? upper(*p) : (unsigned char)*p;
        *out++ = '1';
        uint32_t sum = checksum_begin(prefix);
        uint32_t held = 0;
        unsigned n_held = 0, next = 0;
        for (unsigned i = 0; i < DATA_CHARS; i++) {
                if (n_held < 5) {
                        held = (held << 8) | (next < 32 ? key[next] : 0u);
                        next++;
                        n_held += 8;
                }
                n_held -= 5;
                uint32_t value = (held >> n_held) & 31u;
                held &= (1u << n_held) - 1u;
                sum = checksum_step(sum, value);
                *out++ = character_of(value, is_upper);
        }
        for (unsigned i = 0; i < CHECKSUM_CHARS; i++)
                sum = checksum_step(sum, 0);
        sum ^= 1;
        for (unsigned i = 0; i < CHECKSUM_CHARS; i++)
                *out++ = character_of((sum >> (5 * (5 - i))) & 31u, is_upper);
}

/* Exactly the one spelling in one case. On error ret may hold rubbish. */
static enum err decode(const char *prefix, bool is_upper, const unsigned char *text, size_t n, unsigned char ret[32])
{
        size_t n_prefix = strlen(prefix);
        if (n != text_length(prefix))
                return err_because(ERR_BAD_KEY, "an age key has %zu characters, not %zu", text_length(prefix), n);
        secret_declassify(text, n_prefix + 1);
        for (size_t i = 0; i < n_prefix; i++)
                if (text[i] != (is_upper ? upper(prefix[i]) : (unsigned char)prefix[i]))
                        return err_because(ERR_BAD_KEY, "an age key begins with %s1", prefix);
        if (text[n_prefix] != '1')
                return err_because(ERR_BAD_KEY, "an age key begins with %s1", prefix);
        text += n_prefix + 1;

        uint32_t sum = checksum_begin(prefix);
        uint32_t held = 0, bad = 0;
        unsigned n_held = 0, next = 0;
        for (unsigned i = 0; i < DATA_CHARS + CHECKSUM_CHARS; i++) {
                uint32_t value = value_of(text[i], is_upper, &bad);
                sum = checksum_step(sum, value);
                if (i >= DATA_CHARS)
                        continue;
                held = (held << 5) | value;
                n_held += 5;
                if (n_held >= 8) {
                        n_held -= 8;
                        ret[next++] = (unsigned char)(held >> n_held);
                        held &= (1u << n_held) - 1u;
                }
        }
        bad |= held; /* the four bits of padding */
        bad |= sum ^ 1;
        return secret_verdict((int)bad) == 0 ? OK : err_because(ERR_BAD_KEY, "an age key is mistyped (checksum)");
}

void age_public_to_text(const unsigned char key[32], char ret[AGE_PUBLIC_TEXT])
{
        encode(public_prefix, false, key, (unsigned char *)ret);
        ret[AGE_PUBLIC_TEXT - 1] = '\0';
}

enum err age_public_from_text(struct span text, unsigned char ret[32])
{
        unsigned char key[32];
        enum err e = decode(public_prefix, false, text.p, text.n, key);
        if (e == OK)
                memcpy(ret, key, sizeof key);
        return e;
}

enum err age_secret_to_text(const struct secret *key, struct secret *ret)
{
        if (key->len != 32)
                return err_because(ERR_BAD_KEY, "an age identity has 32 bytes");
        enum err e = secret_new(AGE_SECRET_TEXT - 1, ret);
        if (e == OK)
                encode(secret_prefix, true, key->bytes, ret->bytes);
        return e;
}

enum err age_secret_from_text(const unsigned char *text, size_t n, struct secret *ret)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        enum err e = secret_new(32, &key);
        if (e != OK)
                return e;
        if ((e = decode(secret_prefix, true, text, n, key.bytes)) != OK)
                return e;
        secret_move(ret, &key);
        return OK;
}

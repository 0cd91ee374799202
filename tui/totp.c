#include "tui/totp.h"
#include "base/clock.h"
#include <nettle/hmac.h>
#include <string.h>

#define PREFIX     "otpauth://totp/"
#define SEED_MAX   128u
#define PERIOD_MAX 300u

enum algorithm { SHA1, SHA256, SHA512 };

/* What an address says beside its seed, which is base32 text in the field itself. */
struct address {
        struct span seed;
        enum algorithm algorithm;
        unsigned digits, period_s;
};

/* ---- reading ---- */

static bool is_word(struct span s, const char *word)
{
        return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static bool read_number(struct span s, unsigned least, unsigned most, unsigned *ret)
{
        unsigned n = 0;

        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] < '0' || s.p[i] > '9' || n > most)
                        return false;
                n = n * 10 + (unsigned)(s.p[i] - '0');
        }
        *ret = n;
        return s.n > 0 && n >= least && n <= most;
}

static bool read_algorithm(struct span s, enum algorithm *ret)
{
        static const char *const words[] = {[SHA1] = "SHA1", [SHA256] = "SHA256", [SHA512] = "SHA512"};

        for (unsigned i = 0; i < COUNT_OF(words); i++)
                if (is_word(s, words[i])) {
                        *ret = (enum algorithm)i;
                        return true;
                }
        return false;
}

static bool read_parameter(struct span name, struct span value, struct address *to)
{
        if (is_word(name, "secret"))
                to->seed = value;
        else if (is_word(name, "algorithm"))
                return read_algorithm(value, &to->algorithm);
        else if (is_word(name, "digits"))
                return read_number(value, 6, 8, &to->digits);
        else if (is_word(name, "period"))
                return read_number(value, 1, PERIOD_MAX, &to->period_s);
        return true; /* issuer, image and what else apps invent */
}

/* Up to the mark, which is dropped; the rest stays in *s. */
static struct span cut(struct span *s, char mark)
{
        const unsigned char *at = s->n ? memchr(s->p, mark, s->n) : NULL;
        size_t n = at ? (size_t)(at - s->p) : s->n;
        struct span part = span_of(s->p, n);

        *s = at ? span_of(at + 1, s->n - n - 1) : span_of(s->p + n, 0);
        return part;
}

static bool read_address(const struct document_field *f, struct address *ret)
{
        struct span rest = span_of(f->value, f->len);

        *ret = (struct address){.algorithm = SHA1, .digits = 6, .period_s = 30};
        while (rest.n > 0 && (rest.p[rest.n - 1] == '\n' || rest.p[rest.n - 1] == '\r'))
                rest.n--;
        if (rest.n < strlen(PREFIX) || strncasecmp((const char *)rest.p, PREFIX, strlen(PREFIX)) != 0)
                return false;
        cut(&rest, '?');
        while (rest.n > 0) {
                struct span value = cut(&rest, '&'), name = cut(&value, '=');

                if (!read_parameter(name, value, ret))
                        return false;
        }
        return ret->seed.n > 0;
}

static int digit_of(unsigned char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a';
        return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* Base32 (RFC 4648) without or with its padding. */
static enum err read_seed(struct span text, struct secret *ret)
{
        unsigned bits = 0, held = 0;
        size_t n = 0;
        enum err e;

        while (text.n > 0 && text.p[text.n - 1] == '=')
                text.n--;
        if (text.n * 5 / 8 < 1 || text.n * 5 / 8 > SEED_MAX)
                return ERR_RANGE;
        if ((e = secret_new(text.n * 5 / 8, ret)) != OK)
                return e;
        for (size_t i = 0; i < text.n; i++) {
                int digit = digit_of(text.p[i]);

                if (digit < 0)
                        return ERR_RANGE;
                bits = (bits << 5 | (unsigned)digit) & 0xFFFF;
                held += 5;
                if (held >= 8) {
                        held -= 8;
                        ret->bytes[n++] = (unsigned char)(bits >> held);
                }
        }
        return OK;
}

bool totp_is_in(const struct document_field *f)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE;
        struct address a;

        return read_address(f, &a) && read_seed(a.seed, &seed) == OK;
}

/* ---- RFC 4226, RFC 6238 ---- */

/* Nettle works in memory that is ours, so that what it makes of the seed is locked and wiped, too. */
struct work {
        union {
                struct hmac_sha1_ctx sha1;
                struct hmac_sha256_ctx sha256;
                struct hmac_sha512_ctx sha512;
        };
        uint8_t digest[SHA512_DIGEST_SIZE];
        uint32_t code;
};

static size_t authenticate(enum algorithm algorithm, const struct secret *seed, const uint8_t counter[8],
                           struct work *w)
{
        switch (algorithm) {
        case SHA256:
                hmac_sha256_set_key(&w->sha256, seed->len, seed->bytes);
                hmac_sha256_update(&w->sha256, 8, counter);
                hmac_sha256_digest(&w->sha256, SHA256_DIGEST_SIZE, w->digest);
                return SHA256_DIGEST_SIZE;
        case SHA512:
                hmac_sha512_set_key(&w->sha512, seed->len, seed->bytes);
                hmac_sha512_update(&w->sha512, 8, counter);
                hmac_sha512_digest(&w->sha512, SHA512_DIGEST_SIZE, w->digest);
                return SHA512_DIGEST_SIZE;
        case SHA1: break;
        }
        hmac_sha1_set_key(&w->sha1, seed->len, seed->bytes);
        hmac_sha1_update(&w->sha1, 8, counter);
        hmac_sha1_digest(&w->sha1, SHA1_DIGEST_SIZE, w->digest);
        return SHA1_DIGEST_SIZE;
}

static void truncate_digest(struct work *w, size_t n)
{
        const uint8_t *at = w->digest + (w->digest[n - 1] & 0x0F);

        w->code = (uint32_t)(at[0] & 0x7F) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Two halves, as people read it aloud. */
static void write_digits(struct work *w, unsigned digits, unsigned char ret[TOTP_TEXT])
{
        memset(ret, ' ', TOTP_TEXT);
        for (unsigned i = digits; i-- > 0; w->code /= 10)
                ret[i + (i >= digits / 2)] = (unsigned char)('0' + w->code % 10);
}

enum err totp_code(const struct document_field *f, int64_t now_ms, struct secret *ret, unsigned *ret_left_s)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE, work = SECRET_NONE;
        struct address a;
        uint8_t counter[8];
        enum err e;

        if (!read_address(f, &a))
                return ERR_RANGE;
        if ((e = read_seed(a.seed, &seed)) != OK)
                return e;
        if ((e = secret_new(sizeof(struct work), &work)) != OK)
                return e;
        if ((e = secret_new(TOTP_TEXT, ret)) != OK)
                return e;
        struct work *w = (struct work *)work.bytes;
        uint64_t s = (uint64_t)(now_ms / SECOND_MS), n = s / a.period_s;

        for (unsigned i = 0; i < sizeof(counter); i++)
                counter[i] = (uint8_t)(n >> (56 - 8 * i));
        truncate_digest(w, authenticate(a.algorithm, &seed, counter, w));
        write_digits(w, a.digits, ret->bytes);
        secret_wipe_stack();
        *ret_left_s = (unsigned)(a.period_s - s % a.period_s);
        return OK;
}

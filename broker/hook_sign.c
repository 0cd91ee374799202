#include "broker/hook_sign.h"
#include "base/clock.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define HMAC_KEY_MIN     24u
#define HMAC_KEY_MAX     64u
#define SIGNATURES_MAX   16u /* of one call; a sender that changes its key has two */
#define TIMESTAMP_DIGITS 12u

MUST_CHECK static enum err make_hmac(const struct secret *key, struct span content, struct secret *ret)
{
        CLEANUP_SECRET struct secret state = SECRET_NONE;
        enum err e = secret_new(sizeof(crypto_auth_hmacsha256_state), &state);
        if (e == OK)
                e = secret_new(crypto_auth_hmacsha256_BYTES, ret);
        if (e != OK)
                return e;
        void *hmac = state.bytes;
        if (crypto_auth_hmacsha256_init(hmac, key->bytes, key->len) != 0 ||
            crypto_auth_hmacsha256_update(hmac, content.p, content.n) != 0 ||
            crypto_auth_hmacsha256_final(hmac, ret->bytes) != 0)
                return ERR_INTERNAL;
        return OK;
}

/* ---- PagerDuty ---- */

enum err hook_check_pagerduty(const struct secret *key, const char *header, struct span body)
{
        CLEANUP_SECRET struct secret should = SECRET_NONE;
        unsigned char is[crypto_auth_hmacsha256_BYTES];
        bool is_right = false;
        enum err e = make_hmac(key, body, &should);
        if (e != OK)
                return e;
        while (header && *header) {
                size_t n = strcspn(header, ",");
                if (n == 3 + 2 * sizeof is && !strncmp(header, "v1=", 3) &&
                    hex_decode(span_of(header + 3, n - 3), is, sizeof is) == OK)
                        is_right |= sodium_memcmp(is, should.bytes, sizeof is) == 0;
                header += n + (header[n] == ',');
                header += strspn(header, " ");
        }
        return is_right ? OK : ERR_AUTH;
}

/* ---- Standard Webhooks ---- */

static bool is_id(const char *id)
{
        size_t n = id ? strlen(id) : 0;
        for (size_t i = 0; i < n; i++)
                if (id[i] < '!' || id[i] > '~')
                        return false;
        return n >= 1 && n <= HOOK_ID_MAX;
}

static bool is_timely(const char *timestamp, int64_t now_ms)
{
        size_t n = timestamp ? strlen(timestamp) : 0;
        if (n < 1 || n > TIMESTAMP_DIGITS || strspn(timestamp, "0123456789") != n)
                return false;
        int64_t at_ms = strtoll(timestamp, NULL, 10) * SECOND_MS;
        return at_ms >= now_ms - HOOK_TOLERANCE_MS && at_ms <= now_ms + HOOK_TOLERANCE_MS;
}

/* The bytes behind "VERSION,"; false when it is another version's signature, or none of that length. */
static bool read_signature(struct span text, const char *version, unsigned char *ret, size_t n)
{
        CLEANUP_BYTES struct bytes raw = BYTES_NONE;
        size_t skip = strlen(version);
        if (text.n <= skip || memcmp(text.p, version, skip) != 0 ||
            base64_decode(span_of(text.p + skip, text.n - skip), &raw) != OK || raw.n != n)
                return false;
        memcpy(ret, raw.p, n);
        return true;
}

static bool is_ours(const struct hook_keys *keys, const struct secret *should, struct span text, struct span content)
{
        unsigned char mac[crypto_auth_hmacsha256_BYTES], signature[crypto_sign_BYTES];
        if (keys->hmac && read_signature(text, "v1,", mac, sizeof mac))
                return sodium_memcmp(mac, should->bytes, sizeof mac) == 0;
        return keys->ed25519 && read_signature(text, "v1a,", signature, sizeof signature) &&
               crypto_sign_verify_detached(signature, content.p, content.n, keys->ed25519) == 0;
}

enum err hook_check_standard(const struct hook_keys *keys, const struct hook_headers *h, struct span body,
                             int64_t now_ms)
{
        CLEANUP_SECRET struct secret should = SECRET_NONE;
        CLEANUP_BYTES struct bytes content = BYTES_NONE;
        bool is_right = false;
        if (!is_id(h->id) || !is_timely(h->timestamp, now_ms) || !h->signature)
                return ERR_AUTH;
        bytes_printf(&content, "%s.%s.", h->id, h->timestamp);
        bytes_add_span(&content, body);
        enum err e = keys->hmac ? make_hmac(keys->hmac, bytes_span(&content), &should) : OK;
        if (e != OK)
                return e;
        const char *rest = h->signature;
        for (size_t i = 0; *rest && i < SIGNATURES_MAX; i++) {
                size_t n = strcspn(rest, " ");
                is_right |= is_ours(keys, &should, span_of(rest, n), bytes_span(&content));
                rest += n + (rest[n] == ' ');
        }
        return is_right ? OK : ERR_AUTH;
}

/* ---- keys ---- */

enum err hook_read_hmac(const struct secret *text, struct secret *ret)
{
        static const char prefix[] = "whsec_";
        size_t skip = sizeof prefix - 1, n = 0;
        if (text->len <= skip || memcmp(text->bytes, prefix, skip) != 0)
                return err_because(ERR_CONFIG, "the secret must begin with %s", prefix);
        enum err e = secret_new(HMAC_KEY_MAX, ret);
        if (e != OK)
                return e;
        if (secret_verdict(sodium_base642bin(ret->bytes, ret->len, (const char *)text->bytes + skip, text->len - skip,
                                             NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL)) != 0 ||
            n < HMAC_KEY_MIN)
                return err_because(ERR_CONFIG, "behind %s there must be base64 of %u to %u bytes", prefix,
                                   HMAC_KEY_MIN, HMAC_KEY_MAX);
        return secret_resize(ret, n);
}

enum err hook_read_ed25519(struct span text, unsigned char ret[32])
{
        if (!read_signature(text, "whpk_", ret, crypto_sign_PUBLICKEYBYTES) ||
            !crypto_core_ed25519_is_valid_point(ret))
                return err_because(ERR_CONFIG, "the public key must be whpk_ and base64 of an Ed25519 key");
        return OK;
}

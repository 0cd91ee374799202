#include "notifiers/webhook_sign.h"
#include <sodium.h>
#include <string.h>

#define HMAC_KEY_MIN 24u
#define HMAC_KEY_MAX 64u

/* Decodes what stands behind the prefix straight into locked memory; ret has exactly the bytes that were there. */
MUST_CHECK static enum err decode_key(const struct secret *text, const char *prefix, struct secret *ret)
{
        const char *chars = (const char *)text->bytes;
        size_t skip = strlen(prefix), n = 0;
        if (strncmp(chars, prefix, skip) != 0)
                return err_because(ERR_CONFIG, "the key must be a text that begins with %s", prefix);
        enum err e = secret_new(text->len, ret);
        if (e != OK)
                return e;
        if (secret_verdict(sodium_base642bin(ret->bytes, ret->len, chars + skip, strlen(chars + skip), NULL, &n, NULL,
                                             sodium_base64_VARIANT_ORIGINAL)) != 0 ||
            n == 0)
                return err_because(ERR_CONFIG, "the key behind %s is no base64", prefix);
        return secret_resize(ret, n);
}

enum err webhook_hmac_key(const struct secret *text, struct secret *ret)
{
        enum err e = decode_key(text, "whsec_", ret);
        if (e == OK && (ret->len < HMAC_KEY_MIN || ret->len > HMAC_KEY_MAX))
                return err_because(ERR_CONFIG, "an HMAC key has %u to %u bytes", HMAC_KEY_MIN, HMAC_KEY_MAX);
        return e;
}

enum err webhook_signing_key(const struct secret *text, struct secret *ret)
{
        CLEANUP_SECRET struct secret given = SECRET_NONE;
        unsigned char public[crypto_sign_PUBLICKEYBYTES];
        enum err e = decode_key(text, "whsk_", &given);
        if (e != OK)
                return e;
        if (given.len != crypto_sign_SEEDBYTES && given.len != crypto_sign_SECRETKEYBYTES)
                return err_because(ERR_CONFIG, "an Ed25519 key has 32 bytes (seed) or 64 (seed and public key)");
        if ((e = secret_new(crypto_sign_SECRETKEYBYTES, ret)) != OK)
                return e;
        if (crypto_sign_seed_keypair(public, ret->bytes, given.bytes) != 0)
                return ERR_INTERNAL;
        /* A public half that belongs to another key would make signatures from which the seed can be computed. */
        if (given.len == crypto_sign_SECRETKEYBYTES && !secret_equal(&given, ret))
                return err_because(ERR_CONFIG, "the Ed25519 key's public half does not belong to its seed");
        return OK;
}

enum err webhook_sign_hmac(const struct secret *key, struct span content, struct bytes *ret)
{
        CLEANUP_SECRET struct secret room = SECRET_NONE;
        unsigned char mac[crypto_auth_hmacsha256_BYTES];
        enum err e = secret_new(sizeof(crypto_auth_hmacsha256_state), &room);
        if (e != OK)
                return e;
        crypto_auth_hmacsha256_state *state = (void *)room.bytes;
        if (crypto_auth_hmacsha256_init(state, key->bytes, key->len) != 0 ||
            crypto_auth_hmacsha256_update(state, content.p, content.n) != 0 ||
            crypto_auth_hmacsha256_final(state, mac) != 0)
                return ERR_INTERNAL;
        bytes_add_text(ret, "v1,");
        bytes_add_base64(ret, span_of(mac, sizeof mac));
        return OK;
}

enum err webhook_sign_ed25519(const struct secret *key, struct span content, struct bytes *ret)
{
        unsigned char signature[crypto_sign_BYTES];
        if (crypto_sign_detached(signature, NULL, content.p, content.n, key->bytes) != 0)
                return ERR_INTERNAL;
        secret_wipe_stack();
        bytes_add_text(ret, "v1a,");
        bytes_add_base64(ret, span_of(signature, sizeof signature));
        return OK;
}

#include "rotators/hooks/mysql_verifier.h"
#include <gnutls/crypto.h>
#include <sodium.h>

#define SHA1_BYTES 20u

enum err mysql_verifier_native(const struct hook_field *value, struct bytes *ret)
{
        CLEANUP_SECRET struct secret once = SECRET_NONE;
        unsigned char twice[SHA1_BYTES];
        char hex[2 * SHA1_BYTES + 1];
        enum err e = secret_new(SHA1_BYTES, &once);
        if (e != OK)
                return e;
        int failed = gnutls_hash_fast(GNUTLS_DIG_SHA1, value->value, value->len, once.bytes);
        if (!failed)
                failed = gnutls_hash_fast(GNUTLS_DIG_SHA1, once.bytes, once.len, twice);
        secret_wipe_stack();
        if (failed)
                return ERR_INTERNAL;
        hex_encode(twice, sizeof twice, hex);
        for (char *c = hex; *c; c++)
                *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
        bytes_printf(ret, "*%s", hex);
        return OK;
}

enum err mysql_verifier_ed25519(const struct hook_field *value, struct bytes *ret)
{
        CLEANUP_SECRET struct secret hash = SECRET_NONE;
        unsigned char key[crypto_core_ed25519_BYTES];
        char text[sodium_base64_ENCODED_LEN(sizeof key, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];
        enum err e = secret_new(crypto_hash_sha512_BYTES, &hash);
        if (e != OK)
                return e;
        int failed = crypto_hash_sha512(hash.bytes, value->value, value->len);
        if (!failed)
                failed = crypto_scalarmult_ed25519_base(key, hash.bytes); /* clamps */
        secret_wipe_stack();
        if (failed)
                return ERR_INTERNAL;
        sodium_bin2base64(text, sizeof text, key, sizeof key, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        bytes_add_text(ret, text);
        return OK;
}

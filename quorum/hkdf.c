#include "quorum/hkdf.h"

enum err hmac_sha256(struct hkdf_work *work, struct span key, struct span a, struct span b,
                     unsigned char ret[HKDF_BYTES])
{
        int r = crypto_auth_hmacsha256_init(&work->state, key.p, key.n);
        r |= crypto_auth_hmacsha256_update(&work->state, a.p, a.n);
        r |= crypto_auth_hmacsha256_update(&work->state, b.p, b.n);
        r |= crypto_auth_hmacsha256_final(&work->state, ret);
        return r == 0 ? OK : ERR_INTERNAL;
}

enum err hkdf_sha256(struct hkdf_work *work, struct span ikm, struct span salt, const char *info,
                     unsigned char ret[HKDF_BYTES])
{
        static const unsigned char first = 0x01; /* T(1) = HMAC(PRK, info ‖ 0x01) */
        enum err e = hmac_sha256(work, salt, ikm, span_of("", 0), work->prk);
        if (e != OK)
                return e;
        return hmac_sha256(work, span_of(work->prk, HKDF_BYTES), span_text(info), span_of(&first, 1), ret);
}

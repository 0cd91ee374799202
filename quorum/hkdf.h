/* HKDF-SHA256 (RFC 5869) for one key of 32 bytes at a time, and the HMAC below it. Both ikm and result are secrets.
 */
#pragma once
#include "base/bytes.h"
#include <sodium.h>

#define HKDF_BYTES 32u

/* Everything in between: lies in the caller's locked memory, who wipes it. */
struct hkdf_work {
        crypto_auth_hmacsha256_state state;
        unsigned char prk[HKDF_BYTES];
};

/* ret may overlap nothing else. Errors: ERR_INTERNAL. */
MUST_CHECK enum err hkdf_sha256(struct hkdf_work *work, struct span ikm, struct span salt, const char *info,
                                unsigned char ret[HKDF_BYTES]);
/* HMAC-SHA256(key, a ‖ b). Errors: ERR_INTERNAL. */
MUST_CHECK enum err hmac_sha256(struct hkdf_work *work, struct span key, struct span a, struct span b,
                                unsigned char ret[HKDF_BYTES]);

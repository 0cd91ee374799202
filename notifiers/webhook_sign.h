/* Signatures of Standard Webhooks: over `id.timestamp.body`, HMAC-SHA256 (`v1,`) and Ed25519 (`v1a,`). */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

/* The bytes of "whsec_BASE64" (24 to 64 of them) or "whsk_BASE64" (a 32 byte seed, or seed and public key), NUL-ended
 * text. Errors: ERR_CONFIG with the reason, ERR_MEMORY. */
MUST_CHECK enum err webhook_hmac_key(const struct secret *text, struct secret *ret);
/* ret: the 64 bytes that libsodium signs with. */
MUST_CHECK enum err webhook_signing_key(const struct secret *text, struct secret *ret);

/* Appends "v1,BASE64". Errors: ERR_MEMORY. */
MUST_CHECK enum err webhook_sign_hmac(const struct secret *key, struct span content, struct bytes *ret);
/* Appends "v1a,BASE64". Errors: ERR_INTERNAL. */
MUST_CHECK enum err webhook_sign_ed25519(const struct secret *key, struct span content, struct bytes *ret);

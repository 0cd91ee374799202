/* Bech32 (BIP-173, without its length limit) as age writes keys: `age1…` and `AGE-SECRET-KEY-1…`, 32 bytes each. */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#define AGE_PUBLIC_TEXT 63 /* with the NUL */
#define AGE_SECRET_TEXT 75 /* with the NUL */

void age_public_to_text(const unsigned char key[32], char ret[AGE_PUBLIC_TEXT]);
/* Lower case and canonical only. Errors: ERR_BAD_KEY. Does not judge the point: see open_key_parse(). */
MUST_CHECK enum err age_public_from_text(struct span text, unsigned char ret[32]);
/* ret: AGE_SECRET_TEXT-1 characters, upper case, in locked memory, no NUL. Constant time in the key. */
MUST_CHECK enum err age_secret_to_text(const struct secret *key, struct secret *ret);
/* Errors: ERR_BAD_KEY, ERR_MEMORY. */
MUST_CHECK enum err age_secret_from_text(const unsigned char *text, size_t n, struct secret *ret);

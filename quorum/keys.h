/* Public keys as the roster writes them: signing keys `ssh-ed25519 BASE64`, opening keys `age1…`. */
#pragma once
#include "base/bytes.h"
#include "quorum/bech32.h"

#define KEY_BYTES     32u
#define SIGN_KEY_TEXT 81 /* "ssh-ed25519 " + 68 base64 characters + NUL */

struct key {
        unsigned char b[KEY_BYTES];
};

bool key_equal(const struct key *a, const struct key *b);

/* Two fields without a comment, canonical; the point must be valid, of the main subgroup, not small
 * (crypto_core_ed25519_is_valid_point). Errors: ERR_BAD_KEY. */
MUST_CHECK enum err sign_key_parse(struct span text, struct key *ret);
void sign_key_format(const struct key *k, char ret[SIGN_KEY_TEXT]);
/* Canonical bech32, below 2^255-19, not low order. Errors: ERR_BAD_KEY. */
MUST_CHECK enum err open_key_parse(struct span text, struct key *ret);
void open_key_format(const struct key *k, char ret[AGE_PUBLIC_TEXT]);

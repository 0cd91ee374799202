/* The broker's own keys: one that signs checkpoints and the broker's statements (and opens nothing), and the TLS
 * pair.
 *
 * The signing key's file is one line, `breakglass-broker-sign/v1 HEXSEED`, mode 0600. */
#pragma once
#include "base/secret.h"
#include "quorum/keys.h"

struct signing_key {
        struct secret key; /* seed ‖ public, 64 bytes */
        struct key public;
};

/* Errors: ERR_NO_ENTRY, ERR_UNSAFE_FILE, ERR_BAD_KEY, ERR_MEMORY. */
MUST_CHECK enum err signing_key_load(const char *path, struct signing_key *ret);
void signing_key_wipe(struct signing_key *k);

/* Makes DIR/sign, DIR/tls_key.pem and DIR/tls_cert.pem (0600, never over existing ones) and appends the roster's line
 * `broker: {signs: …, tls: …}` with a newline. Errors: ERR_DUPLICATE, ERR_IO, ERR_INTERNAL, ERR_MEMORY. */
MUST_CHECK enum err keys_make(const char *folder, struct bytes *ret_roster_line);

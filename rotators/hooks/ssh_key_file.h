/* OpenSSH's key files and lines, as far as a rotation needs them (PROTOCOL.key): the public part of any kind of key,
 * the private part of an unencrypted Ed25519 one. */
#pragma once
#include "rotators/hooks/hook.h"

#define SSH_FINGERPRINT_MAX 64u

struct ssh_key {
        struct bytes blob;     /* the public key as it travels: a length and "ssh-ed25519", then the rest */
        struct secret private; /* libsodium's 64 bytes; empty: not Ed25519, or encrypted */
};

#define CLEANUP_SSH_KEY __attribute__((cleanup(ssh_key_done)))

/* Reads a private key file. Errors: ERR_BAD_CONTAINER (another format, damaged), ERR_MEMORY. */
MUST_CHECK enum err ssh_key_read(const struct hook_field *file, struct ssh_key *ret);
void ssh_key_done(struct ssh_key *k);
/* "SHA256:" and base64 without padding, as `ssh-keygen -l` says it. */
void ssh_key_fingerprint(struct span blob, char ret[SSH_FINGERPRINT_MAX]);

/* One line of an authorized_keys file. */
struct ssh_line {
        struct span base64;  /* of its key; empty: a comment, or nothing that we understand */
        struct span comment; /* what stands behind the key */
        char fingerprint[SSH_FINGERPRINT_MAX];
};
/* Splits off the first line. false at the end. */
bool ssh_line_next(struct span *text, struct ssh_line *ret);

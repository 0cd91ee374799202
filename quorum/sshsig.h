/* SSHSIG signatures (OpenSSH PROTOCOL.sshsig): ed25519 and sha512 only, so stock `ssh-keygen -Y verify` checks them
 * for ever. A blob is the binary structure between the armor lines, beginning with "SSHSIG". */
#pragma once
#include "quorum/keys.h"

/* key: the 32-byte seed followed by the 32-byte public key (crypto_sign_SECRETKEYBYTES), in locked memory. */
MUST_CHECK enum err sshsig_sign(const struct secret *key, const char *name_space, struct span message,
                                struct bytes *ret_blob);
/* The public key inside the blob; the blob must be exactly of our kind (version 1, ssh-ed25519, sha512, no trailing
 * bytes). Errors: ERR_AUTH. */
MUST_CHECK enum err sshsig_signer(struct span blob, struct key *ret);
/* Errors: ERR_AUTH for everything (another namespace, key, hash, malleated or damaged). */
MUST_CHECK enum err sshsig_verify(const struct key *key, const char *name_space, struct span message,
                                  struct span blob);
/* PEM armor as ssh-keygen reads it. */
void sshsig_armor(struct span blob, struct bytes *ret_text);

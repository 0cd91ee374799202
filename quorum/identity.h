/* Somebody's own two private keys (signing, opening) and the file they live in: an age passphrase file (or, for
 * machines, plain text), mode 0600, readable by stock `age -i`. */
#pragma once
#include "quorum/age.h"
#include "quorum/statement.h"

struct identity {
        struct secret sign; /* seed ‖ public, 64 bytes */
        struct secret open; /* 32 bytes */
        struct key signs;   /* the public ones */
        struct key opens;
};

#define CLEANUP_IDENTITY __attribute__((cleanup(identity_wipe)))

MUST_CHECK enum err identity_new(struct identity *ret);
/* From the two secrets, 32 bytes each. Errors: ERR_BAD_KEY, ERR_MEMORY. */
MUST_CHECK enum err identity_of_keys(const struct secret *seed, const struct secret *open, struct identity *ret);
void identity_wipe(struct identity *i);
/* Seals with the passphrase (log_n: AGE_SCRYPT_LOG_N except in tests); NULL passphrase writes the plain file.
 * Fails with ERR_DUPLICATE when path exists, unless replace (atomic: the old or the new file is there at every
 * instant). */
MUST_CHECK enum err identity_save(const struct identity *i, const char *path, const struct secret *passphrase,
                                  unsigned log_n, bool replace);
/* Whether the file wants a passphrase. Errors: those of file_check_private(), ERR_CORRUPT_IDENTITY. */
MUST_CHECK enum err identity_needs_passphrase(const char *path, bool *ret);
/* passphrase may be NULL for a plain file. Errors: ERR_UNSAFE_FILE, ERR_WEAK_KDF, ERR_KDF_LIMIT,
 * ERR_WRONG_PASSPHRASE, ERR_CORRUPT_IDENTITY, ERR_MEMORY. */
MUST_CHECK enum err identity_load(const char *path, const struct secret *passphrase, struct identity *ret);
/* The line for the roster: `NAME: {signs: ssh-ed25519 …, opens: age1…}`. */
void identity_roster_line(const struct identity *i, const char *name, struct bytes *ret);
/* Signs a payload as statement of this type and appends the signature to the envelope. */
MUST_CHECK enum err identity_sign(const struct identity *i, enum statement_type type, struct span payload,
                                  struct bytes *ret_blob);

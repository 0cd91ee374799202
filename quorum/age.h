/* age v1 files (C2SP age.md): what is sealed here opens with stock `age -d`, and the other way round.
 *
 * Our own containers have exactly one X25519 stanza (shares, re-sealed shares, credentials, handovers) or exactly one
 * scrypt stanza (identities); AGE_ONE_STANZA refuses anything else before any work. AGE_ANY_STANZAS reads what stock
 * age writes. Plaintexts come out in locked memory, verified before a byte is released.
 */
#pragma once
#include "quorum/keys.h"

enum age_strictness { AGE_ONE_STANZA, AGE_ANY_STANZAS };

#define AGE_SCRYPT_LOG_N     18
#define AGE_SCRYPT_LOG_N_MIN 15
#define AGE_SCRYPT_LOG_N_MAX 20

/* Seals to one recipient; binary, never armored. Plaintext may lie in locked memory. Errors: ERR_BAD_KEY, ERR_MEMORY.
 */
MUST_CHECK enum err age_seal(const struct key *recipient, struct span plaintext, struct bytes *ret_file);
/* identity: 32 bytes. Errors: ERR_BAD_CONTAINER (malformed, damaged, or not for this key; the reason says which),
 * ERR_TOO_LARGE (plaintext over max), ERR_MEMORY. An empty plaintext gives an empty secret. */
MUST_CHECK enum err age_open(const struct secret *identity, struct span file, enum age_strictness how, size_t max,
                             struct secret *ret);
/* With a passphrase. log_n 1..63 is what the file asks for. */
MUST_CHECK enum err age_seal_passphrase(const struct secret *passphrase, unsigned log_n, struct span plaintext,
                                        struct bytes *ret_file);
/* Errors: ERR_WEAK_KDF / ERR_KDF_LIMIT (work factor outside min..max: nothing was derived), ERR_WRONG_PASSPHRASE
 * (wrong, or damage inside the scrypt stanza), ERR_BAD_CONTAINER (damage elsewhere), ERR_TOO_LARGE, ERR_MEMORY. */
MUST_CHECK enum err age_open_passphrase(const struct secret *passphrase, struct span file, unsigned min_log_n,
                                        unsigned max_log_n, size_t max, struct secret *ret);
/* The work factor that a passphrase file asks for, without work. Errors: ERR_BAD_CONTAINER. */
MUST_CHECK enum err age_passphrase_log_n(struct span file, unsigned *ret_log_n);
/* Whether the file has a scrypt stanza (otherwise X25519 or foreign). */
bool age_is_passphrase_file(struct span file);

/* Armor (strict PEM of the age specification). Errors: ERR_BAD_CONTAINER. */
void age_armor(struct span file, struct bytes *ret_text);
MUST_CHECK enum err age_dearmor(struct span text, struct bytes *ret_file);

/* The public key of a 32-byte identity. Errors: ERR_BAD_KEY. */
MUST_CHECK enum err age_public_of(const struct secret *identity, struct key *ret);
/* A new identity of 32 bytes. Errors: ERR_MEMORY. */
MUST_CHECK enum err age_new_identity(struct secret *ret);

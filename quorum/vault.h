/* A vault's export, every part of it verified: the folded log, and where its lines, sealed shares and ciphertexts
 * lie in the file (quorum/export_index.h). With it and enough holders a credential opens although the broker is gone.
 * A log alone will do for a holder whose sealed share comes from elsewhere.
 *
 * What is said then, without a broker, stands behind that log as its next lines would: the same signatures, the same
 * rules. Only its times count for nothing, since no clock can be trusted: all of it counts as said at one moment,
 * that of the request, but never before the log's last line. */
#pragma once
#include "quorum/envelope.h"
#include "quorum/export_index.h"

struct vault {
        struct export_index *index;
        struct export_verdict verdict;
        struct ledger *ledger; /* of the export, then of what was said since */
        int64_t last_at_ms;    /* of the export's last line */
        struct bytes added;    /* a sealed part from elsewhere, or nothing */
        size_t n_said;
        struct bytes *said; /* the lines behind it */
};

#define VAULT_NONE    ((struct vault){.index = NULL})
#define CLEANUP_VAULT __attribute__((cleanup(vault_done)))

/* Takes fd, a plain file, over, also on an error (then vault_done() is still wanted: ret->verdict tells how far it
 * came). genesis: the pin, or NULL. Errors: those of export_verify_stream(). */
MUST_CHECK enum err vault_open(int fd, const struct hash *genesis, struct vault *ret);
/* The same of a log and its checkpoint alone: no sealed part need be there. */
MUST_CHECK enum err vault_open_log(int fd, const struct hash *genesis, struct vault *ret);
void vault_done(struct vault *v);
/* Adds the one sealed part that came from elsewhere, under its hash. */
void vault_add_part(struct vault *v, struct span part);
/* Whether it is a vault's, not a log alone. */
bool vault_has_parts(const struct vault *v);

/* A sealed part, appended. Errors: ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT_LOG (the file was changed since). */
MUST_CHECK enum err vault_part(const struct vault *v, const struct hash *sha256, struct bytes *ret);
/* Line n, of the export or said since, appended. Errors: the same. */
MUST_CHECK enum err vault_line(const struct vault *v, uint64_t n, struct bytes *ret);
/* Checks an offline statement (signature, rules) and folds it in behind the log. Errors: those of admit_statement()
 * and the ledger; ERR_MISMATCH when its signer had a later export, or another installation's. */
MUST_CHECK enum err vault_say(struct vault *v, const struct envelope *e, struct hash *ret_id);

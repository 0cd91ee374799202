/* A vault's export in memory, every part of it verified: the folded log, its lines, the sealed shares and
 * ciphertexts. With it and enough holders a credential opens although the broker is gone. A log alone will do for a
 * holder whose sealed share comes from elsewhere.
 *
 * What is said then, without a broker, stands behind that log as its next lines would: the same signatures, the same
 * rules. Only its times count for nothing, since no clock can be trusted: all of it counts as said at one moment,
 * that of the request, but never before the log's last line. */
#pragma once
#include "quorum/envelope.h"
#include "quorum/export.h"

#define VAULT_MAX (2048u * 1024u * 1024u)

struct vault_blob {
        struct hash sha256;
        struct bytes bytes;
};

struct vault {
        struct bytes file;
        struct export_verdict verdict;
        struct ledger *ledger; /* of the export, then of what was said since */
        int64_t last_at_ms;    /* of the export's last line */
        size_t n_blobs;
        struct vault_blob *blobs; /* ascending */
        size_t n_lines;
        struct span *lines; /* of the export */
        size_t n_said;
        struct bytes *said; /* the lines behind it */
};

#define VAULT_NONE    ((struct vault){.file = BYTES_NONE})
#define CLEANUP_VAULT __attribute__((cleanup(vault_done)))

/* Takes the file's bytes over, also on an error (then vault_done() is still wanted: ret->verdict tells how far it
 * came). genesis: the pin, or NULL. Errors: those of export_verify(). */
MUST_CHECK enum err vault_open(struct bytes *file, const struct hash *genesis, struct vault *ret);
/* The same of a log and its checkpoint alone: no sealed part is there. */
MUST_CHECK enum err vault_open_log(struct bytes *file, const struct hash *genesis, struct vault *ret);
void vault_done(struct vault *v);
/* Adds a sealed part, under its hash. */
void vault_add_blob(struct vault *v, struct span blob);

/* A sealed part; borrowed. Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err vault_blob(const struct vault *v, const struct hash *sha256, struct span *ret);
/* Line n, of the export or said since; borrowed. Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err vault_line(const struct vault *v, uint64_t n, struct span *ret);
/* Checks an offline statement (signature, rules) and folds it in behind the log. Errors: those of admit_statement()
 * and the ledger; ERR_MISMATCH when its signer had a later export, or another installation's. */
MUST_CHECK enum err vault_say(struct vault *v, const struct envelope *e, struct hash *ret_id);

/* Making and using a version: a secret document sealed under a fresh key whose shares are sealed to the holders.
 *
 *   s ──split──▶ shares ──age──▶ one file per holder         version key = HKDF(s) ──age──▶ ciphertext of the
 * document
 *
 * Pure: keys, statements and bytes in, bytes out. Who may do what is the ledger's business. */
#pragma once
#include "quorum/age.h"
#include "quorum/document.h"
#include "quorum/statement.h"

struct version_holder {
        const char *name;
        struct key opens;
};

struct sealed_version {
        struct version_fields fields; /* texts borrowed from the caller, except those in `text` */
        char recipient_text[AGE_PUBLIC_TEXT];
        char holder_text[SHARE_MAX][AGE_PUBLIC_TEXT];
        struct bytes ciphertext;
        struct bytes share_file[SHARE_MAX]; /* in the order of fields.shares */
};

/* Derives the version's age identity from s. Errors: ERR_MEMORY. */
MUST_CHECK enum err version_key(const struct secret *s, struct secret *ret_identity);

/* Seals document->raw for the holders with indices 1..n. fields->credential, number, previous, policy, need,
 * is_initial and rotation_of are the caller's; the rest is filled in. Errors: ERR_RANGE, ERR_BAD_KEY, ERR_MEMORY. */
MUST_CHECK enum err version_seal(const struct version_fields *about, const struct version_holder holders[],
                                 unsigned n, const struct document *document, struct sealed_version *ret);
void sealed_version_done(struct sealed_version *v);

/* Form rules of a version: need = count of commitments, canonical commitments, distinct holders and indices 1..n,
 * distinct recipients. Errors: ERR_BAD_VERSION, ERR_BAD_KEY. */
MUST_CHECK enum err version_check(const struct version_fields *v);
/* The entry of this holder, or NULL. */
const struct version_share *version_share_of(const struct version_fields *v, const char *holder);

/* A holder's own share file, opened, its inner names compared and the scalar verified against the commitments.
 * Errors: ERR_BAD_BLOB (not the file the version names), ERR_BAD_CONTAINER, ERR_BAD_SHARE (inner names, scalar),
 * ERR_MISMATCH (no holder of this version). */
MUST_CHECK enum err version_open_share(const struct version_fields *v, const char *holder, struct span file,
                                       const struct secret *identity, struct secret *ret_scalar);
/* Moves a verified share into the requester's padlock. */
MUST_CHECK enum err version_reseal_share(const struct version_fields *v, unsigned index, const struct secret *scalar,
                                         const struct hash *request, const struct key *reply_to,
                                         struct bytes *ret_file);
/* The requester's side: opens, compares the inner names with request, version and index, verifies. Errors as above.
 */
MUST_CHECK enum err version_open_resealed(const struct version_fields *v, unsigned index, const struct hash *request,
                                          struct span file, const struct secret *reply_identity,
                                          struct secret *ret_scalar);
/* Joins exactly v->need verified scalars (need·32 bytes) and checks C0 and the recipient. Errors: ERR_BAD_SHARE (C0),
 * ERR_BAD_VERSION (the recipient), ERR_MEMORY. */
MUST_CHECK enum err version_combine(const struct version_fields *v, const unsigned indices[],
                                    const struct secret *scalars, struct secret *ret_identity);
/* Opens the ciphertext (its hash compared first) and checks the document's names. Errors: ERR_BAD_BLOB,
 * ERR_BAD_CONTAINER, ERR_BAD_VERSION (its inner names are another's). */
MUST_CHECK enum err version_open_document(const struct version_fields *v, struct span ciphertext,
                                          const struct secret *identity, struct document *ret);

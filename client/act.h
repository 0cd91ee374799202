/* The acts of people, each with every check of its own: the broker is believed nothing. All of them sync first, but
 * act_describe(), act_find_request() and act_debts(), which ask the own replica. ret_n (the entry) may be NULL. */
#pragma once
#include "client/client.h"
#include "quorum/document.h"
#include "quorum/version.h"

/* "R17" (line 17), "17", or at least 8 hex digits of an id → the request. Errors: ERR_NOT_FOUND, ERR_MISMATCH
 * (ambiguous). */
MUST_CHECK enum err act_find_request(struct client *c, const char *text, struct request_view *ret);
/* The moment to judge by: the own clock, but never before the log's last entry. */
int64_t act_now_ms(const struct client *c);

/* ---- sealing ---- */
/* Seals the document's fields as the next version of the credential under its policy now (initial, or by hand over an
 * existing one). */
MUST_CHECK enum err act_seal(struct client *c, const char *credential, const struct document_field fields[], size_t n,
                             struct hash *ret_version, uint64_t *ret_n);
/* The same by a rotator, as a pending rotation of this (the current) version. */
MUST_CHECK enum err act_seal_rotation(struct client *c, const struct hash *old_version,
                                      const struct document_field fields[], size_t n, struct hash *ret_version,
                                      uint64_t *ret_n);

/* ---- custody ---- */
/* For every live version that has a share of mine and no custody statement of mine for it (or one older than 60
 * days): fetches my share, opens and verifies it, and says so in one statement. bad: called for each share that does
 * not hold. */
MUST_CHECK enum err act_prove_custody(struct client *c,
                                      void (*bad)(void *context, const char *credential, uint64_t number, enum err e),
                                      void *context, size_t *ret_proven);

/* ---- asking ---- */
struct ask {
        const char *credential, *emergency, *incident /* or NULL */, *reason;
        int64_t open_for_ms;             /* 0: the policy's */
        const char *const *acknowledges; /* incidents whose overdue post-mortems are acknowledged */
        size_t n_acknowledges;
};
/* Incidents that the requester would have to acknowledge (overdue post-mortems of the installation): up to max names.
 */
size_t act_debts(const struct client *c, const char *ret[], size_t max);
MUST_CHECK enum err act_request(struct client *c, const struct ask *a, struct hash *ret_request, uint64_t *ret_n);

/* ---- approving ---- */
/* What an approver must see, from verified bytes. Texts borrow from the ledger. */
struct approval_case {
        struct request_view request;
        struct version_view version;
        const struct credential *credential;
        const struct policy *policy;
        const struct emergency *emergency;
        unsigned my_index;
        bool wants_override;
        unsigned others_spent; /* holders who approved other requests on this version */
        bool opens_it;         /* my approval makes it ready */
        unsigned requests_24h; /* other requests of this person in 24 h */
        unsigned debts;        /* post-mortems this person owes */
        bool i_have_approved;
        struct hash roster; /* in force */
};
/* What there is to see, without any judgement. Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err act_describe(const struct client *c, const struct hash *request, struct approval_case *ret);
/* Every check of an approver but the last look: request, version and earlier approvals are verified again from the
 * stored lines, the share is opened and fits its commitments. Errors: as each check says, ERR_DUPLICATE when I have
 * approved; ERR_LYING_BROKER where the broker's answer differs from the log. On success the scalar stays in
 * ret_scalar (locked) until the confirmation. */
MUST_CHECK enum err act_review(struct client *c, const struct hash *request, struct approval_case *ret,
                               struct secret *ret_scalar);
/* After the typed code: re-checks that nothing changed (ERR_MISMATCH with what changed), re-seals, signs, sends. */
MUST_CHECK enum err act_approve(struct client *c, const struct approval_case *reviewed, const struct secret *scalar,
                                bool override, uint64_t *ret_n);
MUST_CHECK enum err act_deny(struct client *c, const struct hash *request, const char *reason, bool suspicious,
                             uint64_t *ret_n);
MUST_CHECK enum err act_cancel(struct client *c, const struct hash *request, uint64_t *ret_n);

/* ---- opening ---- */
/* Says `open` (unless already said), fetches ciphertext and shares, verifies each approval and share, combines,
 * opens. bad_share is called for every share that does not hold, with its holder; the opening goes on with the
 * others. Errors: ERR_NOT_READY, ERR_BAD_SHARE (too few good ones), ERR_BAD_VERSION, ERR_LYING_BROKER, … */
MUST_CHECK enum err act_open(struct client *c, const struct hash *request, bool dark,
                             void (*bad_share)(void *context, const char *holder, enum err e), void *context,
                             struct document *ret);

/* ---- closing ---- */
/* done: an incident (label) or one request of mine. Re-opens what is still open to hand it, sealed, to the policy's
 * rotators; a failure to do so does not stop the close (ret_handed counts). */
MUST_CHECK enum err act_close_incident(struct client *c, const char *incident, unsigned *ret_handed, uint64_t *ret_n);
MUST_CHECK enum err act_close_request(struct client *c, const struct hash *request, unsigned *ret_handed,
                                      uint64_t *ret_n);
MUST_CHECK enum err act_hold(struct client *c, const char *incident, const char *reason, uint64_t *ret_n);
MUST_CHECK enum err act_extend(struct client *c, const struct hash *request, int64_t open_for_ms, uint64_t *ret_n);
MUST_CHECK enum err act_postmortem(struct client *c, const char *incident, enum criterion met, const char *text,
                                   uint64_t *ret_n);
MUST_CHECK enum err act_order(struct client *c, const struct hash versions[], size_t n, const char *why,
                              uint64_t *ret_n);
/* By hand: an admin says that the old value is dead (evidence as given). */
MUST_CHECK enum err act_rotation_done(struct client *c, const struct hash *old_version, const struct hash *pending,
                                      enum old_evidence old, bool new_works, const char *handle, uint64_t *ret_n);

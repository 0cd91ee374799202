/* The ledger: the state that all statements of the log, folded in order, give (docs/protocol.md, Rules of the fold).
 *
 * Pure: no clock, file or socket; time is each line's `at`, or the `now_ms` a question is asked for. Broker and
 * clients run this same code. Applying checks every rule first and changes nothing when one is broken. Signatures are
 * checked by admit.h before.
 *
 * Views borrow from the ledger and hold until the next apply. Indices of versions, requests, … are stable (they only
 * grow).
 */
#pragma once
#include "quorum/roster.h"
#include "quorum/statement.h"
#include "quorum/tree.h"

struct ledger;

struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);

/* Whether the ledger would take the statement at this time as its next line; the code words are those of
 * docs/protocol.md. A roster statement needs by[] filled in by admit.h (roster_follows() was run there).
 * ERR_DUPLICATE for one that is in the log already is the caller's to turn into the first answer: see ledger_find().
 */
MUST_CHECK enum err ledger_check(const struct ledger *l, const struct statement *s, int64_t at_ms);
/* Checks and, if it holds, folds it in as line n = ledger_size(). leaf: tree_leaf() of the line. at_ms must not be
 * less than the last line's (ERR_CORRUPT_LOG). */
MUST_CHECK enum err ledger_apply(struct ledger *l, const struct statement *s, int64_t at_ms, const struct hash *leaf);

/* ---- the log itself ---- */
uint64_t ledger_size(const struct ledger *l);
int64_t ledger_last_at(const struct ledger *l); /* 0 when empty */
struct hash ledger_root(const struct ledger *l);
struct hash ledger_root_at(const struct ledger *l, uint64_t size);
const struct tree *ledger_tree(const struct ledger *l);
/* The line number of a statement id; false when unknown. */
bool ledger_find(const struct ledger *l, const struct hash *id, uint64_t *ret_n);
/* A line's number to its statement's id (n < size). */
struct hash ledger_id_at(const struct ledger *l, uint64_t n);

/* ---- rosters ---- */
const struct hash *ledger_installation(const struct ledger *l);
const struct roster *
ledger_roster(const struct ledger *l); /* NULL before the genesis; owned by the ledger, replaced by a new one */
struct roster_view {
        uint64_t n; /* its line */
        struct hash id;
        struct key broker_signs;
};
size_t ledger_rosters(const struct ledger *l);
void ledger_roster_at(const struct ledger *l, size_t i, struct roster_view *ret);
/* The broker's signing key in force for a checkpoint of this size. */
const struct key *ledger_broker_key_at(const struct ledger *l, uint64_t size);

/* ---- versions ---- */
enum version_state {
        VERSION_SEALED,  /* a rotation by hand that waits for custody */
        VERSION_PENDING, /* a rotator's, not promoted */
        VERSION_CURRENT,
        VERSION_REPLACED, /* was current once */
        VERSION_DROPPED,  /* never was, and never will be */
};

struct version_view {
        size_t index;
        uint64_t n; /* its line */
        int64_t at_ms;
        struct hash id;
        const struct version_fields *fields;
        const char *sealer;
        enum version_state state;
        int64_t current_since_ms;   /* 0 if it never was */
        enum old_evidence evidence; /* of a replaced one: OLD_NONE until there is any */
        bool is_retired;            /* its credential is in the roster no more */
};
size_t ledger_versions(const struct ledger *l);
void ledger_version_at(const struct ledger *l, size_t i, struct version_view *ret);
bool ledger_version_by_id(const struct ledger *l, const struct hash *id, struct version_view *ret);
bool ledger_current_version(const struct ledger *l, const char *credential, struct version_view *ret);
/* The pending version that is being set, or the last pending one of the credential. */
bool ledger_pending_version(const struct ledger *l, const char *credential, struct version_view *ret);
/* Holder of the version and of the policy as it is now, with the same key (or NULL policy: as the roster has it). */
bool ledger_is_eligible(const struct ledger *l, const struct version_view *v, const char *holder);
unsigned ledger_eligible(const struct ledger *l, const struct version_view *v);
/* Shares needed for an opening now: max(version.need, policy.approvals). */
unsigned ledger_threshold(const struct ledger *l, const struct version_view *v);
bool ledger_is_outdated(const struct ledger *l, const struct version_view *v);
/* Latest custody statement by this holder for any version of the credential / for exactly this version; 0 when none.
 */
int64_t ledger_custody_of_credential(const struct ledger *l, const char *credential, const char *holder);
int64_t ledger_custody_of_version(const struct ledger *l, const struct hash *version, const char *holder);
/* Appends whom rule 10 does not count for the version, as "alice, carol": eligible, but unproven or not lately. Gives
 * how many it counts. */
unsigned ledger_custody_wanted(const struct ledger *l, const struct version_view *v, int64_t now_ms,
                               struct bytes *ret);

/* ---- requests ---- */
enum request_state { REQUEST_WAITING, REQUEST_READY, REQUEST_OPENED, REQUEST_ENDED };
enum request_end {
        END_NONE,
        END_DENIED,
        END_CANCELLED,
        END_DONE,
        END_TIME,
        END_WEBHOOK,
        END_EXPIRED,
        END_RETIRED,
        END_OFFLINE /* opened without the broker; over when a recovery told of it */
};

struct request_view {
        size_t index;
        uint64_t n;
        int64_t at_ms;
        struct hash id;
        const char *requester, *credential, *emergency, *reason,
                *incident; /* incident: never NULL (own id in hex when none given) */
        bool has_incident;
        struct hash version;
        struct key reply_to;
        int64_t made_at_ms, open_for_ms, expires_at_ms; /* open_for: as asked */
        enum request_state state;                       /* at the time asked for */
        enum request_end end;
        int64_t opened_at_ms; /* 0: not opened */
        uint64_t opened_n;
        int64_t access_until_ms; /* opened_at + open_for as extended; 0 when not opened */
        int64_t ended_at_ms;     /* of an ended one; for expiry its expires_at or last approval's */
        bool close_is_logged;    /* an expired one: whether the close line is there */
        unsigned threshold;      /* approvals needed now */
        unsigned approvals;      /* eligible and unexpired at the time asked for */
        unsigned approvals_ever; /* shares that left their holders */
        unsigned denials;
        bool is_dark;
};
size_t ledger_requests(const struct ledger *l);
void ledger_request_at(const struct ledger *l, size_t i, int64_t now_ms, struct request_view *ret);
bool ledger_request_by_id(const struct ledger *l, const struct hash *id, int64_t now_ms, struct request_view *ret);

struct approval_view {
        uint64_t n;
        struct hash id;
        const char *approver;
        unsigned index;
        struct hash share; /* the re-sealed file's */
        int64_t at_ms, made_at_ms, expires_at_ms;
        bool is_override;
        bool is_valid; /* eligible and unexpired at the time asked for */
};
size_t ledger_approvals(const struct ledger *l, size_t request); /* of a request */
void ledger_approval_at(const struct ledger *l, size_t request, size_t i, int64_t now_ms, struct approval_view *ret);

struct denial_view {
        uint64_t n;
        const char *denier, *reason;
        int64_t at_ms;
        bool is_suspicious;
};
size_t ledger_denials(const struct ledger *l, size_t request);
void ledger_denial_at(const struct ledger *l, size_t request, size_t i, struct denial_view *ret);
/* Whether this approver's approval would want an override (design §5, Spent shares). ret_others: distinct holders
 * spent on other requests. */
bool ledger_wants_override(const struct ledger *l, const struct hash *request, const char *approver,
                           unsigned *ret_others);

/* ---- incidents ---- */
struct incident_view {
        const char *incident;
        unsigned requests, opened, live; /* live: opened and not ended */
        int64_t first_at_ms, last_ended_at_ms;
        bool is_open;         /* some request has not ended */
        bool owes_postmortem; /* opened, all ended, none written */
        bool is_overdue;
        int64_t postmortem_due_ms; /* 0 when nothing is owed */
        bool has_postmortem;
        enum criterion criterion_met;
        bool has_proposed_close; /* a webhook's proposal that nobody holds */
        int64_t proposed_deadline_ms;
};
size_t ledger_incidents(const struct ledger *l);
void ledger_incident_at(const struct ledger *l, size_t i, int64_t now_ms, struct incident_view *ret);
bool ledger_incident_by_name(const struct ledger *l, const char *incident, int64_t now_ms, struct incident_view *ret);

/* ---- rotation ---- */
enum rotation_reason { NOT_DUE = 0, DUE_SPENT, DUE_OUTDATED, DUE_ORDERED, DUE_AGE };

struct rotation_view {
        struct hash version;      /* the old one */
        enum rotation_reason due; /* why a new version is wanted now */
        bool is_claimed;          /* a lease runs at the time asked for */
        const char *claimed_by;
        int64_t claimed_until_ms;
        bool has_pending; /* a pending version that steps speak of, or the last one stored */
        struct hash pending;
        enum rotation_outcome set, test, revoke; /* the last outcome said for that pending */
        bool is_promoted, is_done;
        enum old_evidence evidence;
        bool new_works;
        bool must_wait; /* revoke and done: another opening or request is still live (`in-use`) */
        int64_t wait_until_ms;
        bool has_fresh_custody;          /* rule 10 for the pending version */
        enum rotation_reason reason;     /* why it was wanted, also once it is replaced; NOT_DUE: by hand */
        int64_t begun_at_ms, said_at_ms; /* the first and the last word about it: an order, a step; 0: none yet */
        bool has_order;
        uint64_t order_n; /* the entry of the first order that named it */
};
/* false when the version is unknown. */
bool ledger_rotation(const struct ledger *l, const struct hash *old_version, int64_t now_ms,
                     struct rotation_view *ret);

/* ---- notices ---- */
struct channel_view {
        const char *channel;
        int64_t last_accepted_ms, last_failed_ms; /* 0: never */
};
size_t ledger_channels(const struct ledger *l);
void ledger_channel_at(const struct ledger *l, size_t i, struct channel_view *ret);

/* ---- what the broker owes: statements that only time calls for ---- */
enum duty_kind { DUTY_CLOSE_TIME, DUTY_CLOSE_EXPIRED, DUTY_CLOSE_WEBHOOK };
struct duty {
        enum duty_kind kind;
        struct hash request;  /* of time and expired */
        const char *incident; /* of webhook */
};
/* Up to max duties that are due at now_ms; ret_next_ms: the next moment when one may become due (INT64_MAX when
 * none). */
size_t ledger_duties(const struct ledger *l, int64_t now_ms, struct duty ret[], size_t max, int64_t *ret_next_ms);

/* ---- snapshots: the state's bytes bound to (size, root), for this machine's own disk ---- */
void ledger_save(const struct ledger *l, struct bytes *ret);
/* Everything in it is bounds-checked; a damaged or foreign-layout snapshot gives ERR_CORRUPT_STORE and a replay is
 * the answer. */
MUST_CHECK enum err ledger_load(struct span snapshot, struct ledger **ret);

/* The ledger's inside: tables of plain rows that refer to each other by number, so that a snapshot is their bytes.
 *
 * Only ledger*.c, snapshot*.c and their tests may include this. Rows never move between tables and are never removed;
 * lists run through `next`-like fields that hold a row's number or NONE. Names are interned, so that equal names are
 * equal numbers and everything known by a name is found in one step. Texts lie in chunks that never move: pointers to
 * them hold as long as the ledger.
 */
#pragma once
#include "quorum/ledger.h"
#include <assert.h>

#define NONE UINT32_MAX

/* One line of the log. `row`: of a version or request, otherwise NONE. */
struct line_row {
        struct hash id;
        uint32_t type, row;
};

/* An interned name and everything that is known by it. */
struct name_row {
        uint32_t text;
        uint32_t person, credential, incident, channel;
};

enum key_use { KEY_IN_ROSTER = 1, KEY_OF_VERSION = 2, KEY_OF_REPLY = 4 };

/* A public key that was ever used for something. */
struct key_row {
        struct key key;
        uint32_t uses;
};

struct roster_row {
        uint64_t n, number;
        struct hash id;
        struct key broker_signs;
};

/* A person or rotator of any roster so far. */
struct person_row {
        uint32_t name;
        uint32_t last_seat;   /* newest first */
        uint32_t entry;       /* in the present roster's people, or NONE */
        uint32_t first_owed;  /* requests of theirs that were opened and whose incident has no post-mortem */
        uint32_t first_proof; /* of custody */
};

/* A person's keys in the rosters first…end−1 (row numbers); end is NONE while they are in force. */
struct seat_row {
        struct key signs, opens;
        uint32_t name, first, end, before;
};

/* The last custody statement of a person made with this opening key. */
struct proof_row {
        struct key opens;
        int64_t at_ms;
        uint32_t next, unused;
};

struct credential_row {
        uint64_t highest; /* version number */
        int64_t postmortem_within_ms;
        uint32_t name;
        uint32_t entry;        /* in the present roster's credentials; NONE: retired */
        uint32_t current;      /* version, or NONE before the first */
        uint32_t last_waiting; /* pending and sealed versions, newest first */
        uint32_t last_version; /* all of them, newest first */
        uint32_t unused;
};

struct version_row {
        uint64_t n, number, ciphertext_bytes;
        int64_t at_ms, current_since_ms, claimed_until_ms;
        /* As an old version; 0: never. begun, said: the first and the last word about its rotation (an order, a
         * step). */
        int64_t begun_at_ms, said_at_ms;
        uint64_t ordered_n; /* the line + 1 of the first order that named it */
        struct hash id, previous, rotation_of, ciphertext_sha256;
        struct key recipient;
        uint32_t credential, policy, sealer; /* policy, sealer: names */
        uint32_t recipient_text;
        uint32_t state; /* enum version_state */
        uint32_t need, n_shares, first_share, first_commitment;
        uint32_t eligible;         /* a bit for each share whose holder is eligible now */
        uint32_t proven;           /* a bit for each share whose holder's custody statement names this version */
        uint32_t next_waiting;     /* see credential_row.last_waiting */
        uint32_t before;           /* the credential's version before this one */
        uint32_t claimed_by;       /* a name, or NONE */
        uint32_t replaced_by;      /* version, or NONE */
        uint8_t set, test, revoke; /* as a pending version: enum rotation_outcome said last */
        uint8_t is_promoted;
        uint8_t new_works;
        uint8_t evidence; /* as an old version: enum old_evidence */
        uint8_t is_revoking, is_done, is_ordered, is_spent, was_opened, is_outdated, is_initial, has_previous;
        uint8_t unused[2];
};

struct share_row {
        struct hash sha256;
        struct key recipient;
        int64_t custody_at_ms;   /* of this very version; 0: never */
        uint32_t holder;         /* a name */
        uint32_t recipient_text; /* a name: the same few recur */
        uint32_t index;
        uint32_t spent; /* requests that this share was re-sealed for */
};

struct point_row {
        point_bytes b;
};

struct request_row {
        uint64_t n, opened_n;
        int64_t at_ms, made_at_ms, expires_at_ms;
        int64_t asked_open_for_ms, open_for_ms; /* as asked; as extended */
        int64_t opened_at_ms, ended_at_ms;
        struct hash id;
        struct key reply_to;
        uint32_t requester, emergency; /* names */
        uint32_t credential, version, incident;
        uint32_t reason;             /* a text */
        uint32_t approvers, deniers; /* a bit for each share of the version */
        uint32_t n_approvals, first_approval, last_approval;
        uint32_t n_denials, first_denial, last_denial;
        uint32_t first_vote;
        uint32_t next_of_incident;
        uint32_t previous_live, next_live; /* requests whose end is not in the log, oldest first */
        uint32_t previous_owed, next_owed; /* see person_row.first_owed */
        uint8_t end;                       /* enum request_end, as the log says it */
        uint8_t has_incident, is_dark, is_owed;
};

struct approval_row {
        uint64_t n;
        int64_t at_ms, made_at_ms, expires_at_ms;
        struct hash share;
        uint32_t position; /* of the approver's share */
        uint32_t next;
        uint32_t is_override;
        uint32_t offline; /* its row, when it was said offline; else NONE */
};

struct denial_row {
        uint64_t n;
        int64_t at_ms;
        uint32_t denier, reason; /* a name, a text */
        uint32_t is_suspicious, next;
};

/* A holder's wish for this total access time. */
struct vote_row {
        int64_t open_for_ms;
        uint32_t position, next;
};

struct incident_row {
        uint64_t proposed_n, held_n, hooked_n; /* lines + 1 of the last proposal, hold, webhook close; 0: none */
        int64_t deadline_ms;                   /* of the last proposal */
        uint32_t name;
        uint32_t first_request, last_request, n_requests;
        uint32_t has_postmortem, criterion;
};

/* A statement that a recovery brought: known by its id like a line. `row`: of a request, otherwise NONE. */
struct offline_row {
        struct hash id;
        uint32_t type, row;
};

struct channel_row {
        int64_t accepted_ms, failed_ms;
        uint32_t name, unused;
};

#define TABLE_LIST(X)                                                                                                \
        X(line)                                                                                                      \
        X(name)                                                                                                      \
        X(key)                                                                                                       \
        X(roster)                                                                                                    \
        X(person)                                                                                                    \
        X(seat)                                                                                                      \
        X(proof)                                                                                                     \
        X(credential)                                                                                                \
        X(version)                                                                                                   \
        X(share)                                                                                                     \
        X(point)                                                                                                     \
        X(request)                                                                                                   \
        X(approval)                                                                                                  \
        X(denial)                                                                                                    \
        X(vote)                                                                                                      \
        X(incident)                                                                                                  \
        X(channel)                                                                                                   \
        X(offline)

enum table_name {
#define X(noun) TABLE_##noun,
        TABLE_LIST(X)
#undef X
                TABLE_COUNT
};

struct table {
        unsigned char *rows;
        uint32_t n, cap;
};

/* From a key's hash to a row, open addressing; at most half full. */
struct index_slot {
        uint32_t tag, row; /* row + 1; 0: empty */
};
struct index {
        struct index_slot *slot;
        uint32_t n, cap;
};

#define TEXT_CHUNK 65536u

/* Texts by number: chunk · TEXT_CHUNK + place. Number 0 is "". */
struct text_pool {
        char **chunk;
        uint32_t n_chunks, used; /* used: of the last chunk */
};

struct ledger {
        struct table table[TABLE_COUNT];
        struct text_pool text;
        struct index ids, names, keys, offline;
        struct tree *tree;
        int64_t last_at_ms;
        uint32_t first_live, last_live; /* see request_row.next_live */
        struct roster *roster;
        const struct policy **policy_of; /* by credential row; NULL: retired */
        struct version_fields **fields;  /* by version row: as the statement said it */
        uint32_t policy_cap, fields_cap;
        /* The head that the last line named, known to be right: the next one often names the same. */
        uint64_t seen_size;
        struct hash seen_root;
};

extern const size_t table_row_size[TABLE_COUNT];

void *table_row(const struct ledger *l, enum table_name t, uint32_t i);
void *table_add(struct ledger *l, enum table_name t, uint32_t *ret_i); /* a zero row; may move the table's others */

/* row_request(l, i), count_request(l), add_request(l, &i) and so on. Row pointers hold until the next add_. */
#define X(noun)                                                                                                      \
        static inline struct noun##_row *row_##noun(const struct ledger *l, uint32_t i)                              \
        {                                                                                                            \
                return table_row(l, TABLE_##noun, i);                                                                \
        }                                                                                                            \
        static inline uint32_t count_##noun(const struct ledger *l)                                                  \
        {                                                                                                            \
                return l->table[TABLE_##noun].n;                                                                     \
        }                                                                                                            \
        static inline struct noun##_row *add_##noun(struct ledger *l, uint32_t *ret_i)                               \
        {                                                                                                            \
                return table_add(l, TABLE_##noun, ret_i);                                                            \
        }
TABLE_LIST(X)
#undef X

/* ---- ledger_table.c: texts, names, keys, ids ---- */
uint32_t text_add(struct ledger *l, const char *text);
const char *text_at(const struct ledger *l, uint32_t text);
uint32_t name_find(const struct ledger *l, const char *name); /* NONE when it was never heard */
uint32_t name_intern(struct ledger *l, const char *name);
const char *name_text(const struct ledger *l, uint32_t name); /* NULL for NONE */
uint32_t key_find(const struct ledger *l, const struct key *k);
bool key_was_used(const struct ledger *l, const struct key *k, unsigned uses);
void key_use(struct ledger *l, const struct key *k, unsigned use);
uint32_t line_find(const struct ledger *l, const struct hash *id); /* the line, or NONE */
/* The row of a version or request with this id, said offline too, or NONE. */
uint32_t find_of_type(const struct ledger *l, const struct hash *id, enum statement_type type);
uint32_t offline_find(const struct ledger *l, const struct hash *id); /* its row, or NONE */
void index_line(struct ledger *l, uint32_t i);
void index_offline(struct ledger *l, uint32_t i);
void index_name(struct ledger *l, uint32_t i);
void index_key(struct ledger *l, uint32_t i);
void index_reserve(struct index *x, uint32_t n);

/* ---- what a rule looks at ---- */
struct act {
        const struct statement *s;
        int64_t at_ms;
        uint32_t by; /* the signer's name; NONE for the broker */
        bool is_broker, is_admin;
        struct key key; /* of a request or version: reply_to or recipient, read by its check */
};

struct rule {
        enum err (*check)(const struct ledger *l, struct act *a);
        void (*fold)(struct ledger *l, const struct act *a); /* line n is there already */
};
extern const struct rule rule_version, rule_custody, rule_request, rule_approval, rule_denial, rule_cancel, rule_open,
        rule_close, rule_hold, rule_extend, rule_order, rule_rotation, rule_postmortem, rule_notice, rule_recovery;

/* The line being folded. */
static inline uint32_t this_line(const struct ledger *l)
{
        return count_line(l) - 1;
}

/* ---- ledger_roster.c ---- */
enum err roster_check(const struct ledger *l, const struct statement *s);
void roster_fold(struct ledger *l, const struct statement *s);
/* Finds people, credentials and policies of l->roster again (after a load too). */
void roster_relink(struct ledger *l);
const struct person *person_of(const struct ledger *l, uint32_t name); /* in the present roster, or NULL */
uint32_t credential_find(const struct ledger *l, const char *name);    /* in the present roster, or NONE */
/* A bit for each share of the version whose holder is in the policy and has the same opening key. */
uint32_t eligible_mask(const struct ledger *l, const struct version_row *v);

/* ---- ledger_seat.c ---- */
/* After a roster came in force: who keeps a seat, who gets a new one. */
void seats_fold(struct ledger *l);
/* The roster in force for whoever had seen a log of this size; NONE when there was none. */
uint32_t roster_at_size(const struct ledger *l, uint64_t size);
/* The person's seat in this roster, or NULL. */
const struct seat_row *seat_find(const struct ledger *l, const char *name, uint32_t roster);

/* ---- ledger_version.c ---- */
static inline const struct policy *policy_of_version(const struct ledger *l, const struct version_row *v)
{
        return l->policy_of[v->credential];
}
uint32_t version_find(const struct ledger *l, const struct hash *id); /* of a credential in the roster, or NONE */
uint32_t share_position(const struct ledger *l, const struct version_row *v, uint32_t holder); /* or NONE */
struct share_row *share_at(const struct ledger *l, const struct version_row *v, uint32_t position);
unsigned version_threshold(const struct ledger *l, const struct version_row *v);
bool version_is_outdated(const struct ledger *l, const struct version_row *v);
/* The newest pending version of the credential whose `set` has started, or NONE. */
uint32_t version_being_set(const struct ledger *l, uint32_t credential);
void version_make_current(struct ledger *l, uint32_t version, int64_t at_ms);
void version_materialise(struct ledger *l, uint32_t version);
/* An old version's requests may be approved and opened until its revocation starts. */
bool version_serves(const struct version_row *v);

/* ---- ledger_request.c ---- */
uint32_t request_find(const struct ledger *l, const struct hash *id); /* of a credential in the roster, or NONE */
unsigned request_valid_approvals(const struct ledger *l, const struct request_row *r, int64_t at_ms);
/* The moment when it stops being ready if nothing more happens; 0 when it isn't. */
int64_t request_ready_until(const struct ledger *l, const struct request_row *r);
/* How it has ended at this time, by the log or by time itself. ret_at may be NULL. */
enum request_end request_end_at(const struct ledger *l, const struct request_row *r, int64_t at_ms, int64_t *ret_at);
/* OK while it lives, else `expired` or `ended`. */
enum err request_alive(const struct ledger *l, const struct request_row *r, int64_t at_ms);
static inline int64_t request_access_until(const struct request_row *r)
{
        return r->opened_at_ms + r->open_for_ms;
}
void request_finish(struct ledger *l, uint32_t request, enum request_end end, int64_t ended_at_ms);

/* An offered padlock is nobody's key and was never used before. Errors: ERR_BAD_KEY. */
enum err reply_to_check(const struct ledger *l, const char *reply_to, struct key *ret);
/* A new row for a request of this line, in its incident; not among the live ones. */
uint32_t request_enter(struct ledger *l, const struct statement *s, uint32_t requester, uint32_t version,
                       const struct key *reply_to, int64_t at_ms);

/* ---- ledger_approval.c ---- */
/* A new approval of this line at the end of the request's list; its share is spent. */
struct approval_row *approval_enter(struct ledger *l, const struct statement *s, uint32_t request, uint32_t approver,
                                    int64_t at_ms);
/* Distinct holders who approved any other request on the same version; 0 where that was opened. */
uint32_t request_others(const struct ledger *l, const struct request_row *r);
bool request_wants_override(const struct ledger *l, const struct request_row *r, uint32_t position);

/* ---- ledger_incident.c ---- */
uint32_t incident_find(const struct ledger *l, const char *incident); /* one with requests, or NONE */
uint32_t incident_intern(struct ledger *l, const char *incident);
void incident_owe(struct ledger *l, uint32_t request); /* it was opened */
bool incident_request_owes(const struct ledger *l, const struct request_row *r, int64_t at_ms, int64_t *ret_due_ms);
bool person_owes(const struct ledger *l, uint32_t name, int64_t at_ms);
bool incident_is_proposed(const struct incident_row *i); /* a close that nobody holds */

/* ---- ledger_rotation.c ---- */
enum rotation_reason rotation_due(const struct ledger *l, uint32_t version, int64_t at_ms);
/* Why one would be due then if the version were current. */
enum rotation_reason rotation_reason(const struct ledger *l, uint32_t version, int64_t at_ms);
bool rotation_is_claimed_by_other(const struct version_row *v, uint32_t name, int64_t at_ms);
/* Rule 10 for a pending version. */
bool rotation_has_custody(const struct ledger *l, const struct version_row *pending, int64_t at_ms);
bool rotation_share_is_proven(const struct ledger *l, const struct share_row *share, int64_t at_ms);
/* When nothing on the old version is live any more; 0 when nothing is. */
int64_t rotation_wait_until(const struct ledger *l, uint32_t version, int64_t at_ms);

static inline unsigned bits_of(uint32_t mask)
{
        return (unsigned)__builtin_popcount(mask);
}

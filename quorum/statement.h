/* Statements: what people and machines say, as JSON payloads (docs/protocol.md, Payloads). Strict both ways.
 *
 * A parsed statement owns its JSON; texts point into it. To make one: fill in a struct statement (texts are borrowed)
 * and statement_write() it; what is signed and stored is those bytes, never re-serialised.
 */
#pragma once
#include "base/json.h"
#include "quorum/keys.h"
#include "quorum/share.h"

#define NONCE_BYTES    16u
#define SIGNATURES_MAX 64u
#define NAME_MAX_CHARS 128u
#define REASON_MAX     500u
#define TEXT_MAX       200u
#define POSTMORTEM_MAX 65536u
#define OFFLINE_MAX    16384u /* bytes of a statement inside a recovery */

/* enum, name on the wire, who may sign */
#define STATEMENT_LIST(X)                                                                                            \
        X(STATEMENT_ROSTER, "roster")                                                                                \
        X(STATEMENT_VERSION, "version")                                                                              \
        X(STATEMENT_CUSTODY, "custody")                                                                              \
        X(STATEMENT_REQUEST, "request")                                                                              \
        X(STATEMENT_APPROVAL, "approval")                                                                            \
        X(STATEMENT_DENIAL, "denial")                                                                                \
        X(STATEMENT_CANCEL, "cancel")                                                                                \
        X(STATEMENT_OPEN, "open")                                                                                    \
        X(STATEMENT_CLOSE, "close")                                                                                  \
        X(STATEMENT_HOLD, "hold")                                                                                    \
        X(STATEMENT_EXTEND, "extend")                                                                                \
        X(STATEMENT_ORDER, "order")                                                                                  \
        X(STATEMENT_ROTATION, "rotation")                                                                            \
        X(STATEMENT_POSTMORTEM, "postmortem")                                                                        \
        X(STATEMENT_NOTICE, "notice")                                                                                \
        X(STATEMENT_RECOVERY, "recovery")                                                                            \
        X(STATEMENT_SESSION, "session") /* sign-in only; never in the log */

enum statement_type {
#define X(name, word) name,
        STATEMENT_LIST(X)
#undef X
                STATEMENT_COUNT,
        STATEMENT_UNKNOWN = STATEMENT_COUNT
};

enum close_why { CLOSE_DONE, CLOSE_TIME, CLOSE_WEBHOOK, CLOSE_EXPIRED };
enum rotation_step { STEP_CLAIM, STEP_SET, STEP_TEST, STEP_PROMOTED, STEP_REVOKE, STEP_DONE };
enum rotation_outcome { OUTCOME_NONE, OUTCOME_STARTED, OUTCOME_OK, OUTCOME_FAILED, OUTCOME_UNKNOWN };
enum old_evidence { OLD_NONE, OLD_REFUSED, OLD_REPLACED, OLD_UNPROVEN };
enum criterion { CRITERION_YES, CRITERION_NO, CRITERION_DRILL };
enum notice_outcome { NOTICE_ACCEPTED, NOTICE_FAILED, NOTICE_PROPOSED_CLOSE };

struct version_share {
        const char *holder;
        unsigned index;
        const char *recipient; /* age1… */
        struct hash sha256;
};

struct version_fields {
        const char *credential;
        uint64_t number;
        bool has_previous;
        struct hash previous;
        const char *policy;
        unsigned need;
        const char *recipient; /* age1… of the version key */
        unsigned n_commitments;
        point_bytes commitments[SHARE_MAX];
        unsigned n_shares;
        struct version_share shares[SHARE_MAX];
        struct hash ciphertext_sha256;
        uint64_t ciphertext_bytes;
        bool is_initial; /* otherwise "rotation of" rotation_of */
        struct hash rotation_of;
};

struct hash_list {
        size_t n;
        struct hash *h; /* owned by the statement when parsed */
};

/* A statement said offline, verbatim: its payload and the one SSHSIG blob over it. */
struct offline_statement {
        struct bytes payload, signature;
        struct statement *said; /* as parsed; NULL in one that is to be written */
};

struct statement {
        enum statement_type type;
        /* common head; a roster statement has only its id, by (filled in by whoever checked the signatures) and
         * roster */
        struct hash id; /* SHA-256 of the payload bytes; set by parsing */
        struct hash installation;
        struct hash roster;
        size_t n_by;
        const char *by[SIGNATURES_MAX];
        int64_t made_at_ms;
        unsigned char nonce[NONCE_BYTES];
        uint64_t head_size;
        struct hash head_root;

        union {
                struct version_fields version;
                struct {
                        struct hash_list versions;
                } custody;
                struct {
                        const char *credential;
                        struct hash version;
                        const char *emergency;
                        const char *incident; /* NULL when absent */
                        const char *reason;
                        int64_t open_for_ms;
                        const char *reply_to; /* age1… */
                        int64_t expires_at_ms;
                        size_t n_acknowledges;
                        const char **acknowledges; /* owned when parsed */
                } request;
                struct {
                        struct hash request, version;
                        unsigned index;
                        struct hash share;
                        int64_t expires_at_ms;
                        bool override;
                } approval;
                struct {
                        struct hash request;
                        const char *reason;
                        bool suspicious;
                } denial;
                struct {
                        struct hash request;
                } cancel;
                struct {
                        struct hash request;
                        bool dark;
                } open;
                struct {
                        const char *incident; /* exactly one of incident (not NULL) and request */
                        struct hash request;
                        enum close_why why;
                } close;
                struct {
                        const char *incident;
                        const char *reason; /* or NULL */
                } hold;
                struct {
                        struct hash request;
                        int64_t open_for_ms;
                } extend;
                struct {
                        struct hash_list versions;
                        const char *why;
                } order;
                struct {
                        struct hash version;
                        bool has_pending;
                        struct hash pending;
                        enum rotation_step step;
                        enum rotation_outcome outcome;
                        int64_t until_ms; /* of a claim; 0 otherwise */
                        enum old_evidence old;
                        bool has_new_works;
                        const char *handle; /* or NULL */
                } rotation;
                struct {
                        const char *incident;
                        enum criterion criterion_met;
                        const char *text;
                } postmortem;
                struct {
                        const char *event, *channel;
                        enum notice_outcome outcome;
                        const char *about;    /* or NULL */
                        const char *incident; /* or NULL */
                        int64_t deadline_ms;  /* 0 when absent */
                        const char *detail;   /* or NULL */
                } notice;
                struct {
                        bool untimed;                      /* always: no clock was believed */
                        size_t n;                          /* the request, 1…SHARE_MAX approvals, the open */
                        struct offline_statement *offline; /* owned when parsed */
                } recovery;
                struct {
                        unsigned char challenge[32]; /* as the broker gave it, hex on the wire */
                } session;
        };

        struct roster *new_roster; /* of a parsed roster statement (owned) */
        json_t *json_;             /* what the texts point into */
};

const char *statement_type_word(enum statement_type t);
enum statement_type statement_type_from_word(struct span word); /* STATEMENT_UNKNOWN */
/* "breakglass/request" */
const char *statement_namespace(enum statement_type t);

/* Parses payload bytes of this type; every form rule of docs/protocol.md that needs no ledger is checked here.
 * Errors: ERR_BAD_STATEMENT, ERR_UPGRADE (v is not 1), ERR_BAD_VERSION (counts of commitments or shares out of
 * bounds), ERR_BAD_KEY (a malformed or low-order key), ERR_BAD_ROSTER. */
MUST_CHECK enum err statement_parse(enum statement_type type, struct span payload, struct statement **ret);
void statement_free(struct statement *s);
/* Appends the payload's JSON. Not for rosters. The result always passes statement_parse() when the values are in
 * range. */
void statement_write(const struct statement *s, struct bytes *ret);
/* Fills the nonce. */
void statement_new_nonce(struct statement *s);

/* Names of people, rotators, policies, credentials: [a-z0-9][a-z0-9._/-]{0,127} without "..", not `broker` or `none`.
 */
bool name_is_valid(const char *name);
/* Emergency and incident ids: [A-Za-z0-9][A-Za-z0-9._/-]{0,127}. */
bool label_is_valid(const char *label);

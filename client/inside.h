/* The client's parts see each other here; programs include client.h and act.h. */
#pragma once
#include "client/client.h"
#include "client/parting.h"

/* For calls without and with blobs. */
#define CALL_MS (20 * SECOND_MS)
#define BULK_MS (120 * SECOND_MS)

#define TOKEN_HEX 64u

struct client {
        struct home home;
        struct replica *replica;
        struct http *http;
        size_t n_lanes;
        struct http **lanes; /* further connections, of client_say_many() */
        int64_t (*now_ms)(void);

        struct identity me;
        bool is_unlocked;
        char *name; /* mine; NULL until the roster has me */

        struct roster *first_roster; /* from /v1/about, while the replica has none */
        struct parting parting;      /* of the last alarm */
        bool is_signed_in;
        bool has_retried;
        size_t n_resent; /* what client_retry_outgoing() brought into the log in this run */
        struct hash *resent;
};

/* Finds my name in the newest roster and compares my keys. Errors: as client_unlock(). */
MUST_CHECK enum err client_find_me(struct client *c);

/* ---- contact.c: /v1/about ---- */
/* What /v1/about proves by itself, from the genesis pin. */
struct about {
        struct roster *roster; /* the newest */
        size_t n_rosters;
        struct hash *ids; /* of each roster */
        struct bytes note;
        struct checkpoint head; /* signed by the newest roster's broker key */
};
#define CLEANUP_ABOUT __attribute__((cleanup(about_done)))
void about_done(struct about *a);
MUST_CHECK enum err about_fetch(struct http *http, const struct hash *genesis, struct about *ret);
/* Fetches it over any TLS key, then again over the key that the verified roster names. */
MUST_CHECK enum err about_first_contact(struct http *http, const struct hash *genesis, struct about *ret);
/* Brings TLS pin (and, with an empty replica, roster and head) up to what the broker proves; an older or forked
 * roster chain is an alarm. */
MUST_CHECK enum err client_contact(struct client *c);
/* The broker says that our own head is not of its log: both heads in the reason. */
enum err client_alarm_fork(struct client *c);

/* ---- parting.c ---- */
/* Finds out how the logs of two verified heads part ways, for client_parting(). What can't be found out is left
 * unknown. */
void client_find_parting(struct client *c, const struct checkpoint *ours, const struct checkpoint *theirs);

/* ---- session.c ---- */
/* A session whose head is the log's first entry alone: for a broker that has another log than ours. */
MUST_CHECK enum err client_sign_in_at_genesis(struct client *c);
/* One exchange, signed in when with_token; a refusal becomes its error. */
MUST_CHECK enum err client_call(struct client *c, const char *path, const struct span *body, int64_t timeout_ms,
                                struct bytes *ret);
MUST_CHECK enum err client_call_signed_in(struct client *c, const char *path, int64_t timeout_ms, struct bytes *ret);
/* After new lines: pin, own name and keys, ended requests. */
MUST_CHECK enum err client_settle(struct client *c);

/* ---- kept_parts.c: the sealed parts of versions that this client has sealed ---- */
/* The version that was sent is in the log: its statement and parts are kept instead of forgotten. false: it is no
 * version of this log. Errors of the disk lose only the copy. */
bool client_keep_parts(struct client *c, const struct hash *id);
/* Drops those of versions that nobody opens any more. */
MUST_CHECK enum err client_drop_parts(struct client *c);

/* ---- say.c ---- */
/* A statement as it is sent. */
struct outgoing {
        struct hash id;
        struct bytes body; /* {"statement":…,"blobs":[…]} */
};
#define CLEANUP_OUTGOING __attribute__((cleanup(outgoing_done)))
void outgoing_done(struct outgoing *o);
/* Fills in the head, signs; nothing is stored yet. */
MUST_CHECK enum err client_compose(struct client *c, struct statement *s, const struct span blobs[], size_t n_blobs,
                                   struct outgoing *ret);
/* Common head without signing (a session, a question to the ledger). */
void client_fill_head(struct client *c, struct statement *s);
MUST_CHECK enum err sign_as(const struct identity *me, const struct statement *s, struct envelope *ret);
MUST_CHECK enum err client_sign(struct client *c, const struct statement *s, struct envelope *ret);
MUST_CHECK enum err client_store(struct client *c, const struct outgoing *o);
MUST_CHECK enum err client_deliver(struct client *c, const struct outgoing *o, uint64_t *ret_n);
/* The first try: when nobody was reached, nothing is kept. */
MUST_CHECK enum err client_deliver_now(struct client *c, const struct outgoing *o, uint64_t *ret_n);

/* After the broker took a statement: its receipt holds, and the log has the entry. */
MUST_CHECK enum err client_follow_receipt(struct client *c, const struct hash *id, struct span answer,
                                          uint64_t *ret_n);

/* An answer's JSON object; malformed is a lie. */
MUST_CHECK enum err answer_json(struct span body, unsigned max_depth, json_t **ret);

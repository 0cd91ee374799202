/* A person's or machine's connection to one installation: folder, replica, HTTP, and, once unlocked, the identity. */
#pragma once
#include "client/http.h"
#include "client/replica.h"
#include "quorum/envelope.h"

struct client;

struct client_options {
        const char *installation;   /* name, or NULL */
        const char *const *brokers; /* overriding the folder's, or NULL */
        size_t n_brokers;
        int64_t (*now_ms)(void); /* NULL: clock_now_ms */
};

MUST_CHECK enum err client_open(const struct client_options *o, struct client **ret);
void client_close(struct client *c);

/* First contact: `URL[,URL]#GENESIS-SHA256`. Fetches /v1/about, verifies the roster chain from the pin, the TLS pin
 * against the newest roster and the checkpoint, then makes the folder named after the roster. identity_path may be
 * NULL. Errors: ERR_NO_PIN (no #hash), ERR_LYING_BROKER, ERR_UNREACHABLE, … */
MUST_CHECK enum err client_join(const char *where, const char *identity_path, struct client **ret);

/* Takes the identity over (moved), also on an error. My name is found in the roster by key; NULL name until the
 * replica has a roster. Errors: ERR_NOT_ALLOWED (no entry for this key), ERR_AUTH (the alarm: the roster gives my
 * name to another key). */
MUST_CHECK enum err client_unlock(struct client *c, struct identity *me);
void client_lock(struct client *c); /* wipes */
bool client_is_unlocked(const struct client *c);
const char *client_me(const struct client *c);
const struct identity *client_identity(const struct client *c);
const struct ledger *client_ledger(const struct client *c);
/* The newest roster known: the ledger's, or that of first contact; NULL before. */
const struct roster *client_roster(const struct client *c);
struct replica *client_replica(struct client *c);
struct home *client_home(struct client *c);
int64_t client_now_ms(const struct client *c);

/* Signs in when needed and brings the replica up to the broker's log. wait_s: long poll for something new (0…25).
 * ret_new (may be NULL): new lines. The first call sends what an earlier run left in outgoing/; keys of ended
 * requests are deleted. Errors: those of http_call(), replica_take(), client_unlock(), API refusals. Reading the own
 * copy while the broker is away is fine: acts that need it fail with ERR_UNREACHABLE, questions may go on with
 * client_ledger(). */
MUST_CHECK enum err client_sync(struct client *c, unsigned wait_s, size_t *ret_new);
/* A blob whose SHA-256 is checked (ERR_LYING_BROKER for other bytes). */
MUST_CHECK enum err client_blob(struct client *c, const struct hash *sha256, struct bytes *ret);
/* Appends the sealed parts that this client still has of live versions it sealed, as the third part of an export that
 * has only some. ret_n: how many; 0 appends nothing. */
MUST_CHECK enum err client_write_parts(struct client *c, struct bytes *ret, size_t *ret_n);
/* What was handed over for this version (rotators): each entry an age file. */
struct blob_list {
        size_t n;
        struct bytes *blob;
};
void blob_list_done(struct blob_list *l);
MUST_CHECK enum err client_handovers(struct client *c, const struct hash *version, struct blob_list *ret);

/* Fills in the common head of s (me, roster, installation, the replica's head, made_at, nonce), signs, stores
 * statement and blobs in outgoing/, sends, checks the answer (id, n, checkpoint), syncs until the line is in the
 * replica, removes it from outgoing/. ret_id, ret_n may be NULL. Errors: API refusals (nothing is kept),
 * ERR_STATE_UNKNOWN (kept; client_retry_outgoing() sends the same bytes), ERR_LYING_BROKER. */
MUST_CHECK enum err client_say(struct client *c, struct statement *s, const struct span blobs[], size_t n_blobs,
                               struct hash *ret_id, uint64_t *ret_n);
/* Several statements side by side, under one head, then one sync: for a machine that says much. None may depend on
 * another. Nothing is stored before: who says it must see in the log what came of it. Each item's own end is in its
 * error and why: OK (it is in the log), an API refusal, ERR_STATE_UNKNOWN, ERR_UNREACHABLE. Errors: those of
 * client_sync(), ERR_LYING_BROKER, ERR_FORK, ERR_TOO_LARGE. */
struct say_item {
        struct statement s; /* without its common head */
        const struct span *blobs;
        size_t n_blobs;
        enum err error;
        char *why; /* or NULL; the caller's to free */
};
MUST_CHECK enum err client_say_many(struct client *c, struct say_item items[], size_t n);
/* The same in two steps: stored, then sent. */
MUST_CHECK enum err client_prepare(struct client *c, struct statement *s, const struct span blobs[], size_t n_blobs,
                                   struct hash *ret_id);
MUST_CHECK enum err client_send(struct client *c, const struct hash *id, uint64_t *ret_n);
/* Sends what a crash or a lost answer left; refused ones are dropped and counted. client_sync() does it once. */
MUST_CHECK enum err client_retry_outgoing(struct client *c, size_t *ret_sent, size_t *ret_refused);
/* Sends a ready envelope (a roster signed by several). */
MUST_CHECK enum err client_submit(struct client *c, const struct envelope *e, uint64_t *ret_n);

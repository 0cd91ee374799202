/* A small world for tests: people with keys that are the same in every run, a roster made from them, statements
 * signed by them, and the log they make.
 *
 *   struct world *w = world_new();          nobody has said anything yet
 *   world_genesis(w);                       line 0: the first roster, by alice and bob
 *   struct statement s = world_say_as(w, STATEMENT_CANCEL, "erin");   the common head filled in
 *   s.cancel.request = id;
 *   struct span line = world_append(w, &s); signed, and the next line of the log at w->now_ms
 *
 * Whoever tests the ledger feeds it the lines; the world itself knows no rules, so it can also say what is wrong.
 *
 *   admins       alice, bob, carol (2)           holders of `prod-db` (2 of 3)      alice, bob, carol
 *   requesters   erin, frank                     holders of `web` (3 of 4)          alice, bob, carol, dave
 *   rotator      rot-1 (prod-db)                 in no policy                       grace
 *   broker       broker                          in no roster                       mallory
 *
 *   prod/postgres/root: prod-db, sealed by alice, hook postgres        prod/web/key: web, sealed by dave, no hook
 *   E1 needs an incident, E2 doesn't */
#pragma once
#include "quorum/envelope.h"
#include "quorum/identity.h"
#include "quorum/roster.h"
#include "quorum/tree.h"
#include "quorum/version.h"

#define WORLD_START_MS INT64_C(1764000000000)

struct actor {
        const char *name;
        struct identity keys;
};

struct world {
        struct actor *actors;
        size_t n_actors;
        int64_t now_ms; /* of the next line and of made_at; the test moves it */
        uint64_t nonces;
        struct hash installation, roster; /* of the genesis, of the newest roster said */
        struct frontier log;
        size_t n_lines;
        struct bytes *lines; /* without newline */
        struct hash *ids;    /* of their statements */
};

struct world *world_new(void);
void world_free(struct world *w);
static inline void world_cleanup_(struct world **w)
{
        world_free(*w);
}
#define CLEANUP_WORLD __attribute__((cleanup(world_cleanup_)))

/* The keys of one of those above. */
const struct identity *world_keys(const struct world *w, const char *name);
/* age1… and ssh-ed25519 …; the text lives until the next call. */
const char *world_opens(const struct world *w, const char *name);
const char *world_signs(const struct world *w, const char *name);

/* ---- rosters ---- */
/* Roster `number` after `previous` (NULL: none). */
void world_roster_yaml(const struct world *w, uint64_t number, const struct hash *previous, struct bytes *ret);
/* Replaces the only place where `from` stands; a test's mistake ends it. */
void text_replace(struct bytes *b, const char *from, const char *to);
/* Signed by these (NULL-ended), appended, and from now on what heads name. */
struct span world_append_roster(struct world *w, struct span yaml, const char *const signers[]);
struct span world_genesis(struct world *w);
/* The next roster with one text replaced (NULL from: none), signed by alice and bob. */
struct span world_next_roster(struct world *w, const char *from, const char *to);

/* ---- statements ---- */
/* Fills in the common head: newest roster, by, made_at = now, a new nonce, the head of the log as it is. */
struct statement world_say_as(struct world *w, enum statement_type type, const char *by);
/* Writes and signs it by s->by[0], without appending. */
void world_envelope(const struct world *w, const struct statement *s, struct envelope *ret);
/* Payload bytes of one's own making, signed by these (NULL-ended). */
void world_envelope_of(const struct world *w, enum statement_type type, struct span payload,
                       const char *const signers[], struct envelope *ret);
/* One more signature. */
void world_sign(const struct world *w, const char *who, struct envelope *e);
/* Makes an envelope the next line at now_ms. The view lives as long as the world. */
struct span world_append_envelope(struct world *w, const struct envelope *e);
struct span world_append(struct world *w, const struct statement *s);
struct hash world_last_id(const struct world *w);
struct span world_line(const struct world *w, size_t n);

/* ---- ready-made ---- */
/* A version by its sealer, sealed for the policy's holders; fields->previous and rotation_of as in `about`.
 * credential: one of the two above. Ends in *sealed (sealed_version_done()), whose files are the blobs. */
struct statement world_version(struct world *w, const char *credential, uint64_t number, const struct hash *previous,
                               const char *sealer, struct sealed_version *sealed);
/* A request by `who` for this version, emergency E2, 30 minutes to approve and 1 hour open; reply_to is a new key
 * every time (its secret in *ret_reply when wanted). The texts live as long as the world's next request. */
struct statement world_request(struct world *w, const char *who, const char *credential, const struct hash *version,
                               struct secret *ret_reply);
/* An approval by a holder of `prod-db` or `web`, whose index is their place in the policy. */
struct statement world_approval(struct world *w, const char *who, const struct hash *request,
                                const struct hash *version, unsigned index);

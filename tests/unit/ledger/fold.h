/* What the ledger's tests share: a ledger with its genesis, statements made without keys and signatures (the ledger
 * sees none), and shortcuts for what most stories begin with. People and policies are those of support/world.h.
 *
 *   struct fold *f = fold_new();                                    line 0: the genesis roster
 *   struct hash v = fold_version(f, PG);                            version 1 of prod/postgres/root
 *   struct hash r = fold_request(f, "erin", v);
 *   expect(f, OK, fold_approval(f, "alice", r));                    the verdict for that statement
 *
 * Every statement is checked, then applied: both must agree, and a refused one must change nothing. */
#pragma once
#include "quorum/ledger.h"
#include "tests/unit/support/world.h"
#include <criterion/criterion.h>

#define PG      "prod/postgres/root" /* 2 of alice, bob, carol; for erin, frank; rotated by rot-1 */
#define WEB     "prod/web/key"       /* 3 of alice, bob, carol, dave; for erin; by hand */
#define MINUTE  INT64_C(60000)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define AT_ONCE INT64_C(0)

struct fold {
        struct world *w;
        struct ledger *ledger;
        int64_t now_ms; /* of the next line and of made_at */
        uint64_t serial;
        uint64_t roster_number;
        struct hash last; /* what was said last */
};

struct fold *fold_empty(void); /* without a genesis */
struct fold *fold_new(void);
/* Also sees that the ledger survives a snapshot unchanged. */
void fold_free(struct fold *f);
static inline void fold_cleanup_(struct fold **f)
{
        fold_free(*f);
}
#define CLEANUP_FOLD __attribute__((cleanup(fold_cleanup_)))

/* The common head by this signer, now; the id is new every time. */
struct statement fold_say(struct fold *f, enum statement_type type, const char *by);
/* The verdict; folded in when it is OK. */
enum err fold_put(struct fold *f, const struct statement *s);
void expect_at(struct fold *f, enum err want, struct statement s, const char *file, int line);
#define expect(f, want, statement) expect_at((f), (want), (statement), __FILE__, __LINE__)

/* A key nobody has: age1… as text, in a ring of 64. */
const char *fold_new_key(struct fold *f);

/* ---- statements, to be changed by the test before it puts them ---- */
/* The next roster: the world's with these replacements (pairs of from, to; NULL-ended). Freed by fold_put_roster().
 */
struct statement fold_roster(struct fold *f, uint64_t number, const char *const edits[]);
enum err fold_put_roster(struct fold *f, struct statement s);
/* Next number, number 1 and so on, as the present policy has it. */
struct statement fold_initial(struct fold *f, const char *by, const char *credential);
struct statement fold_rotated(struct fold *f, const char *by, const char *credential);
struct statement fold_custody_of(struct fold *f, const char *by, struct hash version);
struct statement fold_ask(struct fold *f, const char *by, struct hash version);      /* E2, 30m to approve, 1h open */
struct statement fold_approval(struct fold *f, const char *by, struct hash request); /* valid 20m */
struct statement fold_denial(struct fold *f, const char *by, struct hash request);
struct statement fold_cancel(struct fold *f, const char *by, struct hash request);
struct statement fold_open(struct fold *f, const char *by, struct hash request);
struct statement fold_close(struct fold *f, const char *by, struct hash request, enum close_why why);
struct statement fold_close_incident(struct fold *f, const char *by, const char *incident, enum close_why why);
struct statement fold_hold(struct fold *f, const char *by, const char *incident);
struct statement fold_extend(struct fold *f, const char *by, struct hash request, int64_t open_for_ms);
struct statement fold_order(struct fold *f, const char *by, struct hash version);
struct statement fold_claim(struct fold *f, const char *by, struct hash old, int64_t until_ms);
struct statement fold_step(struct fold *f, const char *by, struct hash old, struct hash pending,
                           enum rotation_step step, enum rotation_outcome outcome);
struct statement fold_postmortem(struct fold *f, const char *by, const char *incident);
struct statement fold_notice(struct fold *f, const char *by, enum notice_outcome outcome);
struct statement fold_proposal(struct fold *f, const char *incident, int64_t deadline_ms);

/* ---- whole stories; each ends the test when a step is refused ---- */
void fold_next_roster(struct fold *f, const char *from, const char *to);
struct hash fold_version(struct fold *f, const char *credential); /* an initial one */
struct hash fold_request(struct fold *f, const char *by, struct hash version);
struct hash fold_opened(struct fold *f, const char *by, struct hash version); /* approved by alice and bob */
struct hash fold_spent(struct fold *f, struct hash version);                  /* one approval, cancelled */
/* Rotation is due, custody fresh, and a pending version stored. */
struct hash fold_pending(struct fold *f, struct hash old);
void fold_set(struct fold *f, struct hash old, struct hash pending);
void fold_promote(struct fold *f, struct hash old, struct hash pending); /* set, tested, promoted */

struct request_view fold_see(struct fold *f, struct hash request);
struct version_view fold_see_version(struct fold *f, struct hash version);
struct rotation_view fold_see_rotation(struct fold *f, struct hash version);

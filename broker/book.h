/* The book: the ledger, its store, and the one thread that writes. Handlers check a statement's form and signatures
 * by themselves and hand it over; the writer applies the rules one by one, commits a whole batch with one fsync,
 * signs one checkpoint, and only then lets anybody know.
 *
 *   handlers ──book_submit()──▶ queue ──writer──▶ ledger rules ─▶ COMMIT ─▶ checkpoint ─▶ publish ─▶ done()
 *
 * What readers see is what was committed: book_now() for the head and the roster; book_read() for the ledger, where
 * lines from now->size on don't count yet.
 */
#pragma once
#include "broker/config.h"
#include "broker/export_view.h"
#include "broker/keys.h"
#include "broker/store.h"
#include "broker/timepiece.h"
#include "quorum/admit.h"
#include <stdatomic.h>

/* The roster in force, shared by everybody who still looks at it. */
struct roster_ref {
        atomic_uint refs;
        struct roster *roster;
        struct bytes lines_json; /* [LINE…]: every roster line of the log as a JSON string */
};

/* One committed state of the log. */
struct published {
        atomic_uint refs;
        uint64_t size;
        int64_t at_ms; /* of the last line */
        struct roster_ref *roster;
        struct bytes checkpoint;
};
struct published *published_keep(struct published *p);
void published_drop(struct published *p);

struct blob {
        struct hash sha256;
        struct bytes bytes;
};

/* A statement on its way into the log. Either admitted from outside (envelope and statement), or one of the broker's
 * own: then draft() fills in the type and its fields when the writer is ready, and the writer signs. */
struct submission {
        struct envelope envelope;
        struct statement *statement;
        struct published *seen; /* the state it was admitted under */
        size_t n_blobs;
        struct blob *blobs;

        void (*draft)(const struct submission *s, struct statement *ret); /* texts stay with the submission */
        int64_t page;             /* 0, or the delivered page that this notice ends */
        const char *remember_key; /* or NULL: appended only if this key is new */

        void (*done)(struct submission *s); /* in the writer's thread; owns s from then on */
        void *context;

        /* the answer */
        enum err result;
        int64_t retry_after_ms; /* of ERR_RATE */
        uint64_t n;
        struct published *now;
        struct submission *next;
};
void submission_free(struct submission *s); /* and what it holds; not its context */
struct hash submission_id(const struct submission *s);

struct book;
struct book_setup {
        struct store *store;
        const struct clock_source *clock;
        const struct signing_key *keys; /* those that the broker can sign with */
        size_t n_keys;
        bool is_clock_accepted;
        struct config *(*config)(void *context);                 /* a reference to the configuration of the moment */
        void (*exports)(void *context, struct export_view *ret); /* how they stand; may be NULL */
        void (*published)(void *context, uint64_t size);         /* after every commit that added lines */
        void (*paged)(void *context);                            /* there are new pages */
        void (*failed)(void *context, enum err e); /* the process must end: nothing more can be written */
        void *context;
};

/* Remembered by whoever made a store from a backup: the broker says nothing of its own in it before somebody else
 * has. */
#define BOOK_HOLD_KEY "restored"

/* Loads the snapshot and what came since, every signature of it checked. Errors: ERR_CORRUPT_STORE (also
 * when none of the keys is the roster's: another installation's log), ERR_CLOCK, those of store.h. */
MUST_CHECK enum err book_open(const struct book_setup *setup, struct book **ret);
void book_start(struct book *b); /* the writer's thread */
/* Refuses what comes from now on, finishes what is queued, writes a last snapshot and ends the thread. */
void book_stop(struct book *b);
void book_free(struct book *b);

/* Takes s over; done() is always called, perhaps before this returns. */
void book_submit(struct book *b, struct submission *s);
/* A caller is about to submit (+1) or is not any more (−1): the writer waits a moment for company. */
void book_expect(struct book *b, int change);

/* What is to be said may have changed: the writer looks at its reminders now. */
void book_remind(struct book *b);

struct published *book_now(struct book *b); /* a reference */
int64_t book_clock(struct book *b);         /* the time by which rules are judged */
const struct ledger *book_read(struct book *b);
void book_read_done(struct book *b);

/* Appends the checkpoint of an earlier size. Errors: ERR_BAD_KEY (see book_signable()), ERR_MEMORY. */
MUST_CHECK enum err book_sign_at(struct book *b, uint64_t size, struct bytes *ret);
/* The smallest size from this one on, at most `most`, whose checkpoint our keys can sign (an older roster may name a
 * key that is gone). */
uint64_t book_signable(struct book *b, uint64_t size, uint64_t most);

struct book_counts {
        uint64_t commits, lines, refused, snapshots;
        uint64_t queued;
        bool is_broken;
};
void book_count(struct book *b, struct book_counts *ret);

/* Reads the whole log again beside the running broker and compares it with the ledger: every signature, every rule,
 * the tree, the snapshot, every blob. goes_on may end it early. Errors: ERR_CORRUPT_STORE. */
MUST_CHECK enum err book_verify(struct book *b, bool (*goes_on)(void *context), void *context);

/* What the files of the book share. */
#pragma once
#include "broker/book.h"
#include <pthread.h>

struct book {
        struct book_setup setup;
        struct timepiece time;
        pthread_mutex_t time_lock;

        pthread_rwlock_t ledger_lock; /* written only by the writer, which therefore reads without it */
        struct ledger *ledger;

        pthread_mutex_t now_lock;
        struct published *now;

        pthread_mutex_t queue_lock;
        pthread_cond_t queue_filled;
        struct submission *first, **last;
        unsigned n_queued;
        atomic_int expected;
        atomic_bool is_reminded; /* the reminders are to be looked at now */
        bool is_stopping, is_broken;

        /* the writer's own */
        pthread_t thread;
        bool is_started;
        size_t n_live;
        size_t *live; /* requests that may still give or take something: their ledger indices, ascending */
        bool has_begun;
        bool has_erased; /* blobs were erased and still lie in the write-ahead log */
        bool has_paged;
        bool has_paged_clock;
        bool is_fatal; /* the batch can't be kept */
        bool is_held;  /* restored, and nobody has said anything since */
        unsigned n_held;
        struct submission *held, **held_last; /* the broker's own, which wait for that */
        uint64_t start_size;
        struct config *config;     /* of this batch */
        struct roster_ref *roster; /* as of the ledger's last line, maybe not published yet */
        int64_t next_duty_ms, next_reminder_ms, next_escalation_ms;
        uint64_t snapshot_size;
        struct bytes snapshot_at_start; /* compared by book_verify() */
        uint64_t snapshot_at_start_size;

        atomic_uint_fast64_t n_commits, n_lines, n_refused, n_snapshots;
};

/* book_load.c */
MUST_CHECK enum err book_load(struct book *b);
struct roster_ref *roster_ref_new(const struct roster *copied, struct span lines_json);
struct roster_ref *roster_ref_keep(struct roster_ref *r);
void roster_ref_drop(struct roster_ref *r);
const struct signing_key *book_key(const struct book *b, const struct key *public); /* NULL */
/* The signed state of the ledger as it is. Errors: ERR_BAD_KEY, ERR_MEMORY. */
MUST_CHECK enum err book_sign_head(struct book *b, struct published **ret);

/* book_snapshot.c: the ledger's state, so that a start need not fold the whole log again. */
void snapshot_save(struct book *b);
void snapshot_if_due(struct book *b); /* after so many lines, rather when nobody waits */

/* book_take.c: one submission into the open transaction. The result goes into s; b->is_fatal when the store failed.
 */
void book_take(struct book *b, struct submission *s, int64_t at_ms);
/* Begins the transaction if that was not done; false (and is_fatal) when it can't. */
bool book_begin(struct book *b);
/* Remembers an error of the store as the end of the batch. */
bool book_kept(struct book *b, enum err e);

/* book_effects.c: what a line brings with it, in the same transaction: blobs kept and erased, pages. */
/* The store's key for "a page about this request was accepted". */
#define PAGED_KEY (sizeof "paged/" + HASH_HEX)
void paged_key(const struct hash *request, char ret[PAGED_KEY]);
struct before {
        enum request_state state; /* of the request that an approval names */
};
void effects_before(const struct book *b, const struct statement *s, int64_t at_ms, struct before *ret);
void effects_after(struct book *b, const struct submission *s, const struct statement *statement,
                   const struct before *before, int64_t at_ms);

/* book_pages.c: pages about rotations and proposed closes. */
void page_rotation(struct book *b, const struct statement *s, const struct version_view *v, int64_t at_ms);
void page_notice(struct book *b, const struct statement *s, bool is_outcome, int64_t at_ms);
void reminders_do(struct book *b);

/* book_hold.c: a restored log, to which the broker adds nothing by itself yet. */
MUST_CHECK enum err hold_load(struct book *b);
/* Keeps the broker's own submissions back; gives the others. */
struct submission *hold_split(struct book *b, struct submission *batch);
/* What no person decided on comes again by itself: a webhook, a rotator's steps, the custody that clients prove. */
bool hold_refuses(const struct book *b, const struct submission *s);
void hold_end(struct book *b);                   /* somebody has said something; in the open transaction */
struct submission *hold_release(struct book *b); /* what was kept back, once it may go on; else NULL */
void hold_drop(struct book *b);                  /* at the end: as refused */

/* book_exports.c */
void remind_exports(struct book *b, int64_t now);

/* book_duties.c: statements that only time calls for. */
void duties_do(struct book *b);

/* book_route.c: writes one event into the outbox for every channel that it goes to. */
struct event;
void book_page(struct book *b, const struct event *e);
void told_forget(struct book *b, int64_t before_ms); /* which channels were told of requests paged before that */

/* book_escalate.c: pages while a request waits; each once, also over restarts. */
void escalations_do(struct book *b);
void escalation_forget(struct book *b, const struct hash *request);

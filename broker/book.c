#include "base/log.h"
#include "broker/book_internal.h"
#include <errno.h>
#include <string.h>
#include <time.h>

/* A batch is bounded so that one COMMIT never grows without end. */
#define BATCH_MAX       512u
#define QUEUE_MAX       4096u
#define COMPANY_WAIT_MS 2 /* for callers who are about to submit, before a commit */

/* ---- what is published ---- */

struct published *published_keep(struct published *p)
{
        atomic_fetch_add(&p->refs, 1);
        return p;
}

void published_drop(struct published *p)
{
        if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
                return;
        roster_ref_drop(p->roster);
        bytes_done(&p->checkpoint);
        free(p);
}

struct published *book_now(struct book *b)
{
        pthread_mutex_lock(&b->now_lock);
        struct published *p = published_keep(b->now);
        pthread_mutex_unlock(&b->now_lock);
        return p;
}

static void publish(struct book *b, struct published *fresh)
{
        pthread_mutex_lock(&b->now_lock);
        struct published *old = b->now;
        b->now = fresh;
        pthread_mutex_unlock(&b->now_lock);
        published_drop(old);
}

int64_t book_clock(struct book *b)
{
        pthread_mutex_lock(&b->time_lock);
        int64_t now = timepiece_now(&b->time);
        pthread_mutex_unlock(&b->time_lock);
        return now;
}

const struct ledger *book_read(struct book *b)
{
        pthread_rwlock_rdlock(&b->ledger_lock);
        return b->ledger;
}

void book_read_done(struct book *b)
{
        pthread_rwlock_unlock(&b->ledger_lock);
}

void book_count(struct book *b, struct book_counts *ret)
{
        *ret = (struct book_counts){
                .commits = b->n_commits, .lines = b->n_lines, .refused = b->n_refused, .snapshots = b->n_snapshots};
        pthread_mutex_lock(&b->queue_lock);
        ret->queued = b->n_queued;
        ret->is_broken = b->is_broken;
        pthread_mutex_unlock(&b->queue_lock);
}

/* ---- the queue ---- */

void submission_free(struct submission *s)
{
        if (!s)
                return;
        envelope_done(&s->envelope);
        statement_free(s->statement);
        for (size_t i = 0; i < s->n_blobs; i++)
                bytes_done(&s->blobs[i].bytes);
        free(s->blobs);
        published_drop(s->seen);
        published_drop(s->now);
        free(s);
}

struct hash submission_id(const struct submission *s)
{
        return s->statement ? s->statement->id : hash_of(bytes_span(&s->envelope.payload));
}

void book_expect(struct book *b, int change)
{
        /* The writer may be waiting for exactly this caller. */
        if (atomic_fetch_add(&b->expected, change) + change == 0 && change < 0) {
                pthread_mutex_lock(&b->queue_lock);
                pthread_cond_signal(&b->queue_filled);
                pthread_mutex_unlock(&b->queue_lock);
        }
}

void book_submit(struct book *b, struct submission *s)
{
        pthread_mutex_lock(&b->queue_lock);
        enum err e = b->is_broken ? ERR_NOT_DURABLE : b->is_stopping ? ERR_SHUTTING_DOWN : OK;
        if (e == OK && b->n_queued >= QUEUE_MAX) {
                e = ERR_RATE;
                s->retry_after_ms = SECOND_MS;
        }
        if (e == OK) {
                s->next = NULL;
                *b->last = s;
                b->last = &s->next;
                b->n_queued++;
                pthread_cond_signal(&b->queue_filled);
        }
        pthread_mutex_unlock(&b->queue_lock);
        if (e == OK)
                return;
        s->result = e;
        s->done(s);
}

void book_remind(struct book *b)
{
        pthread_mutex_lock(&b->queue_lock);
        b->is_reminded = true;
        pthread_cond_signal(&b->queue_filled);
        pthread_mutex_unlock(&b->queue_lock);
}

static void wait_until(struct book *b, int64_t wait_ms)
{
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += wait_ms / 1000;
        t.tv_nsec += wait_ms % 1000 * 1000000;
        if (t.tv_nsec >= 1000000000) {
                t.tv_sec++;
                t.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&b->queue_filled, &b->queue_lock, &t);
}

static int64_t until_duty(struct book *b)
{
        int64_t now = book_clock(b);
        int64_t next = b->next_duty_ms < b->next_reminder_ms ? b->next_duty_ms : b->next_reminder_ms;
        next = next < b->next_escalation_ms ? next : b->next_escalation_ms;
        int64_t wait = atomic_load(&b->is_reminded) ? 0 : next - now;
        return wait < 0 ? 0 : wait > MINUTE_MS ? MINUTE_MS : wait; /* the wall clock may be set */
}

static struct submission *take_queue(struct book *b, unsigned max)
{
        struct submission *first = b->first, **end = &b->first;
        unsigned n = 0;
        while (*end && n < max) {
                end = &(*end)->next;
                n++;
        }
        b->first = *end;
        if (!b->first)
                b->last = &b->first;
        *end = NULL;
        b->n_queued -= n;
        return n ? first : NULL;
}

/* Waits for work or for a duty's time. false: the book is closed and empty. */
static bool wait_for_batch(struct book *b, struct submission **ret)
{
        pthread_mutex_lock(&b->queue_lock);
        while (!b->first && !b->is_stopping) {
                int64_t wait = until_duty(b);
                if (wait == 0)
                        break;
                wait_until(b, wait);
        }
        bool goes_on = b->first || !b->is_stopping;
        *ret = take_queue(b, BATCH_MAX);
        pthread_mutex_unlock(&b->queue_lock);
        return goes_on;
}

/* Those who are on their way share this commit instead of needing their own; nobody waits for nobody. */
static struct submission *wait_for_company(struct book *b)
{
        pthread_mutex_lock(&b->queue_lock);
        if (!b->first && atomic_load(&b->expected) > 0)
                wait_until(b, COMPANY_WAIT_MS);
        struct submission *more = take_queue(b, BATCH_MAX);
        pthread_mutex_unlock(&b->queue_lock);
        return more;
}

/* ---- one batch ---- */

static bool commit(struct book *b, struct published **ret)
{
        enum err e = b->is_fatal ? ERR_NOT_DURABLE : OK;
        if (e == OK && b->has_begun && (e = store_commit(b->setup.store)) == OK)
                b->n_commits++;
        if (e == OK && ledger_size(b->ledger) > b->start_size)
                e = book_sign_head(b, ret);
        if (e == OK)
                return true;
        if (!b->is_fatal)
                log_event(LOG_LEVEL_ERROR, "store.failed", F_TEXT("error", err_word(e)), F_TEXT("why", err_reason()));
        store_rollback(b->setup.store);
        return false;
}

static void scrub(struct book *b)
{
        if (b->has_erased && store_scrub(b->setup.store) == OK)
                b->has_erased = false;
}

/* What an operator wants to see without reading the log. */
static void tell(const struct submission *s)
{
        enum statement_type type = s->envelope.type;
        if (s->statement && (type == STATEMENT_OPEN || type == STATEMENT_CLOSE || type == STATEMENT_ROSTER))
                log_event(LOG_LEVEL_NOTICE, "statement.taken", F_TEXT("type", s->envelope.type_word),
                          F_INT("n", s->n), F_TEXT("who", s->statement->by[0]));
}

static void answer(struct book *b, struct submission *s)
{
        while (s) {
                struct submission *next = s->next;
                if (s->result == OK) {
                        s->now = book_now(b);
                        tell(s);
                } else {
                        b->n_refused++;
                }
                s->done(s);
                s = next;
        }
}

static void fail_all(struct book *b, struct submission *s)
{
        pthread_mutex_lock(&b->queue_lock);
        b->is_broken = true;
        pthread_mutex_unlock(&b->queue_lock);
        for (struct submission *i = s; i; i = i->next)
                i->result = ERR_NOT_DURABLE;
        answer(b, s);
        b->setup.failed(b->setup.context, ERR_NOT_DURABLE);
}

static void take_all(struct book *b, struct submission *s)
{
        for (; s && !b->is_fatal; s = s->next)
                book_take(b, s, book_clock(b));
}

/* What was kept back comes next. */
static void requeue(struct book *b, struct submission *held)
{
        if (!held)
                return;
        pthread_mutex_lock(&b->queue_lock);
        while (held) {
                struct submission *s = held;
                held = s->next;
                s->next = NULL;
                *b->last = s;
                b->last = &s->next;
                b->n_queued++;
        }
        pthread_mutex_unlock(&b->queue_lock);
}

static void run_batch(struct book *b, struct submission *batch)
{
        struct published *fresh = NULL;
        struct submission **end = &batch;
        b->has_begun = b->is_fatal = b->has_paged = false;
        b->start_size = ledger_size(b->ledger);
        b->config = b->setup.config(b->setup.context);
        batch = hold_split(b, batch);
        take_all(b, batch);
        while (*end)
                end = &(*end)->next;
        if (batch && (*end = hold_split(b, wait_for_company(b))))
                take_all(b, *end);
        duties_do(b);
        escalations_do(b);
        reminders_do(b);
        config_drop(b->config);
        b->config = NULL;
        if (!commit(b, &fresh)) {
                fail_all(b, batch);
                return;
        }
        scrub(b);
        if (fresh)
                publish(b, fresh);
        answer(b, batch);
        if (fresh)
                b->setup.published(b->setup.context, fresh->size);
        if (b->has_paged)
                b->setup.paged(b->setup.context);
        requeue(b, hold_release(b));
}

static void *write_loop(void *context)
{
        struct book *b = context;
        struct submission *batch;
        while (wait_for_batch(b, &batch)) {
                if (b->is_broken)
                        fail_all(b, batch);
                else
                        run_batch(b, batch);
                if (!b->is_broken)
                        snapshot_if_due(b);
        }
        hold_drop(b);
        if (!b->is_broken && ledger_size(b->ledger) != b->snapshot_size)
                snapshot_save(b);
        return NULL;
}

/* ---- life ---- */

static void init_locks(struct book *b)
{
        pthread_condattr_t monotonic;
        pthread_rwlockattr_t fair;
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&b->queue_filled, &monotonic);
        pthread_condattr_destroy(&monotonic);
        pthread_rwlockattr_init(&fair);
        pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        pthread_rwlock_init(&b->ledger_lock, &fair);
        pthread_rwlockattr_destroy(&fair);
        pthread_mutex_init(&b->time_lock, NULL);
        pthread_mutex_init(&b->now_lock, NULL);
        pthread_mutex_init(&b->queue_lock, NULL);
}

enum err book_open(const struct book_setup *setup, struct book **ret)
{
        struct book *b = mem_new(1, sizeof *b);
        b->setup = *setup;
        b->last = &b->first;
        b->held_last = &b->held;
        init_locks(b);
        enum err e = book_load(b);
        if (e == OK)
                e = hold_load(b);
        if (e == OK)
                e = timepiece_init(&b->time, setup->clock, ledger_last_at(b->ledger), setup->is_clock_accepted);
        if (e == OK)
                e = book_sign_head(b, &b->now);
        if (e != OK) {
                book_free(b);
                return e;
        }
        *ret = b;
        return OK;
}

void book_start(struct book *b)
{
        if (pthread_create(&b->thread, NULL, write_loop, b) != 0)
                abort();
        b->is_started = true;
}

void book_stop(struct book *b)
{
        pthread_mutex_lock(&b->queue_lock);
        b->is_stopping = true;
        pthread_cond_signal(&b->queue_filled);
        pthread_mutex_unlock(&b->queue_lock);
        if (b->is_started)
                pthread_join(b->thread, NULL);
        b->is_started = false;
}

void book_free(struct book *b)
{
        if (!b)
                return;
        published_drop(b->now);
        roster_ref_drop(b->roster);
        ledger_free(b->ledger);
        free(b->live);
        bytes_done(&b->snapshot_at_start);
        pthread_cond_destroy(&b->queue_filled);
        pthread_rwlock_destroy(&b->ledger_lock);
        pthread_mutex_destroy(&b->time_lock);
        pthread_mutex_destroy(&b->now_lock);
        pthread_mutex_destroy(&b->queue_lock);
        free(b);
}

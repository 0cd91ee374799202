#include "base/log.h"
#include "broker/book_internal.h"

/* Somebody may still hold the lines that belong behind a restored log. What the broker adds by itself (how a page
 * ended, a close by time) would fork it from them, and so would what programs say unasked. All that waits until a
 * person has decided to say something: from then on the log has gone on anyway. */

#define HELD_MAX 1024u

enum err hold_load(struct book *b)
{
        enum err e = store_knows(b->setup.store, BOOK_HOLD_KEY, &b->is_held);
        if (e == OK && b->is_held)
                log_event(LOG_LEVEL_NOTICE, "restore.held",
                          F_TEXT("why",
                                 "restored: nothing that programs say by themselves until a person says something"));
        return e;
}

/* A page whose outcome is not kept stays in the outbox and goes out again, under the same key. */
static void keep(struct book *b, struct submission *s)
{
        if (b->n_held == HELD_MAX) {
                s->result = ERR_SHUTTING_DOWN;
                s->done(s);
                return;
        }
        s->next = NULL;
        *b->held_last = s;
        b->held_last = &s->next;
        b->n_held++;
}

struct submission *hold_split(struct book *b, struct submission *batch)
{
        struct submission *rest = NULL, **last = &rest;
        if (!b->is_held)
                return batch;
        while (batch) {
                struct submission *s = batch;
                batch = s->next;
                if (s->draft && !s->remember_key) {
                        keep(b, s);
                        continue;
                }
                s->next = NULL;
                *last = s;
                last = &s->next;
        }
        return rest;
}

bool hold_refuses(const struct book *b, const struct submission *s)
{
        if (!b->is_held)
                return false;
        if (s->draft || s->envelope.type == STATEMENT_CUSTODY)
                return true;
        const struct person *by = s->statement && s->statement->n_by
                                          ? roster_person(ledger_roster(b->ledger), s->statement->by[0])
                                          : NULL;
        return by && by->is_rotator;
}

void hold_end(struct book *b)
{
        if (!b->is_held || !book_kept(b, store_forget(b->setup.store, BOOK_HOLD_KEY, INT64_MAX)))
                return;
        b->is_held = false;
        b->next_duty_ms = 0;
}

struct submission *hold_release(struct book *b)
{
        struct submission *held = b->held;
        if (b->is_held)
                return NULL;
        b->held = NULL;
        b->held_last = &b->held;
        b->n_held = 0;
        return held;
}

void hold_drop(struct book *b)
{
        while (b->held) {
                struct submission *s = b->held;
                b->held = s->next;
                s->result = ERR_SHUTTING_DOWN;
                s->done(s);
        }
        b->held_last = &b->held;
        b->n_held = 0;
}

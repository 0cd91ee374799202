#include "base/log.h"
#include "broker/book_internal.h"

#define DUTIES_AT_ONCE 16u

struct close_draft {
        struct submission submission; /* first: the draft finds its duty behind it */
        const struct duty *duty;
};

static void draft_close(const struct submission *s, struct statement *ret)
{
        const struct duty *d = ((const struct close_draft *)s)->duty;
        ret->type = STATEMENT_CLOSE;
        ret->close.incident = d->kind == DUTY_CLOSE_WEBHOOK ? d->incident : NULL;
        ret->close.request = d->request;
        ret->close.why = d->kind == DUTY_CLOSE_TIME      ? CLOSE_TIME
                         : d->kind == DUTY_CLOSE_EXPIRED ? CLOSE_EXPIRED
                                                         : CLOSE_WEBHOOK;
}

static enum err do_one(struct book *b, const struct duty *d, int64_t at_ms)
{
        struct close_draft c = {.submission = {.draft = draft_close}, .duty = d};
        book_take(b, &c.submission, at_ms);
        envelope_done(&c.submission.envelope);
        statement_free(c.submission.statement);
        return c.submission.result;
}

void duties_do(struct book *b)
{
        int64_t now = book_clock(b), next = 0;
        size_t n;
        if (now < b->next_duty_ms)
                return;
        if (b->is_held) {
                b->next_duty_ms = INT64_MAX;
                return;
        }
        do {
                struct duty due[DUTIES_AT_ONCE];
                n = ledger_duties(b->ledger, now, due, DUTIES_AT_ONCE, &next);
                for (size_t i = 0; i < n && !b->is_fatal; i++)
                        if (do_one(b, &due[i], now) != OK)
                                next = now + MINUTE_MS; /* ledger and duties disagree: said in the log, tried again */
        } while (n == DUTIES_AT_ONCE && next <= now && !b->is_fatal);
        b->next_duty_ms = next;
}

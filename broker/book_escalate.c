#include "broker/book_internal.h"
#include "broker/events.h"
#include <inttypes.h>

#define LOOK_EACH_MS   (30 * SECOND_MS)
#define ESCALATION_KEY (sizeof "escalation/" + HASH_HEX + 1 + 20)

static void key_of(const struct hash *request, int64_t after_ms, char ret[ESCALATION_KEY])
{
        char id[HASH_HEX + 1];
        hash_to_hex(request, id);
        snprintf(ret, ESCALATION_KEY, "escalation/%s/%" PRId64, id, after_ms);
}

/* Kept in the same transaction as the page: whatever crashes, there is either both or none. */
static bool is_first(struct book *b, const struct request_view *r, int64_t after_ms, int64_t now)
{
        char key[ESCALATION_KEY];
        bool is_new = false;
        key_of(&r->id, after_ms, key);
        return book_begin(b) && book_kept(b, store_remember(b->setup.store, key, now, STORE_ONCE, &is_new)) && is_new;
}

static void page(struct book *b, struct event *e)
{
        book_page(b, e);
        event_done(e);
}

/* What is due of one request. After a standstill of the broker that may be several steps at once: each names other
 * people, so each is said. */
static void escalate(struct book *b, const struct request_view *r, const struct escalation_view *v, int64_t now)
{
        struct event e;
        for (size_t i = 0; i < v->n_past && !b->is_fatal; i++) {
                if (!is_first(b, r, v->plan->step[i].after_ms, now))
                        continue;
                event_escalated(r, &v->plan->step[i], now, &e);
                page(b, &e);
        }
        if (!v->unanswered_at_ms || now < v->unanswered_at_ms || !is_first(b, r, 0, now))
                return;
        event_unanswered(r, now, &e);
        page(b, &e);
}

void escalations_do(struct book *b)
{
        int64_t now = book_clock(b), next = INT64_MAX;
        if (now < b->next_escalation_ms || b->is_fatal)
                return;
        for (size_t i = 0; i < b->n_live && b->config->n_channels && !b->is_fatal; i++) {
                struct request_view r;
                struct escalation_view v;
                ledger_request_at(b->ledger, b->live[i], now, &r);
                if (!escalation_of(ledger_roster(b->ledger), &r, now, &v))
                        continue;
                escalate(b, &r, &v, now);
                if (v.next_at_ms && v.next_at_ms < next)
                        next = v.next_at_ms;
        }
        /* One that is ready waits again when an approval expires. */
        b->next_escalation_ms = b->n_live && next > now + LOOK_EACH_MS ? now + LOOK_EACH_MS : next;
}

void escalation_forget(struct book *b, const struct hash *request)
{
        char prefix[ESCALATION_KEY];
        key_of(request, 0, prefix);
        prefix[sizeof "escalation/" - 1 + HASH_HEX + 1] = '\0'; /* without the step */
        if (!b->is_fatal && book_begin(b))
                book_kept(b, store_forget(b->setup.store, prefix, INT64_MAX));
}

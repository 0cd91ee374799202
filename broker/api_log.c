#include "base/clock.h"
#include "broker/api.h"
#include "broker/waiters.h"
#include <inttypes.h>

#define LOG_ANSWER_MAX (4u * 1024u * 1024u)

struct log_call {
        uint64_t after;
        int64_t until_ms;
};

/* The lines, and the checkpoint of exactly the size reached: the newest, or one signed for this part. */
static enum err read_log(struct call *c, const struct published *now, uint64_t after, struct bytes *body)
{
        uint64_t next = after;
        enum err e = OK;
        if (after < now->size)
                e = store_read_lines(c->broker->store, after, now->size, LOG_ANSWER_MAX, body, &next);
        if (e == OK && next < now->size) {
                uint64_t end = book_signable(c->broker->book, next, now->size);
                if (end > next)
                        e = store_read_lines(c->broker->store, next, end, SIZE_MAX, body, &next);
        }
        bytes_add_byte(body, '\n');
        if (e == OK && next < now->size)
                return book_sign_at(c->broker->book, next, body);
        bytes_add_span(body, bytes_span(&now->checkpoint));
        return e;
}

static void answer_log(struct call *c)
{
        struct log_call *l = c->state;
        struct published *now = book_now(c->broker->book);
        struct bytes body = BYTES_NONE;
        enum err e = read_log(c, now, l->after < now->size ? l->after : now->size, &body);
        published_drop(now);
        if (e == OK) {
                call_answer(c, 200, "text/plain; charset=utf-8", &body);
                return;
        }
        bytes_done(&body);
        if (e == ERR_CORRUPT_STORE)
                broker_fail(c->broker, e);
        call_refuse(c, e, 0);
}

static void answer_too_many(struct call *c)
{
        call_refuse(c, ERR_RATE, SECOND_MS);
}

static void wait_for_log(struct call *c, const struct log_call *l)
{
        struct broker *b = c->broker;
        struct config *config = broker_config(b);
        int64_t max = config->limits.long_polls;
        config_drop(config);
        call_suspend(c, answer_log);
        /* Once it was added another thread may have answered it: nothing of the call is touched any more. */
        if (!waiters_add(b->waiters, c, l->after, l->until_ms, max)) {
                c->resume = answer_too_many;
                call_wake(c);
                return;
        }
        struct published *now = book_now(b->book);
        waiters_grown(b->waiters, now->size); /* it may have grown before the call was known */
        published_drop(now);
}

void api_log(struct call *c)
{
        struct log_call *l = mem_new(1, sizeof *l);
        uint64_t wait_s = 0;
        c->state = l;
        c->state_free = free;
        if (!api_number(c, "after", &l->after) || (call_query(c, "wait") && !api_number(c, "wait", &wait_s))) {
                call_refuse(c, ERR_BAD_STATEMENT, 0);
                return;
        }
        struct published *now = book_now(c->broker->book);
        uint64_t size = now->size;
        published_drop(now);
        int64_t wait_ms = (int64_t)wait_s * SECOND_MS;
        l->until_ms = broker_monotonic(c->broker) + (wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS);
        if (l->after > size)
                call_refuse(c, ERR_FORK, 0); /* the caller has seen a longer log than ours */
        else if (l->after < size || wait_ms == 0 || c->broker->is_stopping)
                answer_log(c);
        else
                wait_for_log(c, l);
}

/* ---- proofs ---- */

static void add_proof(struct bytes *body, const struct bytes *proof)
{
        bytes_add_text(body, ",\"proof\":[");
        for (size_t i = 0; i < proof->n; i += HASH_BYTES) {
                bytes_add_text(body, i ? ",\"" : "\"");
                bytes_add_hex(body, proof->p + i, HASH_BYTES);
                bytes_add_byte(body, '"');
        }
        bytes_add_text(body, "]}");
}

static enum err prove(struct call *c, const char *first, const char *second,
                      enum err (*make)(const struct tree *, uint64_t, uint64_t, struct bytes *), struct bytes *body)
{
        CLEANUP_BYTES struct bytes proof = BYTES_NONE;
        uint64_t a, b;
        if (!api_number(c, first, &a) || !api_number(c, second, &b))
                return ERR_BAD_STATEMENT;
        struct published *now = book_now(c->broker->book);
        enum err e = b > now->size ? ERR_NOT_FOUND : OK;
        published_drop(now);
        if (e == OK) {
                e = make(ledger_tree(book_read(c->broker->book)), a, b, &proof);
                book_read_done(c->broker->book);
        }
        if (e != OK)
                return e == ERR_RANGE ? ERR_BAD_STATEMENT : e;
        bytes_printf(body, "{\"%s\":%" PRIu64 ",\"%s\":%" PRIu64, first, a, second, b);
        add_proof(body, &proof);
        return OK;
}

void api_proof(struct call *c)
{
        struct bytes body = BYTES_NONE;
        enum err e = call_query(c, "leaf") ? prove(c, "leaf", "size", tree_prove_inclusion, &body)
                                           : prove(c, "from", "to", tree_prove_consistency, &body);
        if (e != OK)
                call_refuse(c, e, 0);
        else
                api_answer_json(c, &body);
}

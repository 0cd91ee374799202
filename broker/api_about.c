#include "base/clock.h"
#include "broker/api.h"
#include <inttypes.h>
#include <sodium.h>

void api_about(struct call *c)
{
        struct published *now = book_now(c->broker->book);
        const struct roster *roster = now->roster->roster;
        struct bytes body = BYTES_NONE;
        char hex[HASH_HEX + 1];
        const struct ledger *l = book_read(c->broker->book);
        hash_to_hex(ledger_installation(l), hex);
        book_read_done(c->broker->book);
        bytes_add_text(&body, "{\"name\":");
        bytes_add_json(&body, span_text(roster->name));
        bytes_printf(&body,
                     ",\"installation\":\"%s\",\"program\":\"breakglassd %s\",\"now\":%" PRId64 ",\"rosters\":", hex,
                     BREAKGLASS_VERSION, book_clock(c->broker->book));
        bytes_add_span(&body, bytes_span(&now->roster->lines_json));
        bytes_add_text(&body, ",\"checkpoint\":");
        bytes_add_json(&body, bytes_span(&now->checkpoint));
        bytes_add_byte(&body, '}');
        published_drop(now);
        api_answer_json(c, &body);
}

void api_challenge(struct call *c)
{
        unsigned char challenge[CHALLENGE_BYTES];
        struct bytes body = BYTES_NONE;
        sessions_challenge(c->broker->sessions, broker_monotonic(c->broker), challenge);
        bytes_add_text(&body, "{\"challenge\":\"");
        bytes_add_hex(&body, challenge, sizeof challenge);
        bytes_printf(&body, "\",\"expires_at\":%" PRId64 "}", book_clock(c->broker->book) + CHALLENGE_LIFE_MS);
        api_answer_json(c, &body);
}

/* Any roster of the chain and any head of this log: a client that has not looked for a while signs in first. */
static enum err check_place(struct call *c, const struct published *now, const struct statement *s)
{
        const struct ledger *l = book_read(c->broker->book);
        enum err e = ERR_STALE_ROSTER;
        struct roster_view v;
        for (size_t i = 0; i < ledger_rosters(l) && e != OK; i++) {
                ledger_roster_at(l, i, &v);
                if (hash_equal(&v.id, &s->roster))
                        e = OK;
        }
        if (!hash_equal(ledger_installation(l), &s->installation))
                e = ERR_STALE_ROSTER;
        if (e == OK && (s->head_size < 1 || s->head_size > now->size))
                e = ERR_FORK;
        if (e == OK) {
                struct hash root = ledger_root_at(l, s->head_size);
                e = hash_equal(&root, &s->head_root) ? OK : ERR_FORK;
        }
        book_read_done(c->broker->book);
        return e;
}

static enum err read_session(struct call *c, struct envelope *ret)
{
        CLEANUP_JSON json_t *root = NULL;
        struct json_fields f;
        enum err e = json_read(bytes_span(&c->body), 8, &root);
        if (e != OK)
                return e;
        json_fields_begin(&f, root);
        json_t *statement = json_take_object(&f, "statement");
        if ((e = json_fields_end(&f)) != OK || (e = envelope_read(statement, ret)) != OK)
                return e;
        return ret->type == STATEMENT_SESSION ? OK : ERR_BAD_STATEMENT;
}

static enum err sign_in(struct call *c, const struct published *now, const struct envelope *e, unsigned char token[],
                        int64_t *retry_ms)
{
        struct statement *s = NULL;
        int64_t mono = broker_monotonic(c->broker);
        enum err error = api_admit(c, now, e, &s, retry_ms);
        if (error == OK)
                error = check_place(c, now, s);
        if (error == OK)
                error = sessions_spend(c->broker->sessions, s->session.challenge, mono);
        if (error == OK) {
                const struct person *p = roster_person(now->roster->roster, s->by[0]);
                sessions_open(c->broker->sessions, p->name, &p->signs, mono, token);
        }
        statement_free(s);
        return error;
}

void api_session(struct call *c)
{
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        struct published *now = book_now(c->broker->book);
        unsigned char token[TOKEN_BYTES];
        struct bytes body = BYTES_NONE;
        int64_t retry_ms = MINUTE_MS;
        enum err e = read_session(c, &envelope);
        if (e == OK)
                e = sign_in(c, now, &envelope, token, &retry_ms);
        published_drop(now);
        if (e != OK) {
                call_refuse(c, e, retry_ms);
                return;
        }
        bytes_add_text(&body, "{\"token\":\"");
        bytes_add_hex(&body, token, sizeof token);
        bytes_printf(&body, "\",\"expires_at\":%" PRId64 "}", book_clock(c->broker->book) + SESSION_LIFE_MS);
        sodium_memzero(token, sizeof token);
        api_answer_json(c, &body);
}

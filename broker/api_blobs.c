#include "base/clock.h"
#include "broker/api.h"
#include <string.h>

#define PLACES_MAX 8u

/* ---- who may have what ---- */

/* A version's share: to its holder. */
static enum err may_have_share(const struct ledger *l, uint64_t size, const char *who, const struct hash *version,
                               const struct hash *sha256)
{
        struct version_view v;
        if (!ledger_version_by_id(l, version, &v) || v.n >= size)
                return ERR_NOT_FOUND;
        for (unsigned i = 0; i < v.fields->n_shares; i++)
                if (hash_equal(&v.fields->shares[i].sha256, sha256) && !strcmp(v.fields->shares[i].holder, who))
                        return OK;
        return ERR_NOT_ALLOWED;
}

/* What an opening gives: from its committed `open` until its end. */
static enum err may_have_opened(const struct request_view *r, uint64_t size, const char *who)
{
        if (strcmp(r->requester, who) != 0)
                return ERR_NOT_ALLOWED;
        if (r->state == REQUEST_ENDED)
                return ERR_ENDED;
        return r->state == REQUEST_OPENED && r->opened_n < size ? OK : ERR_NOT_READY;
}

/* The kindest answer that any of this person's requests gives. */
static enum err better(enum err a, enum err b)
{
        static const enum err order[] = {OK, ERR_NOT_READY, ERR_ENDED, ERR_NOT_ALLOWED, ERR_NOT_FOUND};
        for (size_t i = 0; i < COUNT_OF(order); i++)
                if (order[i] == a || order[i] == b)
                        return order[i];
        return a;
}

static enum err may_have_ciphertext(const struct ledger *l, uint64_t size, int64_t now, const char *who,
                                    const struct hash *version)
{
        enum err e = ERR_NOT_ALLOWED;
        for (size_t i = ledger_requests(l); i-- > 0 && e != OK;) {
                struct request_view r;
                ledger_request_at(l, i, now, &r);
                if (hash_equal(&r.version, version))
                        e = better(e, may_have_opened(&r, size, who));
        }
        return e;
}

static enum err may_have_reshare(const struct ledger *l, uint64_t size, int64_t now, const char *who,
                                 const struct hash *request)
{
        struct request_view r;
        return ledger_request_by_id(l, request, now, &r) ? may_have_opened(&r, size, who) : ERR_NOT_FOUND;
}

/* Erased with its request: the log still knows whose it was. */
static enum err was_reshare(const struct ledger *l, int64_t now, const char *who, const struct hash *sha256)
{
        for (size_t i = ledger_requests(l); i-- > 0;)
                for (size_t k = 0; k < ledger_approvals(l, i); k++) {
                        struct approval_view a;
                        struct request_view r;
                        ledger_approval_at(l, i, k, now, &a);
                        if (!hash_equal(&a.share, sha256))
                                continue;
                        ledger_request_at(l, i, now, &r);
                        return strcmp(r.requester, who) != 0 ? ERR_NOT_ALLOWED
                               : r.state == REQUEST_ENDED    ? ERR_ENDED
                                                             : ERR_NOT_FOUND;
                }
        return ERR_NOT_FOUND;
}

static enum err may_have(const struct ledger *l, uint64_t size, int64_t now, const char *who,
                         const struct blob_place *place, const struct hash *sha256)
{
        switch (place->kind) {
        case BLOB_SHARE: return may_have_share(l, size, who, &place->owner, sha256);
        case BLOB_CIPHERTEXT: return may_have_ciphertext(l, size, now, who, &place->owner);
        case BLOB_RESHARE: return may_have_reshare(l, size, now, who, &place->owner);
        case BLOB_HANDOVER: return ERR_NOT_ALLOWED; /* GET /v1/handovers only */
        }
        return ERR_NOT_ALLOWED;
}

static enum err find(struct call *c, const struct hash *sha256, struct blob_place *ret)
{
        struct blob_place places[PLACES_MAX];
        size_t n = 0;
        enum err e = store_find_blob(c->broker->store, sha256, places, PLACES_MAX, &n);
        if (e != OK)
                return e;
        struct published *state = book_now(c->broker->book);
        int64_t now = book_clock(c->broker->book);
        const struct ledger *l = book_read(c->broker->book);
        e = n ? ERR_NOT_FOUND : was_reshare(l, now, c->session.name, sha256);
        for (size_t i = 0; i < n && e != OK; i++) {
                e = better(e, may_have(l, state->size, now, c->session.name, &places[i], sha256));
                *ret = places[i];
        }
        book_read_done(c->broker->book);
        published_drop(state);
        return e;
}

void api_blob(struct call *c)
{
        struct hash sha256;
        struct blob_place place;
        struct bytes body = BYTES_NONE;
        enum err e = hash_from_hex(span_text(c->tail), &sha256);
        e = e == OK ? find(c, &sha256, &place) : ERR_NOT_FOUND;
        if (e == OK)
                e = store_read_blob(c->broker->store, &place, &sha256, &body);
        if (e == OK) {
                call_answer(c, 200, "application/octet-stream", &body);
                return;
        }
        bytes_done(&body);
        call_refuse(c, e, 0);
}

/* ---- what closers handed over ---- */

static void add_blob(void *context, const struct hash *sha256, struct span bytes)
{
        struct bytes *body = context;
        bytes_add_text(body, body->p[body->n - 1] == '[' ? "\"" : ",\"");
        bytes_add_base64(body, bytes);
        bytes_add_byte(body, '"');
}

static enum err may_have_handover(struct call *c, const struct hash *version)
{
        enum err e = ERR_NOT_ALLOWED;
        struct version_view v;
        struct rotation_view r;
        const struct ledger *l = book_read(c->broker->book);
        if (!ledger_version_by_id(l, version, &v)) {
                e = ERR_NOT_FOUND;
        } else if (!v.is_retired) {
                const struct policy *p = roster_policy_of(ledger_roster(l), v.fields->credential);
                if (p && name_list_has(&p->rotators, c->session.name))
                        e = OK;
        }
        if (e == OK && ledger_rotation(l, version, book_clock(c->broker->book), &r) && r.is_done)
                e = ERR_ENDED;
        book_read_done(c->broker->book);
        return e;
}

void api_handover(struct call *c)
{
        struct hash version;
        struct bytes body = BYTES_NONE;
        enum err e = hash_from_hex(span_text(c->tail), &version);
        e = e == OK ? may_have_handover(c, &version) : ERR_NOT_FOUND;
        bytes_add_text(&body, "{\"blobs\":[");
        if (e == OK)
                e = store_each_blob(c->broker->store, BLOB_HANDOVER, &version, add_blob, &body);
        if (e == OK) {
                bytes_add_text(&body, "]}");
                api_answer_json(c, &body);
                return;
        }
        bytes_done(&body);
        call_refuse(c, e, 0);
}

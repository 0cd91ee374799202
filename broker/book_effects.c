#include "broker/book_internal.h"
#include "broker/page_route.h"
#include <string.h>

static void page(struct book *b, struct event *e)
{
        book_page(b, e);
        event_done(e);
}

/* ---- blobs ---- */

static void keep(struct book *b, enum blob_kind kind, const struct hash *owner, const struct blob *blob)
{
        if (!b->is_fatal)
                book_kept(b, store_put_blob(b->setup.store, kind, owner, &blob->sha256, bytes_span(&blob->bytes)));
}

static void erase(struct book *b, enum blob_kind kind, const struct hash *owner)
{
        if (!b->is_fatal)
                book_kept(b, store_erase_blobs(b->setup.store, kind, owner, &b->has_erased));
}

static void keep_version(struct book *b, const struct submission *s, const struct statement *st)
{
        for (size_t i = 0; i < s->n_blobs; i++) {
                bool is_ciphertext = hash_equal(&s->blobs[i].sha256, &st->version.ciphertext_sha256);
                keep(b, is_ciphertext ? BLOB_CIPHERTEXT : BLOB_SHARE, &st->id, &s->blobs[i]);
        }
}

static void keep_handover(struct book *b, const struct submission *s, const struct hash *version)
{
        struct rotation_view r;
        if (!ledger_rotation(b->ledger, version, ledger_last_at(b->ledger), &r) || r.is_done)
                return;
        for (size_t i = 0; i < s->n_blobs; i++)
                keep(b, BLOB_HANDOVER, version, &s->blobs[i]);
}

/* ---- whether a page about a request was accepted ---- */

void paged_key(const struct hash *request, char ret[PAGED_KEY])
{
        memcpy(ret, "paged/", 6);
        hash_to_hex(request, ret + 6);
}

static void after_notice(struct book *b, const struct statement *st, bool is_outcome, int64_t at_ms)
{
        char key[PAGED_KEY];
        struct hash request;
        struct request_view r;
        bool is_new;
        page_notice(b, st, is_outcome, at_ms);
        if (!is_outcome || st->notice.outcome != NOTICE_ACCEPTED || !st->notice.about ||
            hash_from_hex(span_text(st->notice.about), &request) != OK ||
            !ledger_request_by_id(b->ledger, &request, at_ms, &r) || r.state == REQUEST_ENDED)
                return;
        paged_key(&request, key);
        if (book_begin(b))
                book_kept(b, store_remember(b->setup.store, key, at_ms, STORE_ONCE, &is_new));
}

/* ---- requests that end ---- */

struct ending {
        const struct submission *submission; /* of a close: its blobs are handed over */
        const char *who;
        bool pages; /* a denial pages for itself */
};

static void end_request(struct book *b, const struct request_view *r, const struct ending *how, int64_t at_ms)
{
        if (how->pages) {
                struct event e;
                event_ended(r, how->who, at_ms, &e);
                page(b, &e);
        }
        char key[PAGED_KEY];
        erase(b, BLOB_RESHARE, &r->id);
        paged_key(&r->id, key);
        if (!b->is_fatal)
                book_kept(b, store_forget(b->setup.store, key, INT64_MAX));
        escalation_forget(b, &r->id);
        if (how->submission && r->opened_at_ms)
                keep_handover(b, how->submission, &r->version);
}

/* What was live and is no more. An expired one waits for its line: that comes at once, from the duties. */
static void sweep_live(struct book *b, const struct ending *how, int64_t at_ms)
{
        size_t kept = 0;
        for (size_t i = 0; i < b->n_live; i++) {
                struct request_view r;
                ledger_request_at(b->ledger, b->live[i], at_ms, &r);
                if (r.state != REQUEST_ENDED || (r.end == END_EXPIRED && !r.close_is_logged))
                        b->live[kept++] = b->live[i];
                else
                        end_request(b, &r, how, at_ms);
        }
        b->n_live = kept;
}

/* ---- by type ---- */

static void after_request(struct book *b, const struct statement *st, int64_t at_ms)
{
        struct request_view r;
        struct event e;
        if (!ledger_request_by_id(b->ledger, &st->id, at_ms, &r))
                return;
        b->live = mem_grow(b->live, b->n_live + 1, sizeof *b->live);
        b->live[b->n_live++] = r.index;
        event_requested(&r, at_ms, &e);
        page(b, &e);
}

static void after_approval(struct book *b, const struct submission *s, const struct statement *st,
                           const struct before *before, int64_t at_ms)
{
        struct request_view r;
        struct event e;
        for (size_t i = 0; i < s->n_blobs; i++)
                keep(b, BLOB_RESHARE, &st->approval.request, &s->blobs[i]);
        if (!ledger_request_by_id(b->ledger, &st->approval.request, at_ms, &r))
                return;
        event_approved(&r, st->by[0], &st->id, at_ms, &e);
        page(b, &e);
        if (before->state == REQUEST_READY || r.state != REQUEST_READY)
                return;
        event_ready(&r, at_ms, &e);
        page(b, &e);
}

static void after_denial(struct book *b, const struct statement *st, int64_t at_ms)
{
        struct request_view r;
        struct event e;
        struct ending how = {0};
        if (!ledger_request_by_id(b->ledger, &st->denial.request, at_ms, &r))
                return;
        event_denied(&r, st->by[0], st->denial.suspicious, &st->id, at_ms, &e);
        page(b, &e);
        sweep_live(b, &how, at_ms);
}

static void after_open(struct book *b, const struct statement *st, int64_t at_ms)
{
        struct request_view r;
        struct event e;
        if (!ledger_request_by_id(b->ledger, &st->open.request, at_ms, &r))
                return;
        event_opened(&r, at_ms, &e);
        page(b, &e);
}

/* It was opened without us; of all who are told of openings, each is told of this one. */
static void after_recovery(struct book *b, const struct statement *st, int64_t at_ms)
{
        struct request_view r;
        struct event e;
        if (!ledger_request_by_id(b->ledger, &st->recovery.offline[0].said->id, at_ms, &r))
                return;
        event_opened(&r, at_ms, &e);
        e.who = st->by[0];
        page(b, &e);
}

static void after_roster(struct book *b, const struct statement *st, int64_t at_ms)
{
        struct ending how = {.pages = true};
        struct event e = {.kind = "roster-changed", .severity = "warning", .at_ms = at_ms, .who = st->by[0]};
        char id[HASH_HEX + 1];
        hash_to_hex(&st->id, id);
        event_key(&e, "roster-changed/%s", id);
        bytes_printf(&e.text, "roster %llu is in force, signed by", (unsigned long long)st->new_roster->number);
        for (size_t i = 0; i < st->n_by; i++)
                bytes_printf(&e.text, "%s %s", i ? "," : "", st->by[i]);
        page(b, &e);
        sweep_live(b, &how, at_ms);
        page_route_warn(ledger_roster(b->ledger), b->config);
}

static void after_rotation(struct book *b, const struct statement *st, int64_t at_ms)
{
        struct version_view v;
        if (!ledger_version_by_id(b->ledger, &st->rotation.version, &v))
                return;
        if (st->rotation.step == STEP_DONE)
                erase(b, BLOB_HANDOVER, &v.id);
        page_rotation(b, st, &v, at_ms);
}

void effects_before(const struct book *b, const struct statement *s, int64_t at_ms, struct before *ret)
{
        struct request_view r;
        if (s->type == STATEMENT_APPROVAL && ledger_request_by_id(b->ledger, &s->approval.request, at_ms, &r))
                ret->state = r.state;
}

void effects_after(struct book *b, const struct submission *s, const struct statement *st,
                   const struct before *before, int64_t at_ms)
{
        struct ending how = {.submission = s, .who = st->by[0], .pages = true};
        b->next_duty_ms = b->next_escalation_ms = 0; /* what comes next may have changed */
        if (st->type != STATEMENT_APPROVAL && st->type != STATEMENT_CUSTODY)
                b->next_reminder_ms = 0;
        switch (st->type) {
        case STATEMENT_VERSION: keep_version(b, s, st); return;
        case STATEMENT_REQUEST: after_request(b, st, at_ms); return;
        case STATEMENT_APPROVAL: after_approval(b, s, st, before, at_ms); return;
        case STATEMENT_DENIAL: after_denial(b, st, at_ms); return;
        case STATEMENT_OPEN: after_open(b, st, at_ms); return;
        case STATEMENT_CLOSE:
        case STATEMENT_CANCEL: sweep_live(b, &how, at_ms); return;
        case STATEMENT_ROSTER: after_roster(b, st, at_ms); return;
        case STATEMENT_ROTATION: after_rotation(b, st, at_ms); return;
        case STATEMENT_NOTICE: after_notice(b, st, s->page != 0, at_ms); return;
        case STATEMENT_RECOVERY: after_recovery(b, st, at_ms); return;
        case STATEMENT_CUSTODY:
        case STATEMENT_HOLD:
        case STATEMENT_EXTEND:
        case STATEMENT_ORDER:
        case STATEMENT_POSTMORTEM:
        case STATEMENT_SESSION:
        case STATEMENT_UNKNOWN: return;
        }
}

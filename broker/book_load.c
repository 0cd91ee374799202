#include "base/log.h"
#include "broker/book_internal.h"
#include "broker/replay.h"
#include "quorum/checkpoint.h"
#include <inttypes.h>
#include <string.h>

/* ---- the roster in force ---- */

struct roster_ref *roster_ref_new(const struct roster *copied, struct span lines_json)
{
        struct roster_ref *r = mem_new(1, sizeof *r);
        r->refs = 1;
        bytes_add_span(&r->lines_json, lines_json);
        /* The ledger's own goes away with the next roster: readers get their own copy of the bytes that it accepted.
         */
        if (roster_parse(bytes_span(&copied->yaml), &r->roster) != OK)
                abort();
        return r;
}

struct roster_ref *roster_ref_keep(struct roster_ref *r)
{
        atomic_fetch_add(&r->refs, 1);
        return r;
}

void roster_ref_drop(struct roster_ref *r)
{
        if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
                return;
        roster_free(r->roster);
        bytes_done(&r->lines_json);
        free(r);
}

const struct signing_key *book_key(const struct book *b, const struct key *public)
{
        for (size_t i = 0; i < b->setup.n_keys; i++)
                if (key_equal(&b->setup.keys[i].public, public))
                        return &b->setup.keys[i];
        return NULL;
}

enum err book_sign_head(struct book *b, struct published **ret)
{
        struct checkpoint c = {*ledger_installation(b->ledger), ledger_size(b->ledger), ledger_root(b->ledger)};
        const struct signing_key *key = book_key(b, ledger_broker_key_at(b->ledger, c.size));
        if (!key)
                return err_because(ERR_BAD_KEY,
                                   "the signing key is not the one that the roster names as the broker's");
        struct published *p = mem_new(1, sizeof *p);
        enum err e = checkpoint_sign(&c, &key->key, &p->checkpoint);
        if (e != OK) {
                free(p);
                return e;
        }
        p->refs = 1;
        p->size = c.size;
        p->at_ms = ledger_last_at(b->ledger);
        p->roster = roster_ref_keep(b->roster);
        *ret = p;
        return OK;
}

enum err book_sign_at(struct book *b, uint64_t size, struct bytes *ret)
{
        const struct ledger *l = book_read(b);
        struct checkpoint c = {*ledger_installation(l), size, ledger_root_at(l, size)};
        const struct signing_key *key = book_key(b, ledger_broker_key_at(l, size));
        book_read_done(b);
        return key ? checkpoint_sign(&c, &key->key, ret) : ERR_BAD_KEY;
}

uint64_t book_signable(struct book *b, uint64_t size, uint64_t most)
{
        const struct ledger *l = book_read(b);
        for (size_t i = 0; i < ledger_rosters(l) && !book_key(b, ledger_broker_key_at(l, size)); i++) {
                struct roster_view v;
                ledger_roster_at(l, i, &v);
                if (v.n + 1 > size)
                        size = v.n + 1;
        }
        book_read_done(b);
        return size < most ? size : most;
}

/* ---- from the disk ---- */

static enum err load_snapshot(struct book *b)
{
        CLEANUP_BYTES struct bytes state = BYTES_NONE;
        uint64_t size;
        struct hash root;
        enum err e = store_load_snapshot(b->setup.store, &size, &root, &state);
        if (e == ERR_NOT_FOUND) {
                b->ledger = ledger_new();
                return OK;
        }
        if (e != OK)
                return e;
        if (ledger_load(bytes_span(&state), &b->ledger) != OK) {
                /* Of another layout, or damaged: the log itself decides. */
                log_event(LOG_LEVEL_WARNING, "snapshot.ignored", F_TEXT("why", err_reason()));
                b->ledger = ledger_new();
                return OK;
        }
        struct hash is = ledger_root(b->ledger);
        if (ledger_size(b->ledger) != size || !hash_equal(&is, &root))
                return err_because(ERR_CORRUPT_STORE, "the snapshot is not of the state that it is kept for");
        b->snapshot_size = b->snapshot_at_start_size = size;
        b->snapshot_at_start = state;
        state = BYTES_NONE;
        return OK;
}

/* The snapshot's last line must be the log's: a log of another installation, or cut below it, is found at once. */
static enum err check_edge(struct book *b)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        uint64_t size = ledger_size(b->ledger), next;
        if (size == 0)
                return OK;
        enum err e = store_read_lines(b->setup.store, size - 1, size, 1, &line, &next);
        if (e != OK)
                return e;
        struct hash is = tree_leaf(span_of(line.p, line.n - 1)),
                    should = tree_leaf_at(ledger_tree(b->ledger), size - 1);
        return hash_equal(&is, &should) ? OK : err_because(ERR_CORRUPT_STORE, "the log is not the snapshot's");
}

static enum err load_rosters(struct book *b)
{
        CLEANUP_BYTES struct bytes json = BYTES_NONE, line = BYTES_NONE;
        bytes_add_byte(&json, '[');
        for (size_t i = 0; i < ledger_rosters(b->ledger); i++) {
                struct roster_view v;
                uint64_t next;
                ledger_roster_at(b->ledger, i, &v);
                bytes_clear(&line);
                enum err e = store_read_lines(b->setup.store, v.n, v.n + 1, 1, &line, &next);
                if (e != OK)
                        return e;
                if (i > 0)
                        bytes_add_byte(&json, ',');
                bytes_add_json(&json, span_of(line.p, line.n - 1));
        }
        bytes_add_byte(&json, ']');
        b->roster = roster_ref_new(ledger_roster(b->ledger), bytes_span(&json));
        return OK;
}

static void find_live(struct book *b)
{
        size_t n = ledger_requests(b->ledger);
        for (size_t i = 0; i < n; i++) {
                struct request_view r;
                ledger_request_at(b->ledger, i, ledger_last_at(b->ledger), &r);
                if (r.state == REQUEST_ENDED && (r.end != END_EXPIRED || r.close_is_logged))
                        continue;
                b->live = mem_grow(b->live, b->n_live + 1, sizeof *b->live);
                b->live[b->n_live++] = i;
        }
}

enum err book_load(struct book *b)
{
        uint64_t size = 0;
        enum err e = load_snapshot(b);
        if (e == OK)
                e = store_size(b->setup.store, &size);
        if (e != OK)
                return e;
        if (size == 0)
                return err_because(ERR_CORRUPT_STORE, "the log is empty; start it with `breakglassd init`");
        if (size < ledger_size(b->ledger))
                return err_because(ERR_CORRUPT_STORE, "the log was cut: %" PRIu64 " lines of at least %" PRIu64, size,
                                   ledger_size(b->ledger));
        if ((e = check_edge(b)) != OK || (e = replay_store(b->setup.store, b->ledger, size, false)) != OK ||
            (e = load_rosters(b)) != OK)
                return e;
        if (!book_key(b, ledger_broker_key_at(b->ledger, size)))
                return err_because(ERR_CORRUPT_STORE, "the signing key is not the one that this log's roster names");
        find_live(b);
        return OK;
}

/* ---- everything again, beside the running broker ---- */

static enum err verify_chunks(struct book *b, struct ledger *l, uint64_t to, bool (*goes_on)(void *context),
                              void *context)
{
        while (ledger_size(l) < to) {
                uint64_t step = ledger_size(l) + 256;
                if (!goes_on(context))
                        return ERR_ABORTED;
                enum err e = replay_store(b->setup.store, l, step < to ? step : to, false);
                if (e != OK)
                        return e;
        }
        return OK;
}

static enum err compare_snapshot(const struct book *b, const struct ledger *l)
{
        CLEANUP_BYTES struct bytes state = BYTES_NONE;
        if (!b->snapshot_at_start.n)
                return OK;
        ledger_save(l, &state);
        return span_equal(bytes_span(&state), bytes_span(&b->snapshot_at_start))
                       ? OK
                       : err_because(ERR_CORRUPT_STORE, "the snapshot is not what the log's statements give");
}

static enum err compare_root(struct book *b, const struct ledger *l)
{
        struct hash again = ledger_root(l);
        const struct ledger *ours = book_read(b);
        struct hash root = ledger_root_at(ours, ledger_size(l));
        book_read_done(b);
        return hash_equal(&again, &root) ? OK : err_because(ERR_CORRUPT_STORE, "the log is not what was loaded");
}

enum err book_verify(struct book *b, bool (*goes_on)(void *context), void *context)
{
        struct published *now = book_now(b);
        struct ledger *l = ledger_new();
        uint64_t to = now->size;
        published_drop(now);
        enum err e = verify_chunks(b, l, b->snapshot_at_start_size, goes_on, context);
        if (e == OK)
                e = compare_snapshot(b, l);
        bytes_done(&b->snapshot_at_start);
        if (e == OK)
                e = verify_chunks(b, l, to, goes_on, context);
        if (e == OK)
                e = compare_root(b, l);
        ledger_free(l);
        if (e == OK)
                e = store_check(b->setup.store, goes_on, context);
        return e == ERR_ABORTED ? OK : e;
}

#include "quorum/vault.h"
#include "quorum/admit.h"
#include <inttypes.h>
#include <string.h>

/* ---- the export ---- */

static void keep_blob(void *context, const struct hash *sha256, struct span blob)
{
        struct vault *v = context;

        v->blobs = mem_grow(v->blobs, v->n_blobs + 1, sizeof(*v->blobs));
        v->blobs[v->n_blobs] = (struct vault_blob){.sha256 = *sha256, .bytes = BYTES_NONE};
        bytes_add_span(&v->blobs[v->n_blobs++].bytes, blob);
}

/* Only after the export was verified: so many lines are there. */
static void find_lines(struct vault *v)
{
        const unsigned char *at = v->file.p;

        v->last_at_ms = ledger_last_at(v->ledger);
        v->n_lines = (size_t)ledger_size(v->ledger);
        v->lines = mem_new(v->n_lines, sizeof(*v->lines));
        for (size_t i = 0; i < v->n_lines; i++) {
                const unsigned char *end = memchr(at, '\n', v->file.n - (size_t)(at - v->file.p));

                v->lines[i] = span_of(at, (size_t)(end - at));
                at = end + 1;
        }
}

static enum err open_as(struct bytes *file, const struct hash *genesis, bool want_blobs, struct vault *ret)
{
        const struct export_job job = {
                .genesis = genesis, .want_blobs = want_blobs, .on_blob = keep_blob, .context = ret};
        enum err e;

        *ret = VAULT_NONE;
        ret->file = *file;
        *file = BYTES_NONE;
        e = export_verify(bytes_span(&ret->file), &job, &ret->verdict, &ret->ledger);
        if (e == OK)
                find_lines(ret);
        return e;
}

enum err vault_open(struct bytes *file, const struct hash *genesis, struct vault *ret)
{
        return open_as(file, genesis, true, ret);
}

enum err vault_open_log(struct bytes *file, const struct hash *genesis, struct vault *ret)
{
        return open_as(file, genesis, false, ret);
}

void vault_add_blob(struct vault *v, struct span blob)
{
        const struct hash sha256 = hash_of(blob);
        struct vault_blob added = {.sha256 = sha256, .bytes = BYTES_NONE};
        size_t at = 0;

        while (at < v->n_blobs && memcmp(v->blobs[at].sha256.b, sha256.b, HASH_BYTES) < 0)
                at++;
        if (at < v->n_blobs && hash_equal(&v->blobs[at].sha256, &sha256))
                return;
        bytes_add_span(&added.bytes, blob);
        v->blobs = mem_grow(v->blobs, v->n_blobs + 1, sizeof(*v->blobs));
        memmove(v->blobs + at + 1, v->blobs + at, (v->n_blobs++ - at) * sizeof(*v->blobs));
        v->blobs[at] = added;
}

void vault_done(struct vault *v)
{
        for (size_t i = 0; i < v->n_blobs; i++)
                bytes_done(&v->blobs[i].bytes);
        for (size_t i = 0; i < v->n_said; i++)
                bytes_done(&v->said[i]);
        free(v->blobs);
        free(v->lines);
        free(v->said);
        ledger_free(v->ledger);
        bytes_done(&v->file);
        *v = VAULT_NONE;
}

static int by_hash(const void *key, const void *element)
{
        return memcmp(key, &((const struct vault_blob *)element)->sha256, HASH_BYTES);
}

enum err vault_blob(const struct vault *v, const struct hash *sha256, struct span *ret)
{
        const struct vault_blob *b =
                v->n_blobs ? bsearch(sha256, v->blobs, v->n_blobs, sizeof(*v->blobs), by_hash) : NULL;

        if (!b)
                return err_because(ERR_NOT_FOUND, "the export has no such sealed part");
        *ret = bytes_span(&b->bytes);
        return OK;
}

enum err vault_line(const struct vault *v, uint64_t n, struct span *ret)
{
        if (n >= v->n_lines + v->n_said)
                return err_because(ERR_NOT_FOUND, "the log has no entry %" PRIu64, n);
        *ret = n < v->n_lines ? v->lines[n] : bytes_span(&v->said[n - v->n_lines]);
        return OK;
}

/* ---- behind the log ---- */

static enum err check_belongs(const struct vault *v, const struct statement *s)
{
        if (s->type != STATEMENT_REQUEST && s->type != STATEMENT_APPROVAL && s->type != STATEMENT_OPEN)
                return err_because(ERR_BAD_STATEMENT, "a recovery knows no such statement");
        if (!hash_equal(&s->installation, ledger_installation(v->ledger)))
                return err_because(ERR_MISMATCH, "it is of another installation than the export");
        if (s->head_size > v->n_lines)
                return err_because(ERR_MISMATCH,
                                   "its signer has a later export (%" PRIu64 " entries; this log has %zu): take that "
                                   "one",
                                   s->head_size, v->n_lines);
        return OK;
}

/* One moment for all: what a statement says about time stays true relative to when its signer made it. And an
 * approver can't see the other answers: the spent rule was theirs to judge by, before the share left them. */
static int64_t take_as_now(const struct vault *v, struct statement *s)
{
        int64_t last = ledger_last_at(v->ledger);
        int64_t at = s->type == STATEMENT_REQUEST && s->made_at_ms > last ? s->made_at_ms : last;

        if (s->type == STATEMENT_REQUEST)
                s->request.expires_at_ms += at - s->made_at_ms;
        if (s->type == STATEMENT_APPROVAL)
                s->approval.expires_at_ms += at - s->made_at_ms;
        if (s->type == STATEMENT_APPROVAL)
                s->approval.override = true;
        s->made_at_ms = at;
        return at;
}

enum err vault_say(struct vault *v, const struct envelope *envelope, struct hash *ret_id)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        struct statement *s = NULL;
        struct hash leaf;
        int64_t at_ms;
        enum err e;

        err_forget();
        if ((e = admit_statement(ledger_roster(v->ledger), envelope, &s)) != OK)
                return e;
        if ((e = check_belongs(v, s)) == OK) {
                at_ms = take_as_now(v, s);
                line_write(ledger_size(v->ledger), at_ms, envelope, &line);
                leaf = tree_leaf(bytes_span(&line));
                e = ledger_apply(v->ledger, s, at_ms, &leaf);
        }
        if (e == OK) {
                v->said = mem_grow(v->said, v->n_said + 1, sizeof(*v->said));
                v->said[v->n_said++] = line;
                line = BYTES_NONE;
                *ret_id = s->id;
        }
        statement_free(s);
        return e;
}

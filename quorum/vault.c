#include "quorum/vault.h"
#include "quorum/admit.h"
#include <inttypes.h>
#include <string.h>

/* ---- the export ---- */

static enum err open_as(int fd, const struct hash *genesis, bool want_blobs, struct vault *ret)
{
        *ret = VAULT_NONE;
        enum err e = export_index_new(fd, want_blobs, genesis, &ret->verdict, &ret->ledger, &ret->index);

        if (e == OK)
                ret->last_at_ms = ledger_last_at(ret->ledger);
        return e;
}

enum err vault_open(int fd, const struct hash *genesis, struct vault *ret)
{
        return open_as(fd, genesis, true, ret);
}

enum err vault_open_log(int fd, const struct hash *genesis, struct vault *ret)
{
        return open_as(fd, genesis, false, ret);
}

void vault_add_part(struct vault *v, struct span part)
{
        bytes_clear(&v->added);
        bytes_add_span(&v->added, part);
}

bool vault_has_parts(const struct vault *v)
{
        return export_index_parts(v->index) > 0;
}

void vault_done(struct vault *v)
{
        for (size_t i = 0; i < v->n_said; i++)
                bytes_done(&v->said[i]);
        free(v->said);
        bytes_done(&v->added);
        ledger_free(v->ledger);
        export_index_free(v->index);
        *v = VAULT_NONE;
}

enum err vault_part(const struct vault *v, const struct hash *sha256, struct bytes *ret)
{
        const struct hash added = hash_of(bytes_span(&v->added));

        if (v->added.n == 0 || !hash_equal(&added, sha256))
                return export_index_part(v->index, sha256, ret);
        bytes_add_span(ret, bytes_span(&v->added));
        return OK;
}

enum err vault_line(const struct vault *v, uint64_t n, struct bytes *ret)
{
        const uint64_t exported = v->verdict.entries;

        if (n < exported || n - exported >= v->n_said)
                return export_index_line(v->index, n, ret);
        bytes_add_span(ret, bytes_span(&v->said[n - exported]));
        return OK;
}

/* ---- behind the log ---- */

static enum err check_belongs(const struct vault *v, const struct statement *s)
{
        if (s->type != STATEMENT_REQUEST && s->type != STATEMENT_APPROVAL && s->type != STATEMENT_OPEN)
                return err_because(ERR_BAD_STATEMENT, "a recovery knows no such statement");
        if (!hash_equal(&s->installation, ledger_installation(v->ledger)))
                return err_because(ERR_MISMATCH, "it is of another installation than the export");
        if (s->head_size > v->verdict.entries)
                return err_because(ERR_MISMATCH,
                                   "its signer has a later export (%" PRIu64 " entries; this log has %" PRIu64
                                   "): take that one",
                                   s->head_size, v->verdict.entries);
        if (!hash_equal(&s->roster, &ledger_roster(v->ledger)->id))
                return err_because(ERR_STALE_ROSTER,
                                   "its signer's export has another roster than version %" PRIu64
                                   ", which this log ends with: whoever has the older export takes the newer one",
                                   ledger_roster(v->ledger)->number);
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

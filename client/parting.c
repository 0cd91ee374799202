#include "client/parting.h"
#include "base/clock.h"
#include "client/inside.h"
#include "quorum/admit.h"
#include <inttypes.h>
#include <string.h>

#define STEP_FIRST 64u
#define STEP_GROWS 8u

void parting_done(struct parting *p)
{
        ledger_free(p->ledger);
        bytes_done(&p->lines);
        *p = (struct parting){0};
}

const struct parting *client_parting(const struct client *c)
{
        return &c->parting;
}

/* ---- their lines behind a point that may be common ---- */

struct shown {
        struct bytes answer;
        struct span lines, note;
        struct checkpoint says;
};

static bool split(struct shown *s)
{
        const unsigned char *p = s->answer.p, *end = s->answer.n ? p + s->answer.n : p;

        while (p < end && *p != '\n') {
                const unsigned char *newline = memchr(p, '\n', (size_t)(end - p));

                if (!newline)
                        return false;
                p = newline + 1;
        }
        if (p == end)
                return false;
        s->lines = span_of(s->answer.p, (size_t)(p - s->answer.p));
        s->note = span_of(p + 1, (size_t)(end - p - 1));
        return checkpoint_read(s->note, &s->says) == OK;
}

static struct span take_line(struct span *rest)
{
        const unsigned char *newline = memchr(rest->p, '\n', rest->n);
        struct span line = span_of(rest->p, (size_t)(newline - rest->p));

        *rest = span_of(newline + 1, rest->n - line.n - 1);
        return line;
}

/* Whether our first `after` entries and the lines shown make up the log that their checkpoint is of. */
static bool is_their_log(const struct ledger *ours, uint64_t after, const struct shown *s)
{
        struct frontier f = {0};
        struct hash root;

        for (uint64_t n = 0; n < after; n++) {
                struct hash leaf = tree_leaf_at(ledger_tree(ours), n);

                frontier_add(&f, &leaf);
        }
        for (struct span rest = s->lines; rest.n > 0;) {
                struct hash leaf = tree_leaf(take_line(&rest));

                frontier_add(&f, &leaf);
        }
        root = frontier_root(&f);
        return f.size == s->says.size && hash_equal(&root, &s->says.root);
}

/* Signed in under the genesis alone, which both logs have. */
static enum err fetch(struct client *c, uint64_t after, struct shown *ret)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        enum err e = c->is_signed_in ? OK : client_sign_in_at_genesis(c);

        if (e != OK)
                return e;
        bytes_printf(&path, "/v1/log?after=%" PRIu64 "&wait=0", after);
        if ((e = client_call(c, bytes_text(&path), NULL, BULK_MS, &ret->answer)) != OK)
                return e;
        return split(ret) ? OK : err_because(ERR_LYING_BROKER, "the log's answer is malformed");
}

/* Back from the shorter log's end, in growing steps, until what is shown fits behind ours. */
static enum err find_common(struct client *c, uint64_t shorter, uint64_t *ret_after, struct shown *ret)
{
        uint64_t after = shorter, step = STEP_FIRST;
        enum err e = OK;

        while (e == OK && after > 1) {
                after = after > step + 1 ? after - step : 1;
                step *= STEP_GROWS;
                e = fetch(c, after, ret);
                if (e == OK && is_their_log(client_ledger(c), after, ret)) {
                        *ret_after = after;
                        return OK;
                }
        }
        return e != OK ? e : ERR_NOT_FOUND;
}

/* ---- their log, verified ---- */

static enum err fold_ours(struct client *c, uint64_t to, struct ledger *l)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        enum err e = OK;

        for (uint64_t n = 0; n < to && e == OK; n++) {
                bytes_clear(&line);
                if ((e = replica_line(c->replica, n, &line)) == OK)
                        e = admit_line(l, bytes_span(&line), true, NULL);
        }
        return e;
}

static bool is_same_line(const struct ledger *l, uint64_t n, struct span line)
{
        struct hash theirs = tree_leaf(line), ours;

        if (n >= ledger_size(l))
                return false;
        ours = tree_leaf_at(ledger_tree(l), n);
        return hash_equal(&theirs, &ours);
}

static enum err fold_theirs(struct client *c, const struct shown *s, struct parting *p)
{
        enum err e = OK;
        bool is_common = true;

        for (struct span rest = s->lines; rest.n > 0 && e == OK;) {
                const uint64_t n = ledger_size(p->ledger);
                const struct span line = take_line(&rest);

                is_common = is_common && is_same_line(client_ledger(c), n, line);
                if ((e = admit_line(p->ledger, line, is_common, NULL)) != OK)
                        break;
                if (is_common)
                        p->common = n + 1;
                else
                        bytes_add(&p->lines, line.p, line.n + 1);
        }
        return e;
}

static enum err compare(struct client *c, struct parting *p)
{
        const uint64_t shorter = p->ours.size < p->theirs.size ? p->ours.size : p->theirs.size;
        struct shown s = {.answer = BYTES_NONE};
        struct checkpoint verified;
        const struct key *broker;
        enum err e = find_common(c, shorter, &p->common, &s);

        if (e == OK) {
                p->ledger = ledger_new();
                e = fold_ours(c, p->common, p->ledger);
        }
        if (e == OK)
                e = fold_theirs(c, &s, p);
        broker = e == OK ? ledger_broker_key_at(p->ledger, s.says.size) : NULL;
        if (e == OK && (!broker || checkpoint_verify(s.note, broker, &verified) != OK))
                e = ERR_LYING_BROKER;
        bytes_done(&s.answer);
        return e;
}

/* ---- the whole ---- */

/* What a session under an old head is good for ends here. */
static void sign_out(struct client *c)
{
        http_set_token(c->http, NULL);
        c->is_signed_in = false;
}

static bool is_known(const struct parting *p, const struct checkpoint *theirs)
{
        return p->kind != PARTING_NONE && p->theirs.size == theirs->size &&
               hash_equal(&p->theirs.root, &theirs->root);
}

void client_find_parting(struct client *c, const struct checkpoint *ours, const struct checkpoint *theirs)
{
        const struct ledger *l = client_ledger(c);
        struct hash root;
        enum err e;

        if (is_known(&c->parting, theirs) && c->parting.ours.size == ours->size)
                return;
        parting_done(&c->parting);
        c->parting = (struct parting){.kind = PARTING_UNKNOWN, .ours = *ours, .theirs = *theirs};
        if (ledger_size(l) != ours->size)
                return; /* of first contact: there is no log to compare yet */
        if (theirs->size < ours->size) {
                root = ledger_root_at(l, theirs->size);
                if (hash_equal(&root, &theirs->root)) {
                        c->parting.kind = PARTING_CUT;
                        c->parting.common = theirs->size;
                        return;
                }
        }
        e = compare(c, &c->parting);
        sign_out(c);
        if (e == OK && c->parting.lines.n > 0) {
                c->parting.kind = PARTING_FORK;
                return;
        }
        parting_done(&c->parting);
        c->parting = (struct parting){.kind = PARTING_UNKNOWN, .ours = *ours, .theirs = *theirs};
}

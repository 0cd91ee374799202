#include "client/replica_inside.h"
#include "quorum/admit.h"
#include "quorum/envelope.h"
#include <inttypes.h>
#include <string.h>

/* What an answer of /v1/log says, split but not yet believed. */
struct log_answer {
        struct span lines; /* whole lines with their newlines */
        size_t n_lines;
        struct span note;
        struct checkpoint says;
};

enum err replica_open(struct home *home, struct replica **ret)
{
        struct replica *r = mem_new(1, sizeof(*r));
        enum err e;

        r->home = home;
        r->log_fd = -1;
        if ((e = home_lock(home)) == OK) {
                e = replica_load(r);
                home_unlock(home);
        }
        if (e == OK)
                *ret = r;
        else
                replica_close(r);
        return e;
}

void replica_close(struct replica *r)
{
        if (!r)
                return;
        /* Nobody is left to hear of a failure; the next start sees what is there. */
        if (r->ledger && replica_flush(r) == OK && ledger_size(r->ledger) > 0 &&
            ledger_size(r->ledger) == r->head_says.size)
                replica_save_snapshot(r);
        ledger_free(r->ledger);
        free(r->offsets);
        bytes_done(&r->head);
        if (r->log_fd >= 0)
                close(r->log_fd);
        free(r);
}

const struct ledger *replica_ledger(const struct replica *r)
{
        return r->ledger;
}

struct span replica_head(const struct replica *r)
{
        return bytes_span(&r->head);
}

/* ---- judging ---- */

/* Both heads, so that two people can compare them by voice. */
static enum err contradiction(const struct replica *r, const struct checkpoint *shown, const char *why)
{
        char seen_root[HASH_HEX + 1], shown_root[HASH_HEX + 1];

        hash_to_hex(&r->head_says.root, seen_root);
        hash_to_hex(&shown->root, shown_root);
        return err_because(ERR_LYING_BROKER, "%s; seen before: %" PRIu64 " %s, shown now: %" PRIu64 " %s", why,
                           r->head_says.size, seen_root, shown->size, shown_root);
}

static enum err split_answer(struct span answer, struct log_answer *ret)
{
        size_t at = 0;

        *ret = (struct log_answer){0};
        while (at < answer.n && answer.p[at] != '\n') {
                const unsigned char *newline = memchr(answer.p + at, '\n', answer.n - at);

                if (!newline)
                        return err_because(ERR_LYING_BROKER, "the log's answer ends within a line");
                at = (size_t)(newline - answer.p) + 1;
                ret->n_lines++;
        }
        if (at >= answer.n)
                return err_because(ERR_LYING_BROKER, "the log's answer has no checkpoint");
        ret->lines = span_of(answer.p, at);
        ret->note = span_of(answer.p + at + 1, answer.n - at - 1);
        if (checkpoint_read(ret->note, &ret->says) != OK)
                return err_because(ERR_LYING_BROKER, "the log's answer has a malformed checkpoint");
        return OK;
}

static enum err check_size(const struct replica *r, const struct log_answer *a, uint64_t asked)
{
        if (!hash_equal(&a->says.installation, &r->home->genesis))
                return err_because(ERR_LYING_BROKER, "the checkpoint is of another installation");
        if (a->says.size < asked)
                return contradiction(r, &a->says, "a shorter log than seen before");
        if (a->says.size != asked + a->n_lines)
                return contradiction(r, &a->says, "the lines and the checkpoint's size do not belong together");
        return OK;
}

/* A line that is held already must be the same one. */
static enum err compare_line(const struct replica *r, const struct log_answer *a, uint64_t n, struct span line)
{
        struct hash shown = tree_leaf(line), held = tree_leaf_at(ledger_tree(r->ledger), n);

        return hash_equal(&shown, &held) ? OK : contradiction(r, &a->says, "fork: another line than seen before");
}

static enum err fold_line(struct replica *r, const struct log_answer *a, struct span line)
{
        CLEANUP_FREE char *why = NULL;
        enum err e = admit_line(r->ledger, line, false, NULL);

        if (e == OK || e == ERR_UPGRADE)
                return e;
        why = mem_text(err_reason());
        return contradiction(r, &a->says, why);
}

/* Folds in what is new; *ret_new: where the new lines begin. */
static enum err fold(struct replica *r, const struct log_answer *a, uint64_t asked, struct span *ret_new)
{
        uint64_t end = replica_log_end(r), n = asked;
        size_t at = 0, fresh = a->lines.n;
        enum err e;

        while (at < a->lines.n) {
                const unsigned char *line = a->lines.p + at;
                size_t length = (size_t)((const unsigned char *)memchr(line, '\n', a->lines.n - at) - line);

                if (n < ledger_size(r->ledger)) {
                        e = compare_line(r, a, n, span_of(line, length));
                } else {
                        if (fresh > at)
                                fresh = at;
                        e = fold_line(r, a, span_of(line, length));
                        if (e == OK)
                                replica_note_offset(r, n + 1, end + (at - fresh) + length + 1);
                }
                if (e != OK)
                        return e;
                n++;
                at += length + 1;
        }
        *ret_new = span_of(a->lines.p + fresh, a->lines.n - fresh);
        return OK;
}

static enum err check_genesis(const struct replica *r)
{
        if (ledger_size(r->ledger) > 0 && !hash_equal(ledger_installation(r->ledger), &r->home->genesis))
                return err_because(ERR_LYING_BROKER, "the log begins with another roster than the pinned one");
        return OK;
}

static enum err check_known_head(const struct replica *r, const struct checkpoint *says)
{
        struct hash root;

        if (r->head_says.size == 0 || r->head_says.size > ledger_size(r->ledger))
                return OK;
        root = ledger_root_at(r->ledger, r->head_says.size);
        if (!hash_equal(&root, &r->head_says.root))
                return contradiction(r, says, "fork: the log does not contain the head seen before");
        return OK;
}

static enum err check_note(const struct replica *r, struct span note, const struct checkpoint *says)
{
        const struct key *broker = ledger_broker_key_at(r->ledger, says->size);
        struct hash root = ledger_root_at(r->ledger, says->size);
        struct checkpoint verified;

        if (!broker || checkpoint_verify(note, broker, &verified) != OK)
                return err_because(ERR_LYING_BROKER, "the checkpoint's signature does not hold");
        if (!hash_equal(&root, &says->root))
                return contradiction(r, says, "fork: the checkpoint is of another log");
        return OK;
}

static enum err judge(struct replica *r, struct span answer, uint64_t asked, size_t *ret_new_lines)
{
        struct log_answer a;
        struct span fresh;
        uint64_t had = ledger_size(r->ledger);
        bool is_newer;
        enum err e;

        if ((e = split_answer(answer, &a)) != OK)
                return e;
        if ((e = check_size(r, &a, asked)) != OK)
                return e;
        if ((e = fold(r, &a, asked, &fresh)) != OK)
                return e;
        if ((e = check_genesis(r)) != OK)
                return e;
        if (a.says.size == 0)
                return OK;
        if ((e = check_note(r, a.note, &a.says)) != OK)
                return e;
        if ((e = check_known_head(r, &a.says)) != OK)
                return e;
        is_newer = a.says.size > r->head_says.size;
        if ((e = replica_append(r, fresh, is_newer ? a.note : span_of(NULL, 0))) != OK)
                return e;
        *ret_new_lines = (size_t)(ledger_size(r->ledger) - had);
        return OK;
}

/* Back to what the disk says; the reason of the failure stays. */
static void forget_answer(struct replica *r, enum err e)
{
        CLEANUP_FREE char *why = mem_text(err_reason());

        if (replica_load(r) != OK) {
                ledger_free(r->ledger);
                r->ledger = ledger_new();
        }
        (void)err_because(e, "%s", why);
}

static enum err take_locked(struct replica *r, struct span answer, size_t *ret_new_lines)
{
        uint64_t asked = ledger_size(r->ledger);
        enum err e;

        if ((e = replica_catch_up(r)) != OK)
                return e;
        e = judge(r, answer, asked, ret_new_lines);
        if (e == ERR_LYING_BROKER)
                home_keep_evidence(r->home, answer);
        if (e != OK)
                forget_answer(r, e);
        return e;
}

enum err replica_take(struct replica *r, struct span answer, size_t *ret_new_lines)
{
        size_t n = 0;
        enum err e;

        if ((e = home_lock(r->home)) != OK)
                return e;
        e = take_locked(r, answer, &n);
        home_unlock(r->home);
        if (ret_new_lines)
                *ret_new_lines = n;
        return e;
}

/* ---- heads ---- */

enum err replica_expect(struct replica *r, struct span verified_note)
{
        struct checkpoint says;
        enum err e;

        if ((e = checkpoint_read(verified_note, &says)) != OK)
                return e;
        if (says.size < r->head_says.size)
                return contradiction(r, &says, "a shorter log than seen before");
        if (says.size == r->head_says.size) {
                if (says.size > 0 && !hash_equal(&says.root, &r->head_says.root))
                        return contradiction(r, &says, "fork: two logs of one size");
                return OK;
        }
        /* With a log at hand the head moves only together with its lines. */
        if (ledger_size(r->ledger) > 0)
                return OK;
        if ((e = home_lock(r->home)) != OK)
                return e;
        e = replica_append(r, span_of(NULL, 0), verified_note);
        home_unlock(r->home);
        return e;
}

enum err replica_check_complete(struct replica *r)
{
        struct checkpoint shown = {.size = ledger_size(r->ledger)};

        if (shown.size >= r->head_says.size)
                return OK;
        shown.root = ledger_root(r->ledger);
        return contradiction(r, &shown, "a shorter log than seen before");
}

enum err replica_check_head(struct replica *r, struct span note, struct checkpoint *ret)
{
        struct checkpoint says;
        enum err e;

        if (checkpoint_read(note, &says) != OK)
                return err_because(ERR_LYING_BROKER, "a malformed checkpoint");
        if (!hash_equal(&says.installation, &r->home->genesis))
                return err_because(ERR_LYING_BROKER, "the checkpoint is of another installation");
        if (says.size > 0 && says.size <= ledger_size(r->ledger) && (e = check_note(r, note, &says)) != OK) {
                home_keep_evidence(r->home, note);
                return e;
        }
        *ret = says;
        return OK;
}

/* Verifying and writing exports: every line through the same fold, then the checkpoint, then the blobs. */
#include "quorum/export.h"
#include "quorum/admit.h"
#include "quorum/export_lines.h"
#include <string.h>

#define PROGRESS_EVERY 1024u
#define SIGNATURE_MARK "\xe2\x80\x94 " /* an em dash and a space begin a note's signature line */

#define NOTE_MAX 65536u

struct reader {
        struct export_lines lines;
        struct frontier log; /* of the lines read, whatever they say */
        const struct export_job *job;
        struct export_verdict *verdict;
        struct ledger *ledger;
};

static bool begins_with(struct span s, const char *text)
{
        size_t n = strlen(text);
        return s.n >= n && memcmp(s.p, text, n) == 0;
}

static enum err corrupt(const struct reader *r, const char *why)
{
        return err_because(ERR_CORRUPT_LOG, "behind entry %llu: %s", (unsigned long long)r->verdict->entries, why);
}

static enum err is_at_end(struct reader *r, bool *ret)
{
        struct span rest;
        enum err e = export_lines_peek(&r->lines, 1, &rest);
        *ret = e == OK && rest.n == 0;
        return e;
}

static enum err take_line(struct reader *r, struct span *ret)
{
        enum err e = export_lines_take(&r->lines, ret);
        return e == ERR_TOO_LARGE ? corrupt(r, "longer than any line") : e;
}

/* A line that must be there. */
static enum err want_line(struct reader *r, const char *otherwise, struct span *ret)
{
        enum err e = take_line(r, ret);
        return e == ERR_NO_ENTRY ? corrupt(r, otherwise) : e;
}

/* ---- the log ---- */

static enum err read_entry(struct reader *r, struct span line)
{
        struct export_verdict *v = r->verdict;
        v->first_bad = v->entries;
        if (line.n > LINE_MAX_BYTES)
                return err_because(ERR_CORRUPT_LOG, "entry %llu: longer than any line",
                                   (unsigned long long)v->entries);
        enum err e = admit_line(r->ledger, line, false, NULL);
        if (e != OK)
                return e;
        if (v->entries == 0)
                v->installation = *ledger_installation(r->ledger);
        if (v->entries == 0 && r->job->genesis && !hash_equal(r->job->genesis, &v->installation))
                return err_because(ERR_CORRUPT_LOG, "entry 0: another installation than the pinned one");
        if (r->job->on_line)
                r->job->on_line(r->job->context, export_lines_place(&r->lines, line), line);
        v->first_bad = ++v->entries;
        if (r->job->progress && v->entries % PROGRESS_EVERY == 0)
                r->job->progress(r->job->context, v->entries);
        return OK;
}

static enum err read_line(struct reader *r, bool *ret_is_blank)
{
        struct span line;
        enum err e = want_line(r, "the last line is cut", &line);
        if (e != OK)
                return e;
        *ret_is_blank = line.n == 0;
        if (*ret_is_blank)
                return OK;
        const struct hash leaf = tree_leaf(line);
        frontier_add(&r->log, &leaf);
        return read_entry(r, line);
}

/* Up to the blank line, or to the end of the file. */
static enum err read_log(struct reader *r, bool *ret_has_more)
{
        bool is_end = false;
        *ret_has_more = false;
        while (!*ret_has_more) {
                enum err e = is_at_end(r, &is_end);
                if (e == OK && is_end)
                        break;
                if (e == OK)
                        e = read_line(r, ret_has_more);
                if (e != OK)
                        return e;
        }
        return r->verdict->entries > 0 ? OK : corrupt(r, "there is no log");
}

static void print_head(struct bytes *b, uint64_t size, const struct hash *root)
{
        bytes_printf(b, "size %llu root ", (unsigned long long)size);
        bytes_add_hex(b, root->b, HASH_BYTES);
}

/* Both heads are in the reason: who compares them by voice finds out which one is forged. */
static enum err heads_differ(uint64_t size, const struct hash *theirs, const struct hash *ours, const char *whose)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        print_head(&text, size, ours);
        bytes_printf(&text, " in this log, ");
        print_head(&text, size, theirs);
        return err_because(ERR_CORRUPT_LOG, "fork: %s %s", bytes_text(&text), whose);
}

static enum err check_known_head(struct reader *r)
{
        const struct export_job *job = r->job;
        if (job->known_size == 0)
                return OK;
        if (r->verdict->entries < job->known_size)
                return err_because(ERR_CORRUPT_LOG, "cut: it ends at %llu, a head at %llu is known",
                                   (unsigned long long)r->verdict->entries, (unsigned long long)job->known_size);
        struct hash ours = ledger_root_at(r->ledger, job->known_size);
        if (job->known_root && !hash_equal(job->known_root, &ours))
                return heads_differ(job->known_size, job->known_root, &ours, "as known from elsewhere");
        return OK;
}

/* ---- the checkpoint ---- */

static enum err take_note_line(struct reader *r, struct bytes *ret, size_t *ret_n)
{
        struct span line;
        enum err e = want_line(r, "the checkpoint is cut", &line);
        if (e != OK)
                return e;
        if (line.n > NOTE_MAX - ret->n)
                return corrupt(r, "the checkpoint is longer than any");
        bytes_add_span(ret, line);
        bytes_add_byte(ret, '\n');
        *ret_n = line.n;
        return OK;
}

/* A note is a text, a blank line, and signature lines. */
static enum err take_note(struct reader *r, struct bytes *ret)
{
        struct span next;
        size_t n = 0;
        enum err e;
        do
                e = take_note_line(r, ret, &n);
        while (e == OK && n > 0);
        while (e == OK && (e = export_lines_peek(&r->lines, strlen(SIGNATURE_MARK), &next)) == OK &&
               begins_with(next, SIGNATURE_MARK))
                e = take_note_line(r, ret, &n);
        return e;
}

static enum err read_checkpoint(struct reader *r)
{
        CLEANUP_BYTES struct bytes note = BYTES_NONE;
        struct checkpoint c;
        enum err e;
        if ((e = take_note(r, &note)) != OK)
                return e;
        if ((e = checkpoint_read(bytes_span(&note), &c)) != OK)
                return e;
        if (!hash_equal(&c.installation, &r->verdict->installation))
                return corrupt(r, "the checkpoint is another installation's");
        if (c.size == 0 || c.size > r->verdict->entries)
                return corrupt(r, "cut: the checkpoint covers more entries");
        e = checkpoint_verify(bytes_span(&note), ledger_broker_key_at(r->ledger, c.size), &c);
        if (e != OK)
                return e;
        struct hash ours = ledger_root_at(r->ledger, c.size);
        if (!hash_equal(&ours, &c.root))
                return heads_differ(c.size, &c.root, &ours, "in the checkpoint");
        r->verdict->is_anchored = c.size == r->verdict->entries;
        return OK;
}

/* Each signature covers its own statement, the checkpoint all bytes of the log. Where it stands behind them and they
 * have another root, they were changed afterwards (an unsigned `at`, say), whatever rule they break now. */
static enum err judge_bytes(struct reader *r, enum err e)
{
        struct span line;
        CLEANUP_BYTES struct bytes note = BYTES_NONE;
        struct checkpoint c;
        CLEANUP_FREE char *why = mem_text(err_reason());
        while (take_line(r, &line) == OK && line.n > 0) {
                struct hash leaf = tree_leaf(line);
                frontier_add(&r->log, &leaf);
        }
        if (take_note(r, &note) != OK || checkpoint_read(bytes_span(&note), &c) != OK)
                return err_because(e, "%s", why);
        struct hash root = frontier_root(&r->log);
        if (c.size != r->log.size || hash_equal(&c.root, &root))
                return err_because(e, "%s", why);
        return err_because(ERR_CORRUPT_LOG, "%s; and the checkpoint behind the log covers other bytes", why);
}

/* ---- blobs ---- */

/* The next blob must be the first one left in *want; of some parts alone those before it are left out. */
static enum err read_blob(struct reader *r, bool is_partial, struct span *want)
{
        struct span line;
        struct hash named, real;
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        enum err e = want_line(r, "blobs are missing", &line);
        if (e != OK)
                return e;
        if (!export_read_blob(line, &named, &blob))
                return corrupt(r, "a blob is malformed");
        real = hash_of(bytes_span(&blob));
        if (!hash_equal(&named, &real))
                return corrupt(r, "a blob has another hash");
        while (is_partial && want->n > 0 && memcmp(want->p, named.b, HASH_BYTES) < 0)
                *want = span_of(want->p + HASH_BYTES, want->n - HASH_BYTES);
        if (want->n == 0 || memcmp(named.b, want->p, HASH_BYTES) != 0)
                return corrupt(r, "a blob is missing or doesn't belong here");
        *want = span_of(want->p + HASH_BYTES, want->n - HASH_BYTES);
        if (r->job->on_blob)
                r->job->on_blob(r->job->context, &named, bytes_span(&blob));
        if (r->job->on_place)
                r->job->on_place(r->job->context, &named, export_lines_place(&r->lines, line), line.n);
        return OK;
}

static enum err begin_blobs(struct reader *r, bool *ret_is_partial, size_t *ret_n)
{
        struct span line, next;
        enum err e = want_line(r, "something stands where the blobs begin", &line);
        if (e == OK && line.n != 0)
                e = corrupt(r, "something stands where the blobs begin");
        if (e == OK)
                e = export_lines_peek(&r->lines, EXPORT_PARTS_PEEK, &next);
        if (e != OK || !(*ret_is_partial = export_has_some_blobs(next)))
                return e;
        if (r->job->want_blobs)
                return corrupt(r, "it holds only some of the sealed parts: it is no vault's export");
        if ((e = want_line(r, "the number of parts is cut", &line)) == OK && !export_read_parts(line, ret_n))
                e = corrupt(r, "the number of parts is malformed");
        return e;
}

static enum err read_blobs(struct reader *r)
{
        bool is_end = false, is_partial = false;
        size_t n = 0;
        CLEANUP_BYTES struct bytes list = BYTES_NONE;
        enum err e = begin_blobs(r, &is_partial, &n);
        if (e != OK)
                return e;
        export_blob_list(r->ledger, &list);
        struct span want = bytes_span(&list);
        for (n = is_partial ? n : list.n / HASH_BYTES; n > 0; n--) {
                r->verdict->first_bad = r->verdict->blobs;
                if ((e = read_blob(r, is_partial, &want)) != OK)
                        return e;
                r->verdict->blobs++;
        }
        if ((e = is_at_end(r, &is_end)) != OK)
                return e;
        return is_end ? OK : corrupt(r, "there is more than the blobs of the live versions");
}

/* ---- the whole ---- */

static enum err verify(struct reader *r)
{
        enum err e;
        bool has_more, is_end = false;
        if ((e = read_log(r, &has_more)) != OK)
                return e == ERR_CORRUPT_LOG || e == ERR_IO ? e : judge_bytes(r, e);
        if (has_more && (e = read_checkpoint(r)) != OK)
                return e;
        if ((e = check_known_head(r)) != OK)
                return e;
        if (r->job->want_blobs && !r->verdict->is_anchored)
                return corrupt(r, "cut: a vault's export ends with the checkpoint of its whole log and blobs");
        if ((e = is_at_end(r, &is_end)) != OK)
                return e;
        return !is_end || r->job->want_blobs ? read_blobs(r) : OK;
}

static enum err verify_from(struct export_lines lines, const struct export_job *job, struct export_verdict *ret,
                            struct ledger **ret_ledger)
{
        *ret = (struct export_verdict){0};
        struct reader r = {.lines = lines, .job = job, .verdict = ret, .ledger = ledger_new()};
        enum err e = verify(&r);
        export_lines_done(&r.lines);
        if (ret->entries > 0)
                ret->root = ledger_root(r.ledger);
        if (job->progress)
                job->progress(job->context, ret->entries);
        if (e == OK && ret_ledger)
                *ret_ledger = r.ledger;
        else
                ledger_free(r.ledger);
        return e;
}

enum err export_verify(struct span file, const struct export_job *job, struct export_verdict *ret,
                       struct ledger **ret_ledger)
{
        return verify_from((struct export_lines){.memory = file, .fd = -1}, job, ret, ret_ledger);
}

enum err export_verify_stream(int fd, const struct export_job *job, struct export_verdict *ret,
                              struct ledger **ret_ledger)
{
        return verify_from((struct export_lines){.fd = fd}, job, ret, ret_ledger);
}

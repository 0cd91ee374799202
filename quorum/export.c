/* Verifying and writing exports: every line through the same fold, then the checkpoint, then the blobs. */
#include "quorum/export.h"
#include "quorum/admit.h"
#include <string.h>

#define PROGRESS_EVERY 1024u
#define SIGNATURE_MARK "\xe2\x80\x94 " /* an em dash and a space begin a note's signature line */

struct reader {
        struct span file, rest;
        const struct export_job *job;
        struct export_verdict *verdict;
        struct ledger *ledger;
};

/* ---- lines of text ---- */

/* Takes a line without its newline; false when no newline is left. */
static bool take_line(struct span *rest, struct span *ret)
{
        const unsigned char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
        if (!end)
                return false;
        *ret = span_of(rest->p, (size_t)(end - rest->p));
        rest->n -= ret->n + 1;
        rest->p = end + 1;
        return true;
}

static bool begins_with(struct span s, const char *text)
{
        size_t n = strlen(text);
        return s.n >= n && memcmp(s.p, text, n) == 0;
}

static enum err corrupt(const struct reader *r, const char *why)
{
        return err_because(ERR_CORRUPT_LOG, "behind entry %llu: %s", (unsigned long long)r->verdict->entries, why);
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
        v->first_bad = ++v->entries;
        if (r->job->progress && v->entries % PROGRESS_EVERY == 0)
                r->job->progress(r->job->context, v->entries);
        return OK;
}

/* Up to the blank line, or to the end of the file. */
static enum err read_log(struct reader *r, bool *ret_has_more)
{
        struct span line;
        *ret_has_more = false;
        while (r->rest.n > 0) {
                if (!take_line(&r->rest, &line))
                        return corrupt(r, "the last line is cut");
                if (line.n == 0) {
                        *ret_has_more = true;
                        break;
                }
                enum err e = read_entry(r, line);
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

/* A note is a text, a blank line, and signature lines. */
static bool take_note(struct span *rest, struct span *ret)
{
        struct span line, before = *rest;
        do {
                if (!take_line(rest, &line))
                        return false;
        } while (line.n > 0);
        while (begins_with(*rest, SIGNATURE_MARK))
                if (!take_line(rest, &line))
                        return false;
        *ret = span_of(before.p, before.n - rest->n);
        return true;
}

static enum err read_checkpoint(struct reader *r)
{
        struct span note;
        struct checkpoint c;
        if (!take_note(&r->rest, &note))
                return corrupt(r, "the checkpoint is cut");
        enum err e = checkpoint_read(note, &c);
        if (e != OK)
                return e;
        if (!hash_equal(&c.installation, &r->verdict->installation))
                return corrupt(r, "the checkpoint is another installation's");
        if (c.size == 0 || c.size > r->verdict->entries)
                return corrupt(r, "cut: the checkpoint covers more entries");
        e = checkpoint_verify(note, ledger_broker_key_at(r->ledger, c.size), &c);
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
static enum err judge_bytes(const struct reader *r, enum err e)
{
        struct span line, note, rest = r->file;
        struct frontier log = {0};
        struct checkpoint c;
        CLEANUP_FREE char *why = mem_text(err_reason());
        while (take_line(&rest, &line) && line.n > 0) {
                struct hash leaf = tree_leaf(line);
                frontier_add(&log, &leaf);
        }
        if (rest.n == 0 || !take_note(&rest, &note) || checkpoint_read(note, &c) != OK)
                return err_because(e, "%s", why);
        struct hash root = frontier_root(&log);
        if (c.size != log.size || hash_equal(&c.root, &root))
                return err_because(e, "%s", why);
        return err_because(ERR_CORRUPT_LOG, "%s; and the checkpoint behind the log covers other bytes", why);
}

/* ---- blobs ---- */

static int compare_hashes(const void *a, const void *b)
{
        return memcmp(a, b, HASH_BYTES);
}

static void add_blobs_of(const struct version_view *v, struct bytes *ret)
{
        if (v->state == VERSION_REPLACED || v->state == VERSION_DROPPED)
                return;
        bytes_add(ret, v->fields->ciphertext_sha256.b, HASH_BYTES);
        for (unsigned i = 0; i < v->fields->n_shares; i++)
                bytes_add(ret, v->fields->shares[i].sha256.b, HASH_BYTES);
}

void export_blob_list(const struct ledger *l, struct bytes *ret)
{
        struct version_view v;
        CLEANUP_BYTES struct bytes all = BYTES_NONE;
        for (size_t i = 0; i < ledger_versions(l); i++) {
                ledger_version_at(l, i, &v);
                add_blobs_of(&v, &all);
        }
        if (all.n > 0)
                qsort(all.p, all.n / HASH_BYTES, HASH_BYTES, compare_hashes);
        for (size_t i = 0; i < all.n; i += HASH_BYTES)
                if (i == 0 || memcmp(all.p + i, all.p + i - HASH_BYTES, HASH_BYTES) != 0)
                        bytes_add(ret, all.p + i, HASH_BYTES);
}

#define BLOB_HEAD   "{\"sha256\":\""
#define BLOB_MIDDLE "\",\"blob\":\""
#define BLOB_TAIL   "\"}"

void export_write_blob(const struct hash *sha256, struct span blob, struct bytes *ret)
{
        bytes_add_text(ret, BLOB_HEAD);
        bytes_add_hex(ret, sha256->b, HASH_BYTES);
        bytes_add_text(ret, BLOB_MIDDLE);
        bytes_add_base64(ret, blob);
        bytes_add_text(ret, BLOB_TAIL "\n");
}

static bool take_text(struct span *s, const char *text)
{
        size_t n = strlen(text);
        if (!begins_with(*s, text))
                return false;
        s->p += n;
        s->n -= n;
        return true;
}

/* The one spelling; the blob is appended to ret. */
static bool blob_read(struct span line, struct hash *ret_sha256, struct bytes *ret_blob)
{
        const size_t tail = strlen(BLOB_TAIL);
        if (!take_text(&line, BLOB_HEAD) || line.n < HASH_HEX ||
            hash_from_hex(span_of(line.p, HASH_HEX), ret_sha256) != OK)
                return false;
        line = span_of(line.p + HASH_HEX, line.n - HASH_HEX);
        if (!take_text(&line, BLOB_MIDDLE) || line.n < tail || memcmp(line.p + line.n - tail, BLOB_TAIL, tail) != 0)
                return false;
        return base64_decode(span_of(line.p, line.n - tail), ret_blob) == OK;
}

static enum err read_blob(struct reader *r, const unsigned char want[HASH_BYTES])
{
        struct span line;
        struct hash named, real;
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        if (!take_line(&r->rest, &line))
                return corrupt(r, "blobs are missing");
        if (!blob_read(line, &named, &blob))
                return corrupt(r, "a blob is malformed");
        real = hash_of(bytes_span(&blob));
        if (!hash_equal(&named, &real))
                return corrupt(r, "a blob has another hash");
        if (memcmp(named.b, want, HASH_BYTES) != 0)
                return corrupt(r, "a blob is missing or doesn't belong here");
        if (r->job->on_blob)
                r->job->on_blob(r->job->context, &named, bytes_span(&blob));
        return OK;
}

static enum err read_blobs(struct reader *r)
{
        struct span line;
        CLEANUP_BYTES struct bytes want = BYTES_NONE;
        if (!take_line(&r->rest, &line) || line.n != 0)
                return corrupt(r, "something stands where the blobs begin");
        export_blob_list(r->ledger, &want);
        for (size_t i = 0; i < want.n; i += HASH_BYTES) {
                r->verdict->first_bad = r->verdict->blobs;
                enum err e = read_blob(r, want.p + i);
                if (e != OK)
                        return e;
                r->verdict->blobs++;
        }
        return r->rest.n == 0 ? OK : corrupt(r, "there is more than the blobs of the live versions");
}

/* ---- the whole ---- */

static enum err verify(struct reader *r)
{
        enum err e;
        bool has_more;
        if ((e = read_log(r, &has_more)) != OK)
                return e == ERR_CORRUPT_LOG ? e : judge_bytes(r, e);
        if (has_more && (e = read_checkpoint(r)) != OK)
                return e;
        if ((e = check_known_head(r)) != OK)
                return e;
        if (r->job->want_blobs && !r->verdict->is_anchored)
                return corrupt(r, "cut: a vault's export ends with the checkpoint of its whole log and blobs");
        if (r->rest.n > 0 || r->job->want_blobs)
                return read_blobs(r);
        return OK;
}

enum err export_verify(struct span file, const struct export_job *job, struct export_verdict *ret,
                       struct ledger **ret_ledger)
{
        *ret = (struct export_verdict){0};
        struct reader r = {.file = file, .rest = file, .job = job, .verdict = ret, .ledger = ledger_new()};
        enum err e = verify(&r);
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

/* Verifying and writing exports: every line through the same fold, then the checkpoint, then the blobs. */
#include "quorum/export.h"
#include "quorum/admit.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY 1024u
#define SIGNATURE_MARK "\xe2\x80\x94 " /* an em dash and a space begin a note's signature line */

#define READ_BYTES 65536u
#define NOTE_MAX   65536u

/* Where the file comes from: memory or a descriptor. */
struct source {
        struct span memory;
        int fd; /* −1: memory */
};

struct reader {
        struct source from;
        struct bytes buffer; /* what was read and not taken yet begins at `at` */
        size_t at;
        bool is_ended;
        struct frontier log; /* of the lines read, whatever they say */
        const struct export_job *job;
        struct export_verdict *verdict;
        struct ledger *ledger;
};

/* ---- lines of text, through one buffer that holds the longest of them ---- */

static enum err read_more(struct reader *r)
{
        struct span *m = &r->from.memory;
        size_t n = m->n < READ_BYTES ? m->n : READ_BYTES;
        unsigned char chunk[READ_BYTES];
        ssize_t got = (ssize_t)n;
        if (r->at > 0) {
                memmove(r->buffer.p, r->buffer.p + r->at, r->buffer.n - r->at);
                r->buffer.n -= r->at;
                r->at = 0;
        }
        if (r->from.fd < 0) {
                bytes_add(&r->buffer, m->p, n);
                m->p += n;
                m->n -= n;
        } else {
                do
                        got = read(r->from.fd, chunk, sizeof chunk);
                while (got < 0 && errno == EINTR);
                if (got < 0)
                        return err_because(ERR_IO, "reading the export: %s", strerror(errno));
                bytes_add(&r->buffer, chunk, (size_t)got);
        }
        r->is_ended = got == 0;
        return OK;
}

/* What is there, at least n bytes of it unless the file ends before. */
static enum err peek(struct reader *r, size_t n, struct span *ret)
{
        while (!r->is_ended && r->buffer.n - r->at < n) {
                enum err e = read_more(r);
                if (e != OK)
                        return e;
        }
        *ret = span_of(r->buffer.p + r->at, r->buffer.n - r->at);
        return OK;
}

/* Takes a line without its newline; it holds until the next. Errors: ERR_NO_ENTRY when no newline is left. */
static enum err take_line(struct reader *r, struct span *ret)
{
        size_t searched = 0;
        for (;;) {
                const struct span rest = span_of(r->buffer.p + r->at, r->buffer.n - r->at);
                const unsigned char *end =
                        rest.n > searched ? memchr(rest.p + searched, '\n', rest.n - searched) : NULL;
                if (end) {
                        *ret = span_of(rest.p, (size_t)(end - rest.p));
                        r->at += ret->n + 1;
                        return OK;
                }
                if (rest.n > LINE_MAX_BYTES)
                        return err_because(ERR_CORRUPT_LOG, "behind entry %llu: longer than any line",
                                           (unsigned long long)r->verdict->entries);
                if (r->is_ended)
                        return ERR_NO_ENTRY;
                searched = rest.n;
                enum err e = read_more(r);
                if (e != OK)
                        return e;
        }
}

static enum err is_at_end(struct reader *r, bool *ret)
{
        struct span rest;
        enum err e = peek(r, 1, &rest);
        *ret = e == OK && rest.n == 0;
        return e;
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
        size_t n;
        enum err e;
        do
                e = take_note_line(r, ret, &n);
        while (e == OK && n > 0);
        while (e == OK && (e = peek(r, strlen(SIGNATURE_MARK), &next)) == OK && begins_with(next, SIGNATURE_MARK))
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
#define PARTS_HEAD  "{\"parts\":"

void export_write_parts(size_t n, struct bytes *ret)
{
        bytes_printf(ret, PARTS_HEAD "%zu}\n", n);
}

void export_write_blob(const struct hash *sha256, struct span blob, struct bytes *ret)
{
        bytes_add_text(ret, BLOB_HEAD);
        bytes_add_hex(ret, sha256->b, HASH_BYTES);
        bytes_add_text(ret, BLOB_MIDDLE);
        bytes_add_base64(ret, blob);
        bytes_add_text(ret, BLOB_TAIL "\n");
}

bool export_has_some_blobs(struct span blobs)
{
        return begins_with(blobs, PARTS_HEAD);
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

/* The next blob must be the first one left in *want; of some parts alone those before it are left out. */
static enum err read_blob(struct reader *r, bool is_partial, struct span *want)
{
        struct span line;
        struct hash named, real;
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        enum err e = want_line(r, "blobs are missing", &line);
        if (e != OK)
                return e;
        if (!blob_read(line, &named, &blob))
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
        return OK;
}

/* {"parts":NUMBER}: some of the blobs, and how many, so that a cut is seen. */
static bool parts_read(struct span line, size_t *ret_n)
{
        size_t n = 0, digits = 0;
        if (!take_text(&line, PARTS_HEAD))
                return false;
        for (; line.n > 1 && *line.p >= '0' && *line.p <= '9' && digits < 9; digits++) {
                n = n * 10 + (size_t)(*line.p - '0');
                line = span_of(line.p + 1, line.n - 1);
        }
        *ret_n = n;
        return digits > 0 && span_is(line, "}");
}

static enum err begin_blobs(struct reader *r, bool *ret_is_partial, size_t *ret_n)
{
        struct span line, next;
        enum err e = want_line(r, "something stands where the blobs begin", &line);
        if (e == OK && line.n != 0)
                e = corrupt(r, "something stands where the blobs begin");
        if (e == OK)
                e = peek(r, strlen(PARTS_HEAD), &next);
        if (e != OK || !(*ret_is_partial = export_has_some_blobs(next)))
                return e;
        if (r->job->want_blobs)
                return corrupt(r, "it holds only some of the sealed parts: it is no vault's export");
        if ((e = want_line(r, "the number of parts is cut", &line)) == OK && !parts_read(line, ret_n))
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

static enum err verify_from(struct source from, const struct export_job *job, struct export_verdict *ret,
                            struct ledger **ret_ledger)
{
        *ret = (struct export_verdict){0};
        struct reader r = {.from = from, .job = job, .verdict = ret, .ledger = ledger_new()};
        enum err e = verify(&r);
        bytes_done(&r.buffer);
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
        return verify_from((struct source){.memory = file, .fd = -1}, job, ret, ret_ledger);
}

enum err export_verify_stream(int fd, const struct export_job *job, struct export_verdict *ret,
                              struct ledger **ret_ledger)
{
        return verify_from((struct source){.fd = fd}, job, ret, ret_ledger);
}

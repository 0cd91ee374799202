/* How the replica lies on the disk:
 *
 *   log.jsonl   LINE\n LINE\n …            appended first
 *   head.0/1    see replica_head.c         written after it: what the head covers was verified
 *   snapshot    breakglass-replica/v1 SIZE ROOT\n  (SIZE+1) little-endian 64-bit offsets  ledger_save()
 *
 * After a crash the log may be longer than its head (cut back) or end in a torn line (cut back). */
#include "client/replica_inside.h"
#include "quorum/admit.h"
#include "quorum/envelope.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SNAPSHOT_MAX         (1024u * 1024u * 1024u)
#define SNAPSHOT_MAGIC       "breakglass-replica/v1"
#define SNAPSHOT_AFTER_LINES 32u
#define SNAPSHOT_AFTER_PART  64u /* or 1/64 of the log, whichever is more */

/* ---- offsets ---- */

uint64_t replica_log_end(const struct replica *r)
{
        return r->offsets ? r->offsets[ledger_size(r->ledger)] : 0;
}

void replica_note_offset(struct replica *r, uint64_t n, uint64_t offset)
{
        if (n >= r->offsets_cap) {
                r->offsets_cap = n < 64 ? 128 : (size_t)n * 2;
                r->offsets = mem_grow(r->offsets, r->offsets_cap, sizeof(*r->offsets));
        }
        r->offsets[n] = offset;
}

static void start_over(struct replica *r)
{
        ledger_free(r->ledger);
        r->ledger = ledger_new();
        r->snapshot_size = 0;
        replica_note_offset(r, 0, 0);
}

/* ---- log ---- */

static enum err open_log(struct replica *r)
{
        CLEANUP_FREE char *path = path_join(r->home->path, "log.jsonl");

        if (r->log_fd >= 0)
                close(r->log_fd);
        r->log_fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        return r->log_fd >= 0 ? OK : err_because(ERR_IO, "open %s: %s", path, strerror(errno));
}

static enum err log_bytes(const struct replica *r, uint64_t *ret)
{
        struct stat st;

        if (fstat(r->log_fd, &st) != 0)
                return err_because(ERR_IO, "log.jsonl: %s", strerror(errno));
        *ret = (uint64_t)st.st_size;
        return OK;
}

static enum err read_at(const struct replica *r, uint64_t from, size_t n, struct bytes *ret)
{
        bytes_reserve(ret, n);
        while (n > 0) {
                ssize_t got = pread(r->log_fd, ret->p + ret->n, n, (off_t)from);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return err_because(ERR_IO, "log.jsonl: %s",
                                           got < 0 ? strerror(errno) : "shorter than it was");
                ret->n += (size_t)got;
                ret->p[ret->n] = '\0';
                from += (uint64_t)got;
                n -= (size_t)got;
        }
        return OK;
}

/* Folds the lines of text in, as far as the head covers them. ret_used: the bytes of whole lines folded. */
static enum err replay_text(struct replica *r, struct span text, bool is_trusted, size_t *ret_used)
{
        uint64_t start = replica_log_end(r);
        size_t used = 0;

        while (used < text.n && ledger_size(r->ledger) < r->head_says.size) {
                const unsigned char *newline = memchr(text.p + used, '\n', text.n - used);
                size_t n;
                enum err e;

                if (!newline)
                        break;
                n = (size_t)(newline - (text.p + used));
                e = admit_line(r->ledger, span_of(text.p + used, n), is_trusted, NULL);
                if (e == ERR_UPGRADE)
                        return e;
                if (e != OK) {
                        CLEANUP_FREE char *why = mem_text(err_reason());
                        return replica_damaged(r, why);
                }
                used += n + 1;
                replica_note_offset(r, ledger_size(r->ledger), start + used);
        }
        *ret_used = used;
        return OK;
}

/* Replays log.jsonl from the ledger's size on and cuts off what the head does not cover. */
static enum err replay(struct replica *r, bool is_trusted)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        uint64_t from = replica_log_end(r), end;
        size_t used = 0;
        enum err e;

        if ((e = log_bytes(r, &end)) != OK)
                return e;
        if (end < from)
                return replica_damaged(r, "log.jsonl is shorter than the snapshot says");
        if (end == from)
                return OK;
        if ((e = read_at(r, from, (size_t)(end - from), &text)) != OK)
                return e;
        if ((e = replay_text(r, bytes_span(&text), is_trusted, &used)) != OK)
                return e;
        if (used < text.n && ftruncate(r->log_fd, (off_t)(from + used)) != 0)
                return err_because(ERR_IO, "log.jsonl: %s", strerror(errno));
        return OK;
}

/* ---- snapshot ---- */

static uint64_t read_u64(const unsigned char *p)
{
        uint64_t v = 0;

        for (int i = 7; i >= 0; i--)
                v = v << 8 | p[i];
        return v;
}

static void add_u64(struct bytes *b, uint64_t v)
{
        for (int i = 0; i < 8; i++, v >>= 8)
                bytes_add_byte(b, (unsigned char)(v & 0xff));
}

static bool read_snapshot_head(struct span file, uint64_t *ret_size, struct hash *ret_root, size_t *ret_used)
{
        const unsigned char *newline = memchr(file.p, '\n', file.n < 160 ? file.n : 160);
        char head[161], root[HASH_HEX + 1];
        int end = 0;

        if (!newline)
                return false;
        memcpy(head, file.p, (size_t)(newline - file.p));
        head[newline - file.p] = '\0';
        if (sscanf(head, SNAPSHOT_MAGIC " %" SCNu64 " %64s%n", ret_size, root, &end) != 2 || head[end] != '\0')
                return false;
        *ret_used = (size_t)(newline - file.p) + 1;
        return hash_from_hex(span_text(root), ret_root) == OK;
}

static bool take_offsets(struct replica *r, uint64_t size, const unsigned char *p)
{
        for (uint64_t i = 0; i <= size; i++) {
                uint64_t offset = read_u64(p + i * 8);

                if (i == 0 ? offset != 0 : offset <= r->offsets[i - 1])
                        return false;
                replica_note_offset(r, i, offset);
        }
        return true;
}

/* The last line must be where the snapshot says: it belongs to this log. */
static bool fits_log(struct replica *r, uint64_t size)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;

        return size == 0 || replica_line(r, size - 1, &line) == OK;
}

/* A snapshot that doesn't fit is not used: the log itself is there. */
static bool load_snapshot(struct replica *r)
{
        CLEANUP_FREE char *path = path_join(r->home->path, "snapshot");
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct ledger *loaded = NULL;
        struct hash root, is;
        uint64_t size;
        size_t used;

        if (file_read(path, SNAPSHOT_MAX, &file) != OK || file.n == 0)
                return false;
        if (!read_snapshot_head(bytes_span(&file), &size, &root, &used))
                return false;
        if (size > r->head_says.size || size >= (file.n - used) / 8)
                return false;
        if (!take_offsets(r, size, file.p + used))
                return false;
        used += (size_t)(size + 1) * 8;
        if (ledger_load(span_of(file.p + used, file.n - used), &loaded) != OK)
                return false;
        is = ledger_root(loaded);
        if (ledger_size(loaded) != size || !hash_equal(&is, &root)) {
                ledger_free(loaded);
                return false;
        }
        ledger_free(r->ledger);
        r->ledger = loaded;
        r->snapshot_size = size;
        return fits_log(r, size);
}

void replica_save_snapshot(struct replica *r)
{
        CLEANUP_FREE char *path = path_join(r->home->path, "snapshot");
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        uint64_t size = ledger_size(r->ledger), due = r->snapshot_size / SNAPSHOT_AFTER_PART;
        struct hash root = ledger_root(r->ledger);

        if (due < SNAPSHOT_AFTER_LINES)
                due = SNAPSHOT_AFTER_LINES;
        if (size < r->snapshot_size + due)
                return;
        bytes_printf(&file, "%s %" PRIu64 " ", SNAPSHOT_MAGIC, size);
        bytes_add_hex(&file, root.b, HASH_BYTES);
        bytes_add_byte(&file, '\n');
        for (uint64_t i = 0; i <= size; i++)
                add_u64(&file, r->offsets[i]);
        ledger_save(r->ledger, &file);
        /* Only speed is lost without it. */
        if (file_write(path, 0600, bytes_span(&file)) == OK)
                r->snapshot_size = size;
}

/* ---- the whole ---- */

static bool reaches_head(const struct replica *r)
{
        return ledger_size(r->ledger) == r->head_says.size;
}

static enum err check_root(const struct replica *r)
{
        const struct key *broker;
        struct hash root = ledger_root(r->ledger);
        struct checkpoint says;

        if (r->head_says.size == 0)
                return OK;
        if (!hash_equal(ledger_installation(r->ledger), &r->home->genesis))
                return replica_damaged(r, "it is another installation's log");
        broker = ledger_broker_key_at(r->ledger, r->head_says.size);
        if (!hash_equal(&root, &r->head_says.root))
                return replica_damaged(r, "its tree is not the one of the head");
        if (!broker || checkpoint_verify(bytes_span(&r->head), broker, &says) != OK)
                return replica_damaged(r, "the head's signature does not hold");
        return OK;
}

/* The signatures were checked when the lines came; that the bytes are those lines is what the root proves. Only when
 * the log does not reach its head is each signature checked again. */
static enum err replay_and_check(struct replica *r)
{
        enum err e;

        if (!load_snapshot(r))
                start_over(r);
        if ((e = replay(r, true)) != OK)
                return e;
        if (reaches_head(r))
                return check_root(r);
        start_over(r);
        return replay(r, false);
}

enum err replica_load(struct replica *r)
{
        enum err e;

        if ((e = open_log(r)) != OK)
                return e;
        if ((e = replica_load_head(r)) != OK)
                return e;
        start_over(r);
        return replay_and_check(r);
}

enum err replica_catch_up(struct replica *r)
{
        uint64_t end, had = ledger_size(r->ledger);
        struct checkpoint before = r->head_says;
        enum err e;

        if ((e = log_bytes(r, &end)) != OK)
                return e;
        if (end == replica_log_end(r))
                return OK;
        if (end < replica_log_end(r))
                return replica_damaged(r, "log.jsonl has become shorter");
        if ((e = replica_load_head(r)) != OK)
                return e;
        if (r->head_says.size < before.size)
                return replica_damaged(r, "the head has become older");
        if ((e = replay(r, false)) != OK)
                return e;
        if (reaches_head(r) && ledger_size(r->ledger) > had)
                return check_root(r);
        return OK;
}

static enum err write_at(const struct replica *r, struct span text, uint64_t at)
{
        while (text.n > 0) {
                ssize_t put = pwrite(r->log_fd, text.p, text.n, (off_t)at);

                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return err_because(ERR_IO, "log.jsonl: %s", strerror(errno));
                text = span_of(text.p + put, text.n - (size_t)put);
                at += (uint64_t)put;
        }
        return OK;
}

enum err replica_append(struct replica *r, struct span lines, struct span note)
{
        enum err e;

        if (lines.n > 0) {
                if ((e = write_at(r, lines, replica_log_end(r) - lines.n)) != OK)
                        return e;
                r->is_log_dirty = true;
        }
        return note.n > 0 ? replica_save_head(r, note) : OK;
}

enum err replica_flush(struct replica *r)
{
        if (r->is_log_dirty && fdatasync(r->log_fd) != 0)
                return err_because(ERR_IO, "log.jsonl: %s", strerror(errno));
        r->is_log_dirty = false;
        return replica_sync_head(r);
}

enum err replica_line(const struct replica *r, uint64_t n, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        struct hash is, should;
        enum err e;

        if (n >= ledger_size(r->ledger))
                return err_because(ERR_NOT_FOUND, "the log has no entry %" PRIu64, n);
        if ((e = read_at(r, r->offsets[n], (size_t)(r->offsets[n + 1] - r->offsets[n] - 1), &line)) != OK)
                return e;
        is = tree_leaf(bytes_span(&line));
        should = tree_leaf_at(ledger_tree(r->ledger), n);
        if (!hash_equal(&is, &should))
                return replica_damaged(r, "an entry is not the one that was verified");
        bytes_add_span(ret, bytes_span(&line));
        return OK;
}

enum err replica_export(const struct replica *r, struct bytes *ret)
{
        enum err e = read_at(r, 0, (size_t)replica_log_end(r), ret);

        if (e != OK)
                return e;
        bytes_add_byte(ret, '\n');
        bytes_add_span(ret, bytes_span(&r->head));
        return OK;
}

#include "quorum/export_index.h"
#include "quorum/tree.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
        uint64_t at;
        size_t n;
        struct hash hash; /* of an entry: its leaf; of a part: its bytes */
};

struct places {
        size_t n, room;
        struct place *place;
};

struct export_index {
        int fd;
        struct places lines, parts; /* parts ascending by hash */
};

/* ---- made while the export is verified ---- */

static void add(struct places *to, struct place p)
{
        if (to->n == to->room) {
                to->room = to->room ? to->room * 2 : 64;
                to->place = mem_grow(to->place, to->room, sizeof *to->place);
        }
        to->place[to->n++] = p;
}

static void keep_line(void *context, uint64_t at, struct span line)
{
        struct export_index *x = context;
        add(&x->lines, (struct place){at, line.n, tree_leaf(line)});
}

static void keep_part(void *context, const struct hash *sha256, uint64_t at, size_t n)
{
        struct export_index *x = context;
        add(&x->parts, (struct place){at, n, *sha256});
}

/* Only what can be read again can be indexed. */
static enum err check_plain(int fd)
{
        struct stat st;
        if (fstat(fd, &st) != 0)
                return err_because(ERR_IO, "%s", strerror(errno));
        return S_ISREG(st.st_mode) ? OK
                                   : err_because(ERR_IO, "no plain file: write what comes through a pipe to one");
}

enum err export_index_new(int fd, bool want_blobs, const struct hash *genesis, struct export_verdict *ret,
                          struct ledger **ret_ledger, struct export_index **ret_index)
{
        struct export_index *x = mem_new(1, sizeof *x);
        const struct export_job job = {.genesis = genesis,
                                       .want_blobs = want_blobs,
                                       .on_line = keep_line,
                                       .on_place = keep_part,
                                       .context = x};
        x->fd = fd;
        enum err e = check_plain(fd);
        if (e == OK)
                e = export_verify_stream(fd, &job, ret, ret_ledger);
        if (e == OK)
                *ret_index = x;
        else
                export_index_free(x);
        return e;
}

void export_index_free(struct export_index *x)
{
        if (!x)
                return;
        close(x->fd);
        free(x->lines.place);
        free(x->parts.place);
        free(x);
}

size_t export_index_parts(const struct export_index *x)
{
        return x->parts.n;
}

/* ---- reading again ---- */

static enum err changed(void)
{
        return err_because(ERR_CORRUPT_LOG, "the export was changed while it was in use");
}

static enum err read_place(const struct export_index *x, const struct place *p, struct bytes *ret)
{
        bytes_reserve(ret, p->n);
        for (size_t done = 0; done < p->n;) {
                const ssize_t n = pread(x->fd, ret->p + ret->n, p->n - done, (off_t)(p->at + done));
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_because(ERR_IO, "reading the export: %s", strerror(errno));
                if (n == 0)
                        return changed();
                done += (size_t)n;
                ret->n += (size_t)n;
        }
        return OK;
}

enum err export_index_line(const struct export_index *x, uint64_t n, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        if (n >= x->lines.n)
                return err_because(ERR_NOT_FOUND, "the log has no entry %" PRIu64, n);
        enum err e = read_place(x, &x->lines.place[n], &line);
        if (e != OK)
                return e;
        const struct hash is = tree_leaf(bytes_span(&line));
        if (!hash_equal(&is, &x->lines.place[n].hash))
                return changed();
        bytes_add_span(ret, bytes_span(&line));
        return OK;
}

static int by_hash(const void *key, const void *element)
{
        return memcmp(key, &((const struct place *)element)->hash, HASH_BYTES);
}

enum err export_index_part(const struct export_index *x, const struct hash *sha256, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE, part = BYTES_NONE;
        struct hash named;
        const struct place *p =
                x->parts.n ? bsearch(sha256, x->parts.place, x->parts.n, sizeof *x->parts.place, by_hash) : NULL;
        if (!p)
                return err_because(ERR_NOT_FOUND, "the export has no such sealed part");
        enum err e = read_place(x, p, &line);
        if (e != OK)
                return e;
        if (!export_read_blob(bytes_span(&line), &named, &part))
                return changed();
        const struct hash is = hash_of(bytes_span(&part));
        if (!hash_equal(&is, sha256))
                return changed();
        bytes_add_span(ret, bytes_span(&part));
        return OK;
}

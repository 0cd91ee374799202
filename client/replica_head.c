/* The newest checkpoint on the disk, in two files written in turn:
 *
 *   head.0, head.1    NOTE  SHA-256 of the note in hex \n
 *
 * A power cut may tear the one that is being written; the other holds an earlier head that was synced before. Of two
 * whole ones the longer log's counts. In this way knowing a later head costs one sync, and only when somebody wants
 * it durable. */
#include "client/replica_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define HEAD_MAX (16u * 1024u)

enum err replica_damaged(const struct replica *r, const char *what)
{
        return err_because(
                ERR_CORRUPT_LOG,
                "the copy in %s is damaged (%s); remove log.jsonl and snapshot there, but keep head.*: the "
                "log is fetched again and compared with it",
                r->home->path, what);
}

static char *slot_path(const struct replica *r, unsigned slot)
{
        return path_join(r->home->path, slot == 0 ? "head.0" : "head.1");
}

/* ---- reading ---- */

static bool is_whole(const struct bytes *file, struct span *ret_note)
{
        struct hash is, said;

        if (file->n <= HASH_HEX + 1 || file->p[file->n - 1] != '\n')
                return false;
        *ret_note = span_of(file->p, file->n - HASH_HEX - 1);
        is = hash_of(*ret_note);
        return hash_from_hex(span_of(file->p + ret_note->n, HASH_HEX), &said) == OK && hash_equal(&is, &said);
}

static enum err read_slot(struct replica *r, unsigned slot, bool *ret_is_there)
{
        CLEANUP_FREE char *path = slot_path(r, slot);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct checkpoint says;
        struct span note;
        enum err e = file_read(path, HEAD_MAX, &file);

        if (e == ERR_NO_ENTRY)
                return OK;
        if (e != OK)
                return e;
        *ret_is_there = true;
        if (!is_whole(&file, &note) || checkpoint_read(note, &says) != OK ||
            !hash_equal(&says.installation, &r->home->genesis) || says.size <= r->head_says.size)
                return OK;
        bytes_clear(&r->head);
        bytes_add_span(&r->head, note);
        r->head_says = says;
        r->head_slot = slot;
        return OK;
}

enum err replica_load_head(struct replica *r)
{
        bool is_there = false;
        enum err e;

        bytes_done(&r->head);
        r->head_says = (struct checkpoint){0};
        r->head_slot = 0;
        r->may_rewrite_slot = false;
        for (unsigned slot = 0; slot < 2; slot++)
                if ((e = read_slot(r, slot, &is_there)) != OK)
                        return e;
        /* One torn file is a power cut; both can't be. */
        if (is_there && r->head.n == 0)
                return replica_damaged(r, "no head is a whole checkpoint of this installation");
        return OK;
}

/* ---- writing ---- */

static enum err sync_slot(const struct replica *r, unsigned slot)
{
        CLEANUP_FREE char *path = slot_path(r, slot);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0 || fdatasync(fd) != 0)
                return err_because(ERR_IO, "%s: %s", path, strerror(errno));
        return OK;
}

/* The first time the folder must know the file too, so it is synced at once. */
static enum err write_slot(const struct replica *r, unsigned slot, struct span content, bool *ret_is_synced)
{
        CLEANUP_FREE char *path = slot_path(r, slot);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
        enum err e;

        *ret_is_synced = fd < 0 && errno == ENOENT;
        if (*ret_is_synced)
                return file_write(path, 0600, content);
        if (fd < 0)
                return err_because(ERR_IO, "%s: %s", path, strerror(errno));
        if ((e = fd_write_all(fd, content.p, content.n)) != OK)
                return e;
        return ftruncate(fd, (off_t)content.n) == 0 ? OK : err_because(ERR_IO, "%s: %s", path, strerror(errno));
}

enum err replica_save_head(struct replica *r, struct span note)
{
        CLEANUP_BYTES struct bytes content = BYTES_NONE;
        struct hash h = hash_of(note);
        struct checkpoint says;
        unsigned slot = r->head_slot;
        bool is_synced;
        enum err e;

        if ((e = checkpoint_read(note, &says)) != OK)
                return e;
        if (!r->may_rewrite_slot && r->head.n > 0) {
                if ((e = sync_slot(r, r->head_slot)) != OK)
                        return e;
                slot = 1 - r->head_slot;
        }
        bytes_add_span(&content, note);
        bytes_add_hex(&content, h.b, HASH_BYTES);
        bytes_add_byte(&content, '\n');
        if ((e = write_slot(r, slot, bytes_span(&content), &is_synced)) != OK)
                return e;
        bytes_clear(&r->head);
        bytes_add_span(&r->head, span_of(content.p, content.n - HASH_HEX - 1));
        r->head_says = says;
        r->head_slot = slot;
        r->may_rewrite_slot = !is_synced;
        return OK;
}

enum err replica_sync_head(struct replica *r)
{
        enum err e;

        if (!r->may_rewrite_slot)
                return OK;
        if ((e = sync_slot(r, r->head_slot)) != OK)
                return e;
        r->may_rewrite_slot = false;
        return OK;
}

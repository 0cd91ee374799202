#include "base/file_batch.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct file_waiting {
        char *path, *temporary;
        int fd;
};

static void let_go(struct file_waiting *f)
{
        if (f->fd >= 0)
                close(f->fd);
        free(f->path);
        free(f->temporary);
}

void file_batch_drop(struct file_batch *b)
{
        for (size_t i = 0; i < b->n; i++) {
                unlink(b->file[i].temporary);
                let_go(&b->file[i]);
        }
        free(b->file);
        *b = (struct file_batch){0};
}

/* The number keeps apart what is written twice to the same place within one batch. */
MUST_CHECK static enum err write_beside(struct file_waiting *f, mode_t mode, size_t number, struct span content)
{
        CLEANUP_BYTES struct bytes temporary = BYTES_NONE;
        bytes_printf(&temporary, "%s.tmp-%ld-%zu", f->path, (long)getpid(), number);
        f->temporary = mem_text(bytes_text(&temporary));
        /* A crash may have left one of an earlier process with our number. */
        if (unlink(f->temporary) != 0 && errno != ENOENT)
                return err_because(ERR_IO, "remove %s: %s", f->temporary, strerror(errno));
        f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (f->fd < 0 || fchmod(f->fd, mode) != 0)
                return err_because(ERR_IO, "create %s: %s", f->temporary, strerror(errno));
        enum err e = fd_write_all(f->fd, content.p, content.n);
        return e == OK ? OK : err_because(e, "write %s: %s", f->path, strerror(errno));
}

enum err file_batch_add(struct file_batch *b, const char *path, mode_t mode, struct span content)
{
        struct file_waiting f = {.path = mem_text(path), .fd = -1};
        enum err e = write_beside(&f, mode, b->n, content);
        if (e != OK) {
                unlink(f.temporary);
                let_go(&f);
                return e;
        }
        /* The disk may begin at once; the commit waits for it. */
        (void)sync_file_range(f.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
        b->file = mem_grow(b->file, b->n + 1, sizeof *b->file);
        b->file[b->n++] = f;
        return OK;
}

MUST_CHECK static enum err sync_all(const struct file_batch *b)
{
        for (size_t i = 0; i < b->n; i++)
                if (fsync(b->file[i].fd) != 0)
                        return err_because(ERR_IO, "sync %s: %s", b->file[i].path, strerror(errno));
        return OK;
}

MUST_CHECK static enum err put_all(const struct file_batch *b)
{
        for (size_t i = 0; i < b->n; i++)
                if (rename(b->file[i].temporary, b->file[i].path) != 0)
                        return err_because(ERR_IO, "write %s: %s", b->file[i].path, strerror(errno));
        return OK;
}

static struct span folder_of(const struct file_waiting *f)
{
        const char *slash = strrchr(f->path, '/');
        return slash ? span_of(f->path, (size_t)(slash - f->path) + 1) : span_text(".");
}

/* Each folder once. */
MUST_CHECK static enum err sync_folders(const struct file_batch *b)
{
        enum err e = OK;
        for (size_t i = 0; e == OK && i < b->n; i++) {
                bool is_new = true;
                for (size_t k = 0; k < i && is_new; k++)
                        is_new = !span_equal(folder_of(&b->file[k]), folder_of(&b->file[i]));
                e = is_new ? file_sync_folder_of(b->file[i].path) : OK;
        }
        return e;
}

enum err file_batch_commit(struct file_batch *b)
{
        enum err e;
        if ((e = sync_all(b)) == OK && (e = put_all(b)) == OK)
                e = sync_folders(b);
        file_batch_drop(b); /* what has its place has no other name any more */
        return e;
}

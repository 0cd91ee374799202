#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static enum err io_error(const char *what, const char *path)
{
        enum err e = errno == ENOENT || errno == ENOTDIR ? ERR_NO_ENTRY : ERR_IO;

        return err_because(e, "%s %s: %s", what, path, strerror(errno));
}

/* The folder of a path in a new string: "." for a bare name. */
static char *folder_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        if (!slash)
                return mem_text(".");
        return mem_text_n(path, slash == path ? 1 : (size_t)(slash - path));
}

char *path_join(const char *a, const char *b)
{
        struct bytes joined = BYTES_NONE;
        size_t n = strlen(a);

        bytes_printf(&joined, "%s%s%s", a, n > 0 && a[n - 1] != '/' ? "/" : "", b);
        return (char *)joined.p;
}

bool file_exists(const char *path)
{
        struct stat st;

        return lstat(path, &st) == 0;
}

/* ---- reading ---- */

enum err file_read(const char *path, size_t max, struct bytes *ret)
{
        /* O_NONBLOCK: a FIFO must be refused, not waited for. */
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        CLEANUP_BYTES struct bytes content = BYTES_NONE;
        struct stat st;

        if (fd < 0 || fstat(fd, &st) != 0)
                return io_error("open", path);
        if (!S_ISREG(st.st_mode))
                return err_because(ERR_IO, "%s is no plain file", path);
        if (st.st_size > 0 && (uintmax_t)st.st_size > max)
                return err_because(ERR_TOO_LARGE, "%s has more than %zu bytes", path, max);

        bytes_reserve(&content, (size_t)st.st_size + 1);
        for (;;) {
                bytes_reserve(&content, 1);
                ssize_t got = read(fd, content.p + content.n, content.cap - 1 - content.n);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return io_error("read", path);
                if (got == 0)
                        break;
                content.n += (size_t)got;
                if (content.n > max)
                        return err_because(ERR_TOO_LARGE, "%s has more than %zu bytes", path, max);
        }
        bytes_add_span(ret, bytes_span(&content));
        return OK;
}

enum err fd_write_all(int fd, const void *p, size_t n)
{
        const unsigned char *from = p;

        while (n > 0) {
                ssize_t put = write(fd, from, n);

                if (put < 0 && errno == EAGAIN) {
                        struct pollfd ready = {.fd = fd, .events = POLLOUT};

                        poll(&ready, 1, -1);
                        continue;
                }
                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return err_because(ERR_IO, "write: %s", strerror(errno));
                from += put;
                n -= (size_t)put;
        }
        return OK;
}

/* ---- writing ---- */

enum err file_sync_folder(const char *folder)
{
        CLEANUP_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || fsync(fd) != 0)
                return err_because(ERR_IO, "sync %s: %s", folder, strerror(errno));
        return OK;
}

enum err file_sync_folder_of(const char *path)
{
        CLEANUP_FREE char *folder = folder_of(path);

        return file_sync_folder(folder);
}

enum writing { WRITE_DURABLE, WRITE_VOLATILE, WRITE_ONCE /* durable, and never over another file */ };

static enum err write_new(const char *path, mode_t mode, struct span content, enum writing how)
{
        CLEANUP_FD int fd = -1;
        enum err e;

        /* A crash may have left one of an earlier process with our number. */
        if (unlink(path) != 0 && errno != ENOENT)
                return err_because(ERR_IO, "remove %s: %s", path, strerror(errno));
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0 || fchmod(fd, mode) != 0)
                return err_because(ERR_IO, "create %s: %s", path, strerror(errno));
        if ((e = fd_write_all(fd, content.p, content.n)) != OK)
                return err_because(e, "write %s: %s", path, strerror(errno));
        if (how != WRITE_VOLATILE && fsync(fd) != 0)
                return err_because(ERR_IO, "sync %s: %s", path, strerror(errno));
        return OK;
}

/* Puts the finished file in its place. A link, unlike a rename, refuses to replace. */
static enum err put_in_place(const char *from, const char *to, enum writing how)
{
        int failed = how != WRITE_ONCE ? rename(from, to) : link(from, to);

        if (failed && how == WRITE_ONCE && errno == EEXIST)
                return err_because(ERR_DUPLICATE, "%s exists already", to);
        if (failed)
                return err_because(ERR_IO, "write %s: %s", to, strerror(errno));
        if (how == WRITE_ONCE && unlink(from) != 0)
                return err_because(ERR_IO, "remove %s: %s", from, strerror(errno));
        return how == WRITE_VOLATILE ? OK : file_sync_folder_of(to);
}

static enum err write_through_temporary(const char *path, mode_t mode, struct span content, enum writing how)
{
        CLEANUP_BYTES struct bytes temporary = BYTES_NONE;
        enum err e;

        bytes_printf(&temporary, "%s.tmp-%ld", path, (long)getpid());
        if ((e = write_new(bytes_text(&temporary), mode, content, how)) == OK)
                e = put_in_place(bytes_text(&temporary), path, how);
        if (e != OK)
                unlink(bytes_text(&temporary));
        return e;
}

enum err file_write(const char *path, mode_t mode, struct span content)
{
        return write_through_temporary(path, mode, content, WRITE_DURABLE);
}

enum err file_write_volatile(const char *path, mode_t mode, struct span content)
{
        return write_through_temporary(path, mode, content, WRITE_VOLATILE);
}

enum err file_create(const char *path, mode_t mode, struct span content)
{
        return write_through_temporary(path, mode, content, WRITE_ONCE);
}

enum err file_remove(const char *path)
{
        if (unlink(path) == 0)
                return file_sync_folder_of(path);
        if (errno == ENOENT)
                return OK;
        return err_because(ERR_IO, "remove %s: %s", path, strerror(errno));
}

static enum err make_one_folder(const char *path, mode_t mode)
{
        struct stat st;

        if (mkdir(path, mode) == 0)
                return file_sync_folder_of(path);
        if (errno != EEXIST)
                return err_because(ERR_IO, "make folder %s: %s", path, strerror(errno));
        if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
                return err_because(ERR_IO, "%s is no folder", path);
        return OK;
}

enum err file_make_folder(const char *path, mode_t mode)
{
        CLEANUP_FREE char *part = mem_text(path);
        enum err e;

        for (char *p = part; *p; p++) {
                if (*p != '/' || p == part || p[-1] == '/')
                        continue;
                *p = '\0';
                if (!file_exists(part) && (e = make_one_folder(part, mode)) != OK)
                        return e;
                *p = '/';
        }
        return make_one_folder(path, mode);
}

bool file_is_in_memory(const char *path)
{
        CLEANUP_FREE char *folder = folder_of(path);
        struct statfs fs;

        if (statfs(path, &fs) != 0 && statfs(folder, &fs) != 0)
                return false;
        return fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC;
}

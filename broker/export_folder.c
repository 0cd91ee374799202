#include "broker/export_folder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* One name is enough: the folder's lock sees to it that one process writes. */
#define UNFINISHED ".breakglass-export.tmp"

static enum err failed(const struct export_folder *f, const char *what)
{
        return err_because(ERR_IO, "exports folder %s: %s: %s", f->path, what, strerror(errno));
}

/* ---- whether it may be used ---- */

static enum err unsafe(const char *path, const char *why)
{
        return err_because(ERR_UNSAFE_FILE,
                           "exports folder %s %s; `install -d -m 0700 -o USER -g GROUP %s` makes one "
                           "that the broker may use (USER: who runs it)",
                           path, why, path);
}

static bool is_written_by_others(const struct stat *st)
{
        return st->st_mode & (S_IWGRP | S_IWOTH);
}

/* Who can write to the folder above can put another in its place; in a sticky one only its owner can. */
static enum err check_above(const char *path)
{
        CLEANUP_FREE char *copy = mem_text(path);
        struct stat st;
        if (stat(dirname(copy), &st) != 0)
                return unsafe(path, strerror(errno));
        if (st.st_uid != geteuid() && st.st_uid != 0)
                return unsafe(path, "lies in a folder of somebody else");
        if (is_written_by_others(&st) && !(st.st_mode & S_ISVTX))
                return unsafe(path, "lies in a folder that others can write to");
        return OK;
}

static enum err open_checked(const char *path, int *ret_fd)
{
        CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        if (fd < 0 && errno == ENOENT)
                return unsafe(path, "is not there");
        if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
                return unsafe(path, "is a symbolic link or no folder");
        if (fd < 0 || fstat(fd, &st) != 0)
                return unsafe(path, strerror(errno));
        if (st.st_uid != geteuid())
                return unsafe(path, "belongs to somebody else");
        if (is_written_by_others(&st))
                return unsafe(path, "can be written by others");
        enum err e = check_above(path);
        if (e != OK)
                return e;
        *ret_fd = fd;
        fd = -1;
        return OK;
}

enum err export_folder_check(const char *path)
{
        CLEANUP_FD int fd = -1;
        return open_checked(path, &fd);
}

/* ---- open ---- */

enum err export_folder_open(const char *path, struct export_folder *ret)
{
        struct export_folder f = {-1, path};
        enum err e = open_checked(path, &f.fd);
        if (e != OK)
                return e;
        /* Not every network file system locks folders; then the broker's own order must do. */
        if (flock(f.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
                e = err_because(ERR_IN_USE, "exports folder %s: another export is at work there", path);
        else if (unlinkat(f.fd, UNFINISHED, 0) != 0 && errno != ENOENT)
                e = failed(&f, UNFINISHED);
        if (e != OK)
                close(f.fd);
        else
                *ret = f;
        return e;
}

void export_folder_close(struct export_folder *f)
{
        if (f->fd >= 0)
                close(f->fd);
        *f = EXPORT_FOLDER_NONE;
}

/* ---- what is there ---- */

static int compare_names(const void *a, const void *b)
{
        const struct export_name *x = a, *y = b;
        const int by_stamp = export_stamp_compare(&x->stamp, &y->stamp);
        return by_stamp ? by_stamp : strcmp(x->text, y->text);
}

enum err export_folder_list(const struct export_folder *f, const struct hash *installation, struct export_name **ret,
                            size_t *ret_n)
{
        struct export_name *list = NULL, name;
        size_t n = 0;
        const int fd = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
        if (!d)
                return failed(f, "reading it");
        for (const struct dirent *entry; (entry = readdir(d));) {
                if (!export_name_read(entry->d_name, installation, &name))
                        continue;
                list = mem_grow(list, n + 1, sizeof *list);
                list[n++] = name;
        }
        closedir(d);
        if (n > 0)
                qsort(list, n, sizeof *list, compare_names);
        *ret = list;
        *ret_n = n;
        return OK;
}

enum err export_folder_read(const struct export_folder *f, const char *name, int *ret_fd)
{
        struct stat st;
        CLEANUP_FD int fd = openat(f->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT)
                return err_because(ERR_NO_ENTRY, "%s/%s", f->path, name);
        if (fd < 0 || fstat(fd, &st) != 0)
                return failed(f, name);
        if (!S_ISREG(st.st_mode))
                return err_because(ERR_UNSAFE_FILE, "%s/%s is no plain file", f->path, name);
        *ret_fd = fd;
        fd = -1;
        return OK;
}

/* ---- a new one ---- */

enum err export_folder_begin(const struct export_folder *f, int *ret_fd)
{
        const int fd = openat(f->fd, UNFINISHED, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return failed(f, "making a file");
        *ret_fd = fd;
        return OK;
}

enum err export_folder_finish(const struct export_folder *f, const struct export_name *name)
{
        if (renameat(f->fd, UNFINISHED, f->fd, name->text) != 0)
                return failed(f, name->text);
        return fsync(f->fd) == 0 ? OK : failed(f, "fsync");
}

void export_folder_abandon(const struct export_folder *f)
{
        (void)unlinkat(f->fd, UNFINISHED, 0); /* else the next opening removes it */
}

enum err export_folder_prune(const struct export_folder *f, const struct hash *installation, size_t keep,
                             const char *newest, size_t *ret_gone)
{
        CLEANUP_FREE struct export_name *names = NULL;
        size_t n, gone = 0;
        enum err e = export_folder_list(f, installation, &names, &n);
        if (e != OK)
                return e;
        CLEANUP_FREE bool *goes = mem_new(n + 1, sizeof *goes);
        (void)export_names_to_prune(names, n, keep, newest, goes);
        for (size_t i = 0; i < n; i++) {
                if (goes[i] && unlinkat(f->fd, names[i].text, 0) != 0 && errno != ENOENT)
                        return failed(f, names[i].text);
                gone += goes[i];
        }
        *ret_gone = gone;
        return OK;
}

/* Which files may be trusted: identities (private) and plugins (programs). */
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static bool is_ours_or_roots(const struct stat *st)
{
        return st->st_uid == geteuid() || st->st_uid == 0;
}

/* Who can write to the folder can put another file in the place of ours; in a sticky one (/tmp) only the file's own
 * owner can. */
static enum err check_folder(const char *path, const struct stat *file, enum err refusal)
{
        const char *slash = strrchr(path, '/');
        CLEANUP_FREE char *folder =
                slash ? mem_text_n(path, slash == path ? 1 : (size_t)(slash - path)) : mem_text(".");
        struct stat st;

        if (stat(folder, &st) != 0)
                return err_because(refusal, "folder %s: %s", folder, strerror(errno));
        if (!is_ours_or_roots(&st))
                return err_because(refusal, "folder %s belongs to somebody else", folder);
        if ((st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
                return OK;
        if ((st.st_mode & S_ISVTX) && file->st_uid == geteuid())
                return OK;
        return err_because(refusal, "folder %s can be written by others", folder);
}

static enum err check_is_plain(const char *path, const struct stat *st, enum err refusal)
{
        if (S_ISLNK(st->st_mode))
                return err_because(refusal, "%s is a symlink: name what it leads to", path);
        if (!S_ISREG(st->st_mode))
                return err_because(refusal, "%s is no plain file", path);
        if (!is_ours_or_roots(st))
                return err_because(refusal, "%s belongs to somebody else", path);
        return OK;
}

static enum err open_failed(const char *path, enum err refusal)
{
        if (errno == ENOENT || errno == ENOTDIR)
                return err_because(ERR_NO_ENTRY, "%s: %s", path, strerror(errno));
        if (errno == ELOOP)
                return err_because(refusal, "%s is a symbolic link", path);
        return err_because(refusal, "%s: %s", path, strerror(errno));
}

/* What is checked is what is opened, so that nothing can be swapped in between. */
static enum err open_private(const char *path, int *ret_fd)
{
        /* O_NONBLOCK: a FIFO must be refused, not waited for. */
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        enum err e;

        if (fd < 0 || fstat(fd, &st) != 0)
                return open_failed(path, ERR_UNSAFE_FILE);
        if ((e = check_is_plain(path, &st, ERR_UNSAFE_FILE)) != OK)
                return e;
        if (st.st_mode & (S_IRWXG | S_IRWXO))
                return err_because(ERR_UNSAFE_FILE, "%s is open to others (mode %04o)", path, st.st_mode & 07777u);
        if ((e = check_folder(path, &st, ERR_UNSAFE_FILE)) != OK)
                return e;
        *ret_fd = fd;
        fd = -1;
        return OK;
}

enum err file_check_private(const char *path)
{
        CLEANUP_FD int fd = -1;

        return open_private(path, &fd);
}

enum err file_read_private(const char *path, size_t max, struct secret *ret)
{
        CLEANUP_FD int fd = -1;
        enum err e;

        if ((e = open_private(path, &fd)) != OK)
                return e;
        return secret_read_fd(fd, max, ret);
}

enum err file_check_program(const char *path)
{
        struct stat st;
        enum err e;

        if (path[0] != '/')
                return err_because(ERR_UNSAFE_PROGRAM, "%s is no absolute path", path);
        if (lstat(path, &st) != 0)
                return open_failed(path, ERR_UNSAFE_PROGRAM);
        if ((e = check_is_plain(path, &st, ERR_UNSAFE_PROGRAM)) != OK)
                return e;
        if (st.st_mode & (S_ISUID | S_ISGID))
                return err_because(ERR_UNSAFE_PROGRAM, "%s is setuid or setgid", path);
        if (st.st_mode & (S_IWGRP | S_IWOTH))
                return err_because(ERR_UNSAFE_PROGRAM, "%s can be written by others (mode %04o)", path,
                                   st.st_mode & 07777u);
        if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0)
                return err_because(ERR_UNSAFE_PROGRAM, "%s is not executable", path);
        return check_folder(path, &st, ERR_UNSAFE_PROGRAM);
}

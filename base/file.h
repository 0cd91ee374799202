/* Files: whole reads with a cap, atomic durable writes, and the checks that decide whether a file may be trusted. */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"
#include <sys/types.h>

/* Reads a whole regular file into ret (appends). Errors: ERR_NO_ENTRY, ERR_TOO_LARGE, ERR_IO. */
MUST_CHECK enum err file_read(const char *path, size_t max, struct bytes *ret);
/* The same for a secret, without any other buffer, after file_check_private(). */
MUST_CHECK enum err file_read_private(const char *path, size_t max, struct secret *ret);
/* Writes path.tmp-PID, fsyncs, renames over path, fsyncs the folder. On error the old file is untouched. ERR_IO. */
MUST_CHECK enum err file_write(const char *path, mode_t mode, struct span content);
/* The same without fsync, for what every start makes anew: whole at every instant, perhaps gone after a power cut. */
MUST_CHECK enum err file_write_volatile(const char *path, mode_t mode, struct span content);
/* As file_write(), but fails with ERR_DUPLICATE when path exists. */
MUST_CHECK enum err file_create(const char *path, mode_t mode, struct span content);
/* Removes a file if it is there and fsyncs the folder. ERR_IO. */
MUST_CHECK enum err file_remove(const char *path);
/* fsync of one folder. ERR_IO. */
MUST_CHECK enum err file_sync_folder(const char *folder);
/* Makes names in the folder of path durable: a file made, renamed or removed there. ERR_IO. */
MUST_CHECK enum err file_sync_folder_of(const char *path);
/* mkdir -p with mode for what is made new. ERR_IO. */
MUST_CHECK enum err file_make_folder(const char *path, mode_t mode);
bool file_exists(const char *path);

/* A private file: regular, no symlink, ours or root's, no access for group and others, its folder not writable by
 * others (sticky folders excepted when the file is ours). Errors: ERR_NO_ENTRY, ERR_UNSAFE_FILE with the reason. */
MUST_CHECK enum err file_check_private(const char *path);
/* A program that may be run as a plugin: absolute, regular, no symlink, not setuid/setgid, executable, owned by root
 * or us and not writable by others. Errors: ERR_NO_ENTRY, ERR_UNSAFE_PROGRAM with the reason. */
MUST_CHECK enum err file_check_program(const char *path);
/* Writes all n bytes to fd, over EINTR and short writes. ERR_IO. */
MUST_CHECK enum err fd_write_all(int fd, const void *p, size_t n);
/* Whether the path lies on a tmpfs or ramfs (nothing reaches a disk). */
bool file_is_in_memory(const char *path);
/* "A/B" in a new string. */
char *path_join(const char *a, const char *b);

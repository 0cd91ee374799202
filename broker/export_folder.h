/* The folder that scheduled exports lie in. It is ours alone to write to: who else could, could put another file in
 * the place of a verified one. Everything happens by the folder's descriptor, and by one process at a time. */
#pragma once
#include "broker/export_name.h"

/* Absolute, there, a folder and no symbolic link, our own, not writable by others, nor is the folder it lies in (but
 * for a sticky one). Errors: ERR_UNSAFE_FILE with the remedy. */
MUST_CHECK enum err export_folder_check(const char *path);

struct export_folder {
        int fd;
        const char *path; /* the caller's */
};
#define EXPORT_FOLDER_NONE    ((struct export_folder){-1, NULL})
#define CLEANUP_EXPORT_FOLDER __attribute__((cleanup(export_folder_close)))
/* Checks it, locks it, and removes what a killed export left half done. Errors: ERR_UNSAFE_FILE; ERR_IN_USE (another
 * process exports into it), ERR_IO. */
MUST_CHECK enum err export_folder_open(const char *path, struct export_folder *ret);
void export_folder_close(struct export_folder *f);

/* The exports of that installation, ascending; ret is to be freed. Errors: ERR_IO. */
MUST_CHECK enum err export_folder_list(const struct export_folder *f, const struct hash *installation,
                                       struct export_name **ret, size_t *ret_n);
/* A new file (0600) that has no name yet that anybody would take for an export's. Errors: ERR_IO. */
MUST_CHECK enum err export_folder_begin(const struct export_folder *f, int *ret_fd);
/* It gets its name, durably; fd must be synced. Errors: ERR_IO. */
MUST_CHECK enum err export_folder_finish(const struct export_folder *f, const struct export_name *name);
void export_folder_abandon(const struct export_folder *f);
/* Opens one of its exports for reading. Errors: ERR_NO_ENTRY, ERR_UNSAFE_FILE (no plain file), ERR_IO. */
MUST_CHECK enum err export_folder_read(const struct export_folder *f, const char *name, int *ret_fd);
/* Removes the oldest of that installation's, so that `keep` stay with `newest` among them. Errors: ERR_IO. */
MUST_CHECK enum err export_folder_prune(const struct export_folder *f, const struct hash *installation, size_t keep,
                                        const char *newest, size_t *ret_gone);

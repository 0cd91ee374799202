/* Several files made durable together: each is written beside its place at once, and put there, in the order in which
 * they came, when all of them are on the disk. One flush of the disk does for many. */
#pragma once
#include "base/bytes.h"
#include <sys/types.h>

struct file_batch {
        size_t n;
        struct file_waiting *file;
};

/* Errors: ERR_IO; the batch is as it was. */
MUST_CHECK enum err file_batch_add(struct file_batch *b, const char *path, mode_t mode, struct span content);
/* Empties it, also on an error: then some files may be in their place, and the others are as they were. ERR_IO. */
MUST_CHECK enum err file_batch_commit(struct file_batch *b);
void file_batch_drop(struct file_batch *b); /* nothing of it was */

/* A private folder in /tmp for the agent's socket while one `ssh` runs.
 *
 * Whoever makes one holds its lock as long as it lives, and first removes those of the same owner that nobody holds
 * any more: what a killed hook left is gone with the next one's start. */
#pragma once
#include "base/bytes.h"

struct ssh_folder {
        struct bytes path, socket; /* socket: the path of the socket that may be made in it */
        int fd;                    /* holds the lock */
};

#define SSH_FOLDER_NONE ((struct ssh_folder){.fd = -1})

/* Errors: ERR_IO with the reason. */
MUST_CHECK enum err ssh_folder_open(struct ssh_folder *ret);
void ssh_folder_close(struct ssh_folder *f); /* removes it */

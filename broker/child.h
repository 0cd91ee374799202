/* Processes of the broker's own program beside it (the courier, exports), so that what hangs or breaks there holds up
 * nothing near the log. Each has a clean environment and, as CHILD_FD, one socket to the broker; nothing else is
 * inherited. When the socket ends, so does it. */
#pragma once
#include "base/bytes.h"
#include <sys/types.h>

#define CHILD_FD 3

/* Starts `breakglassd COMMAND`. ret_fd: our end, blocking. Errors: ERR_IO. */
MUST_CHECK enum err child_start(const char *command, pid_t *ret_pid, int *ret_fd);
/* Ends it: by closing our direction of the socket, after patience_ms by KILL. false: not even that has ended it yet
 * (a disk that hangs); it is given up. Closes fd. */
bool child_end(pid_t pid, int fd, int patience_ms);

/* One writer at a time in the state folder: a running broker, or a command that changes what it left. */
#pragma once
#include "broker/config.h"

/* ret_fd: closing it (or dying) gives the lock back. Errors: ERR_CONFIG when somebody has it, or there is no folder.
 */
MUST_CHECK enum err state_lock(const struct config *c, int *ret_fd);

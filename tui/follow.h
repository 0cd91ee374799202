/* Watching the log live until something is decided: a request's approvals, a rotation's steps. */
#pragma once
#include "tui/cli.h"

/* Waits up to half a minute for something new in the log; a broker that is away is waited for, too, and said once.
 * Errors: those that waiting can't heal. */
MUST_CHECK enum err follow_wait(struct cli *cli, bool *is_away);
/* The same for at most so long. */
MUST_CHECK enum err follow_wait_some(struct cli *cli, int64_t most_ms, bool *is_away);
/* Until the request is ready (OK), expired (ERR_EXPIRED), denied or otherwise ended (ERR_ENDED). */
MUST_CHECK enum err follow_request(struct cli *cli, const struct hash *request);
/* Until the rotations of all these versions are done. Errors: ERR_UNKNOWN_OUTCOME when an old value is not proven
 * dead.
 */
MUST_CHECK enum err follow_rotations(struct cli *cli, const struct hash versions[], size_t n);

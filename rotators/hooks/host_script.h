/* A shell script on an account's host: over SSH by an admin, or on this host.
 *
 * It comes on the shell's stdin as one function, so that what is cut off on its way is not run at all, and its last
 * word says that it came to its end. */
#pragma once
#include "rotators/hooks/ssh_run.h"

struct host_script {
        const struct ssh_host *host; /* NULL: here, and the next three say nothing */
        const char *admin_user, *admin_key_file;
        const char *shell; /* the command that reads the script: "exec sh -s" */
        int64_t timeout_ms;
};

/* Runs it. body: its commands, each ended by a newline; `exit N` says why it cannot go on (1 ≤ N < 128).
 * changes: it may have done something when its end is not seen.
 * true: it ran; ret->exit_code is 0 where it came to its end, and ret->out what it printed until then.
 * false with an answer. */
MUST_CHECK bool host_script_run(const struct host_script *h, const struct bytes *body, bool changes,
                                struct ssh_ran *ret, struct hook_answer *a);

/* The sessions of a Unix account on its own host that began before a moment: found among the processes, and ended.
 *
 * A session is what OpenSSH's sshd names as one (`sshd: NAME@pts/0`), or what login(1) or su(1) started for the
 * account on a terminal, and every process that comes from it and has not left it. What runs the script, and all that
 * it comes from, is spared. A moment is `BOOT-ID@TICKS`, in the clock in which the kernel notes the starts of
 * processes, which no step of the host's time moves; one made from a file's change follows such a step. */
#pragma once
#include "rotators/hooks/host_script.h"

struct sessions {
        const struct host_script *by; /* runs as root, or as the account itself */
        const char *user, *root;      /* root: the folder that is the account's `/`; "": the host's own */
        bool of_terminals;            /* login's and su's too, not only sshd's */
};

/* The shell's words that print the moment: now; of the last change to the file "$f" or its rights. */
#define SESSIONS_NOW "echo \"$(cat /proc/sys/kernel/random/boot_id)@$(cut -d' ' -f22 /proc/self/stat)\"\n"
#define SESSIONS_CHANGED                                                                                             \
        "now=$(date +%s.%N)\n"                                                                                       \
        "awk -v boot=\"$(cat /proc/sys/kernel/random/boot_id)\" -v now=\"$now\" -v then=\"$(stat -c %.2Z \"$f\")\" " \
        "-v ticks=\"$(cut -d' ' -f22 /proc/self/stat)\" -v hz=\"$(getconf CLK_TCK)\" "                               \
        "'BEGIN { printf \"%s@%.0f\\n\", boot, ticks - (now - then) * hz + 2 }'\n"

/* Whether sessions can be seen there: false with an answer. */
MUST_CHECK bool sessions_check(const struct sessions *s, struct hook_answer *a);
/* Ends those that began at the moment or before it; NULL or malformed: before now. A host that was started since then
 * has none of them. false with an answer. */
MUST_CHECK bool sessions_end(const struct sessions *s, const char *moment, struct hook_answer *a);

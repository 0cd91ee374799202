/* Running other people's programs (notifiers, hooks) within bounds: design §7.
 *
 * The child gets: our input on stdin, pipes on stdout and stderr, no other descriptor, an environment of exactly
 * PATH=/usr/sbin:/usr/bin:/sbin:/bin, LANG=C.UTF-8 and what the job adds, its own process group, "/" as its folder.
 * At the deadline it gets TERM, 5 s later KILL (the whole group). posix_spawn, never fork.
 */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#define SPAWN_OUTPUT_MAX (64u * 1024u)
#define SPAWN_GRACE_MS   5000

struct spawn_job {
        const char *path;               /* absolute; checked with file_check_program() before every run */
        const char *const *argv;        /* NULL-ended, argv[0] included */
        const char *const *environment; /* NULL-ended "NAME=value" added to the clean one, or NULL */
        struct span input;              /* may lie in locked memory: it is written straight to the pipe */
        int64_t timeout_ms;             /* > 0 */
        int64_t grace_ms;               /* between TERM and KILL; 0 means SPAWN_GRACE_MS, < 0 KILL at once */
        bool stays_in_group;   /* ours: whoever kills our group kills it too; its own children are not killed */
        bool is_output_secret; /* what it prints on stdout is kept in locked memory only */
        /* Called for each whole line of stdout as it comes (without newline), and for an unended last line of a
         * program that exited by itself; NULL if not wanted. */
        void (*on_line)(void *context, struct span line);
        void *context;
};

struct spawn_result {
        int exit_code;      /* 0–255, or 128+signal */
        bool timed_out;     /* killed at its deadline */
        bool output_capped; /* printed more than SPAWN_OUTPUT_MAX on stdout or stderr, and was killed for it */
        struct bytes out, err;
        struct secret locked_; /* where `out` lies when the job's output is secret */
};

/* Runs the job to its end. Errors: ERR_UNSAFE_PROGRAM, ERR_NO_ENTRY, ERR_IO (could not be started).
 * A program that ran, however badly, is OK: look at ret. */
MUST_CHECK enum err spawn_run(const struct spawn_job *job, struct spawn_result *ret);
void spawn_result_done(struct spawn_result *r); /* wipes out and err before freeing */

/* ---- spawn_talk.c: a program that stays, and answers one question after another ---- */
struct spawn_talk;

struct spawn_question {
        struct span input; /* whole lines; may lie in locked memory */
        int64_t timeout_ms;
        /* Each whole line of stdout as it comes (without newline); true: it is the answer's last one. */
        bool (*is_last)(void *context, struct span line);
        void *context;
};

/* The job's input, on_line and time limit are not used; what its pointers show must outlive the talk. Errors: those
 * of spawn_run(), ERR_MEMORY. */
MUST_CHECK enum err spawn_talk_open(const struct spawn_job *job, struct spawn_talk **ret);
/* Whether it lives and keeps still: a program that prints what nobody asked for has lost the thread. What came on
 * stderr meanwhile is thrown away. */
bool spawn_talk_is_ready(struct spawn_talk *t);
/* *ret stays the talk's, until its next question: what was printed for this one, stdout in locked memory. Without an
 * answer (!*ret_is_answered) the program has ended, was killed at its deadline or for its output, or went on after
 * its last line; as with spawn_run(), *ret says which, and the talk is over. Errors: ERR_IO (it was not asked),
 * ERR_UNSAFE_PROGRAM, ERR_NO_ENTRY (what would be started now is not to be trusted). */
MUST_CHECK enum err spawn_talk_ask(struct spawn_talk *t, const struct spawn_question *q,
                                   const struct spawn_result **ret, bool *ret_is_answered);
/* Its input ends; what has not ended timeout_ms later is killed. Accepts NULL. */
void spawn_talk_close(struct spawn_talk *t, int64_t timeout_ms);

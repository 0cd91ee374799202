/* What spawn_run() and spawn_talk share: one child while it runs. */
#pragma once
#include "base/spawn.h"
#include <signal.h>
#include <sys/types.h>

struct running {
        const struct spawn_job *job;
        struct spawn_result *result;
        pid_t pid;
        int pidfd;           /* -1 where the kernel has none */
        int in, out, err;    /* our ends; -1 once closed */
        size_t written;      /* of the input */
        size_t line_start;   /* where the line of stdout begins that is not handed over yet */
        int64_t deadline_ms; /* monotonic: when the next signal is due */
        bool was_killed;
        /* of a talk */
        bool keeps_input;                                 /* our end of its stdin stays open behind the input */
        bool (*is_last)(void *context, struct span line); /* NULL: the job's on_line gets the lines */
        void *context;
        bool is_answered; /* the last line has come */
};

#define RUNNING_NONE(a_job, a_result)                                                                                \
        (struct running)                                                                                             \
        {                                                                                                            \
                .job = (a_job), .result = (a_result), .pidfd = -1, .in = -1, .out = -1, .err = -1                    \
        }

/* ---- spawn_start.c ---- */
/* Errors: ERR_IO; nothing runs then. */
MUST_CHECK enum err running_start(struct running *r);
/* What was started or not: closes what is open of our ends. */
void running_close(struct running *r);
void running_close_input(struct running *r);

/* ---- spawn.c ---- */
/* Until it has ended (it is not reaped yet) or has answered; its deadline is kept. Errors: ERR_IO. */
MUST_CHECK enum err running_attend(struct running *r);
/* Takes what there is of its output. */
void running_move_data(struct running *r);
/* Whether it has ended; it is left unreaped, so that its number stays its own. Errors: ERR_IO. */
MUST_CHECK enum err running_has_ended(const struct running *r, bool *ret);
/* Kills it with its group, takes its last output, and its exit code. Errors: ERR_IO. */
MUST_CHECK enum err running_end(struct running *r);
/* Room for its output. Errors: ERR_MEMORY. */
MUST_CHECK enum err running_make_room(const struct spawn_job *job, struct spawn_result *ret);

/* A plugin may close its stdin early: SIGPIPE is kept from this thread, and taken back if we caused one. */
struct pipe_signal {
        sigset_t before;
        bool was_pending;
};
void pipe_signal_block(struct pipe_signal *ret);
void pipe_signal_restore(const struct pipe_signal *s);

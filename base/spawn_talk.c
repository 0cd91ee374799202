#include "base/clock.h"
#include "base/file.h"
#include "base/spawn_inside.h"
#include <sodium.h>

struct spawn_talk {
        struct spawn_job job;
        struct spawn_result result;
        struct running run;
        bool is_over; /* ended and reaped, or never started */
};

static void forget_output(struct spawn_talk *t)
{
        struct bytes *both[] = {&t->result.out, &t->result.err};

        for (size_t i = 0; i < COUNT_OF(both); i++) {
                sodium_memzero(both[i]->p, both[i]->n);
                both[i]->n = 0;
        }
        t->run.line_start = 0;
}

/* Kills what is left of it. What it printed stays in the result. */
static void end(struct spawn_talk *t)
{
        if (t->is_over)
                return;
        t->is_over = true;
        if (running_end(&t->run) != OK)
                t->result.exit_code = 128 + SIGKILL;
        running_close(&t->run);
}

enum err spawn_talk_open(const struct spawn_job *job, struct spawn_talk **ret)
{
        struct spawn_talk *t = mem_new(1, sizeof *t);
        enum err e;

        t->job = *job;
        t->job.is_output_secret = true;
        t->job.input = span_of(NULL, 0);
        t->run = RUNNING_NONE(&t->job, &t->result);
        t->run.keeps_input = true;
        if ((e = file_check_program(job->path)) == OK && (e = running_make_room(&t->job, &t->result)) == OK)
                e = running_start(&t->run);
        if (e != OK) {
                t->is_over = true;
                spawn_talk_close(t, 0);
                return e;
        }
        *ret = t;
        return OK;
}

bool spawn_talk_is_ready(struct spawn_talk *t)
{
        bool has_ended = false;

        if (t->is_over)
                return false;
        forget_output(t);
        t->run.is_answered = true; /* no line is anybody's */
        running_move_data(&t->run);
        bool is_still = t->result.out.n == 0 && t->run.out >= 0;
        if (!is_still || running_has_ended(&t->run, &has_ended) != OK || has_ended)
                end(t);
        return !t->is_over;
}

static void attend(struct spawn_talk *t, const struct spawn_question *q)
{
        struct running *r = &t->run;

        t->job.input = q->input;
        t->job.grace_ms = t->job.grace_ms ? t->job.grace_ms : SPAWN_GRACE_MS;
        r->written = 0;
        r->is_answered = false;
        r->is_last = q->is_last;
        r->context = q->context;
        r->deadline_ms = clock_monotonic_ms() + q->timeout_ms;
        if (running_attend(r) != OK || !r->is_answered)
                end(t); /* its last output may still hold the answer */
        bool is_in_order = r->is_answered && r->line_start == t->result.out.n && r->written == q->input.n &&
                           !t->result.timed_out && !t->result.output_capped;
        if (!is_in_order)
                end(t);
        r->is_answered = is_in_order;
        t->job.input = span_of(NULL, 0); /* the caller's, who may take it away */
        r->written = 0;
}

enum err spawn_talk_ask(struct spawn_talk *t, const struct spawn_question *q, const struct spawn_result **ret,
                        bool *ret_is_answered)
{
        struct pipe_signal signal;
        enum err e;

        *ret_is_answered = false;
        if ((e = file_check_program(t->job.path)) != OK)
                return e;
        if (!spawn_talk_is_ready(t))
                return err_because(ERR_IO, "%s has ended", t->job.path);
        forget_output(t);
        pipe_signal_block(&signal);
        attend(t, q);
        pipe_signal_restore(&signal);
        *ret = &t->result;
        *ret_is_answered = t->run.is_answered;
        return OK;
}

void spawn_talk_close(struct spawn_talk *t, int64_t timeout_ms)
{
        if (!t)
                return;
        if (!t->is_over) {
                forget_output(t);
                running_close_input(&t->run);
                t->run.is_answered = false;
                t->run.is_last = NULL;
                t->job.grace_ms = -1;
                t->run.deadline_ms = clock_monotonic_ms() + timeout_ms;
                if (running_attend(&t->run) != OK)
                        t->result.timed_out = true;
                end(t);
        }
        running_close(&t->run);
        spawn_result_done(&t->result);
        free(t);
}

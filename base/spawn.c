#include "base/spawn.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/spawn_inside.h"
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define SLICE_MS 20 /* between looks at the child where the kernel has no pidfd */

/* ---- while it runs ---- */

static void kill_group(struct running *r, int sig)
{
        /* The child is not reaped yet, so the number is still its own. */
        kill(r->job->stays_in_group ? r->pid : -r->pid, sig);
        if (sig == SIGKILL)
                r->was_killed = true;
}

/* Writes what fits. A plugin that doesn't read its input is not an error of ours. */
static void write_input(struct running *r)
{
        struct span input = r->job->input;

        if (r->written < input.n) {
                ssize_t n = write(r->in, input.p + r->written, input.n - r->written);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return;
                r->written = n < 0 ? input.n : r->written + (size_t)n;
        }
        if (r->written == input.n && !r->keeps_input)
                running_close_input(r);
}

static void hand_over_lines(struct running *r)
{
        const struct bytes *out = &r->result->out;

        while ((r->job->on_line || r->is_last) && !r->is_answered && r->line_start < out->n) {
                const unsigned char *from = out->p + r->line_start;
                const unsigned char *end = memchr(from, '\n', out->n - r->line_start);

                if (!end)
                        return;
                struct span line = span_of(from, (size_t)(end - from));
                r->line_start += line.n + 1;
                if (r->is_last)
                        r->is_answered = r->is_last(r->context, line);
                else
                        r->job->on_line(r->job->context, line);
        }
}

/* Reads all there is. The buffer has room for one byte more than allowed, and never moves: what a plugin prints may
 * be a secret by mistake, and realloc would leave copies behind. */
static void read_output(struct running *r, int *fd, struct bytes *to)
{
        while (*fd >= 0 && !r->result->output_capped) {
                ssize_t n = read(*fd, to->p + to->n, SPAWN_OUTPUT_MAX + 1 - to->n);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        return;
                if (n <= 0) {
                        close(*fd);
                        *fd = -1;
                        return;
                }
                to->n += (size_t)n;
                if (to->n > SPAWN_OUTPUT_MAX) {
                        to->n = SPAWN_OUTPUT_MAX;
                        r->result->output_capped = true;
                        kill_group(r, SIGKILL);
                }
                to->p[to->n] = '\0';
        }
}

void running_move_data(struct running *r)
{
        if (r->in >= 0)
                write_input(r);
        read_output(r, &r->out, &r->result->out);
        read_output(r, &r->err, &r->result->err);
        hand_over_lines(r);
}

/* TERM at the deadline, KILL after the grace. */
static void enforce_deadline(struct running *r)
{
        int64_t now = clock_monotonic_ms();

        if (r->was_killed || now < r->deadline_ms)
                return;
        if (r->result->timed_out || r->job->grace_ms < 0) {
                r->result->timed_out = true;
                kill_group(r, SIGKILL);
                return;
        }
        r->result->timed_out = true;
        kill_group(r, SIGTERM);
        r->deadline_ms = now + (r->job->grace_ms > 0 ? r->job->grace_ms : SPAWN_GRACE_MS);
}

static void wait_for_something(const struct running *r)
{
        bool is_capped = r->result->output_capped;
        struct pollfd fds[] = {
                {.fd = r->pidfd, .events = POLLIN},
                {.fd = r->written < r->job->input.n ? r->in : -1, .events = POLLOUT},
                {.fd = is_capped ? -1 : r->out, .events = POLLIN},
                {.fd = is_capped ? -1 : r->err, .events = POLLIN},
        };
        int64_t left = r->was_killed ? SECOND_MS : r->deadline_ms - clock_monotonic_ms();

        if (left < 0)
                left = 0;
        if (left > HOUR_MS)
                left = HOUR_MS;
        if (r->pidfd < 0 && left > SLICE_MS)
                left = SLICE_MS;
        poll(fds, COUNT_OF(fds), (int)left);
}

enum err running_has_ended(const struct running *r, bool *ret)
{
        siginfo_t info = {0};

        if (waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
                return err_because(ERR_IO, "%s: its end cannot be seen: %s", r->job->path, strerror(errno));
        *ret = info.si_pid == r->pid;
        return OK;
}

enum err running_attend(struct running *r)
{
        bool ended = false;
        enum err e;

        for (;;) {
                running_move_data(r);
                if (r->is_answered)
                        return OK;
                if ((e = running_has_ended(r, &ended)) != OK || ended)
                        return e;
                enforce_deadline(r);
                wait_for_something(r);
        }
}

/* ---- end ---- */

static enum err reap(struct running *r)
{
        siginfo_t info = {0};
        int failed;

        do
                failed = waitid(P_PID, (id_t)r->pid, &info, WEXITED);
        while (failed && errno == EINTR);
        if (failed)
                return err_because(ERR_IO, "%s: its end cannot be seen: %s", r->job->path, strerror(errno));
        r->result->exit_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        return OK;
}

static void hand_over_last_line(struct running *r)
{
        const struct bytes *out = &r->result->out;

        if (!r->job->on_line || r->line_start >= out->n || r->result->timed_out || r->result->output_capped ||
            r->result->exit_code >= 128)
                return;
        r->job->on_line(r->job->context, span_of(out->p + r->line_start, out->n - r->line_start));
}

enum err running_end(struct running *r)
{
        kill_group(r, SIGKILL); /* whatever it left behind in its group, too */
        running_move_data(r);
        return reap(r);
}

static enum err finish(struct running *r, enum err e)
{
        if (e == OK && (e = running_end(r)) == OK)
                hand_over_last_line(r);
        running_close(r);
        return e;
}

void pipe_signal_block(struct pipe_signal *ret)
{
        sigset_t pipe_only, pending;

        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        sigpending(&pending);
        ret->was_pending = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_only, &ret->before);
}

void pipe_signal_restore(const struct pipe_signal *s)
{
        const struct timespec now = {0, 0};
        sigset_t pipe_only;

        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        while (!s->was_pending && sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR)
                ;
        pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}

enum err running_make_room(const struct spawn_job *job, struct spawn_result *ret)
{
        if (job->is_output_secret) {
                enum err e = secret_new(SPAWN_OUTPUT_MAX + 1, &ret->locked_);
                if (e != OK)
                        return e;
                ret->out = (struct bytes){.p = ret->locked_.bytes, .cap = SPAWN_OUTPUT_MAX + 1};
        } else {
                bytes_reserve(&ret->out, SPAWN_OUTPUT_MAX + 1);
        }
        bytes_reserve(&ret->err, SPAWN_OUTPUT_MAX + 1);
        ret->out.p[0] = ret->err.p[0] = '\0';
        return OK;
}

enum err spawn_run(const struct spawn_job *job, struct spawn_result *ret)
{
        struct spawn_result result = {0};
        struct running r = RUNNING_NONE(job, &result);
        struct pipe_signal signal;
        enum err e;

        if ((e = file_check_program(job->path)) != OK)
                return e;
        if ((e = running_make_room(job, &result)) != OK)
                return e;

        pipe_signal_block(&signal);
        if ((e = running_start(&r)) == OK)
                e = finish(&r, running_attend(&r));
        pipe_signal_restore(&signal);
        if (e != OK) {
                spawn_result_done(&result);
                return e;
        }
        *ret = result;
        return OK;
}

static void wipe(struct bytes *b)
{
        if (b->p)
                sodium_memzero(b->p, b->cap);
        bytes_done(b);
}

void spawn_result_done(struct spawn_result *r)
{
        if (r->locked_.bytes)
                r->out = BYTES_NONE;
        secret_wipe(&r->locked_);
        wipe(&r->out);
        wipe(&r->err);
}

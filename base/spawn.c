#include "base/spawn.h"
#include "base/clock.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

#define SLICE_MS 20 /* between looks at the child where the kernel has no pidfd */

static const char *const clean_environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};

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
};

static void close_fd(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

/* ---- start ---- */

/* Moves a descriptor above 2: where ours are closed, none of these may take their place, or what somebody writes to
 * stderr would reach the plugin. Returns -1 with errno when that fails (and when fd is -1). */
static int above_stdio(int fd)
{
        int moved;

        if (fd < 0 || fd > 2)
                return fd;
        moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        close(fd);
        return moved;
}

static enum err pipe_new(int ret[2])
{
        int raw[2];

        if (pipe2(raw, O_CLOEXEC) != 0)
                return err_because(ERR_IO, "pipe: %s", strerror(errno));
        ret[0] = above_stdio(raw[0]);
        ret[1] = above_stdio(raw[1]);
        if (ret[0] < 0 || ret[1] < 0)
                return err_because(ERR_IO, "pipe: %s", strerror(errno));
        return OK;
}

static const char **environment_of(const struct spawn_job *job)
{
        size_t n = 0, k = 0;

        while (job->environment && job->environment[n])
                n++;
        const char **all = mem_new(COUNT_OF(clean_environment) + n + 1, sizeof(char *));

        for (; k < COUNT_OF(clean_environment); k++)
                all[k] = clean_environment[k];
        for (size_t i = 0; i < n; i++)
                all[k++] = job->environment[i];
        return all;
}

static int set_attributes(const struct spawn_job *job, posix_spawnattr_t *attributes)
{
        int group = job->stays_in_group ? 0 : POSIX_SPAWN_SETPGROUP;
        sigset_t none, all;
        int failed = 0;

        sigemptyset(&none);
        sigfillset(&all);
        /* An ignored SIGPIPE or a blocked SIGTERM of ours is not the plugin's business. */
        failed |= posix_spawnattr_setsigmask(attributes, &none);
        failed |= posix_spawnattr_setsigdefault(attributes, &all);
        failed |= posix_spawnattr_setpgroup(attributes, 0);
        failed |=
                posix_spawnattr_setflags(attributes, (short)(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
        return failed;
}

static int set_actions(posix_spawn_file_actions_t *actions, int in, int out, int err)
{
        int failed = 0;

        failed |= posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);
        failed |= posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
        failed |= posix_spawn_file_actions_adddup2(actions, err, STDERR_FILENO);
        failed |= posix_spawn_file_actions_addclosefrom_np(actions, 3);
        failed |= posix_spawn_file_actions_addchdir_np(actions, "/");
        return failed;
}

static enum err start_child(const struct spawn_job *job, int in, int out, int err, pid_t *ret_pid)
{
        CLEANUP_FREE const char **environment = environment_of(job);
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int failed;

        if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
                abort(); /* only for want of memory */
        failed = set_attributes(job, &attributes) | set_actions(&actions, in, out, err);
        if (failed)
                failed = ENOMEM;
        else
                failed = posix_spawn(ret_pid, job->path, &actions, &attributes, (char *const *)job->argv,
                                     (char *const *)environment);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return failed ? err_because(ERR_IO, "%s could not be started: %s", job->path, strerror(failed)) : OK;
}

static void set_nonblocking(int fd)
{
        if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
                abort();
}

static enum err start(struct running *r)
{
        int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
        enum err e;

        if ((e = pipe_new(in)) == OK && (e = pipe_new(out)) == OK && (e = pipe_new(err)) == OK)
                e = start_child(r->job, in[0], out[1], err[1], &r->pid);
        close_fd(&in[0]);
        close_fd(&out[1]);
        close_fd(&err[1]);
        if (e != OK) {
                close_fd(&in[1]);
                close_fd(&out[0]);
                close_fd(&err[0]);
                return e;
        }
        r->in = in[1];
        r->out = out[0];
        r->err = err[0];
        set_nonblocking(r->in);
        set_nonblocking(r->out);
        set_nonblocking(r->err);
        r->pidfd = above_stdio(pidfd_open(r->pid, 0));
        r->deadline_ms = clock_monotonic_ms() + r->job->timeout_ms;
        return OK;
}

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
        if (r->written == input.n)
                close_fd(&r->in);
}

static void hand_over_lines(struct running *r)
{
        const struct bytes *out = &r->result->out;

        while (r->job->on_line && r->line_start < out->n) {
                const unsigned char *from = out->p + r->line_start;
                const unsigned char *end = memchr(from, '\n', out->n - r->line_start);

                if (!end)
                        return;
                r->line_start += (size_t)(end - from) + 1;
                r->job->on_line(r->job->context, span_of(from, (size_t)(end - from)));
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
                        close_fd(fd);
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

static void move_data(struct running *r)
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
                {.fd = r->in, .events = POLLOUT},
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

/* Whether the child has ended; it is left unreaped, so that its number stays its own. */
static enum err has_ended(const struct running *r, bool *ret)
{
        siginfo_t info = {0};

        if (waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
                return err_because(ERR_IO, "%s: its end cannot be seen: %s", r->job->path, strerror(errno));
        *ret = info.si_pid == r->pid;
        return OK;
}

static enum err attend(struct running *r)
{
        bool ended = false;
        enum err e;

        for (;;) {
                move_data(r);
                if ((e = has_ended(r, &ended)) != OK || ended)
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

static enum err finish(struct running *r, enum err e)
{
        if (e == OK) {
                kill_group(r, SIGKILL); /* whatever it left behind in its group */
                move_data(r);
                e = reap(r);
        }
        if (e == OK)
                hand_over_last_line(r);
        close_fd(&r->pidfd);
        close_fd(&r->in);
        close_fd(&r->out);
        close_fd(&r->err);
        return e;
}

/* A plugin may close its stdin early: SIGPIPE is kept from this thread, and taken back if we caused one. */
static void pipe_signal_block(sigset_t *ret_before, bool *ret_was_pending)
{
        sigset_t pipe_only, pending;

        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        sigpending(&pending);
        *ret_was_pending = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe_only, ret_before);
}

static void pipe_signal_restore(const sigset_t *before, bool was_pending)
{
        const struct timespec now = {0, 0};
        sigset_t pipe_only;

        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        while (!was_pending && sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR)
                ;
        pthread_sigmask(SIG_SETMASK, before, NULL);
}

MUST_CHECK static enum err make_room(const struct spawn_job *job, struct spawn_result *ret)
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
        struct running r = {.job = job, .result = &result, .pidfd = -1, .in = -1, .out = -1, .err = -1};
        sigset_t before;
        bool was_pending;
        enum err e;

        if ((e = file_check_program(job->path)) != OK)
                return e;
        if ((e = make_room(job, &result)) != OK)
                return e;

        pipe_signal_block(&before, &was_pending);
        if ((e = start(&r)) == OK)
                e = finish(&r, attend(&r));
        pipe_signal_restore(&before, was_pending);
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

/* Starting a plugin's process: pipes, a clean environment, no other descriptor. */
#include "base/clock.h"
#include "base/spawn_inside.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>

static const char *const clean_environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};

static void close_fd(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

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

enum err running_start(struct running *r)
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

void running_close_input(struct running *r)
{
        close_fd(&r->in);
}

void running_close(struct running *r)
{
        close_fd(&r->pidfd);
        close_fd(&r->in);
        close_fd(&r->out);
        close_fd(&r->err);
}

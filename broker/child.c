#include "broker/child.h"
#include "broker/delivery.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int spawn(const char *command, int fd, pid_t *ret)
{
        char *const argv[] = {(char[]){"breakglassd"}, (char *)command, NULL};
        CLEANUP_BYTES struct bytes credentials = BYTES_NONE;
        const char *folder = getenv(CREDENTIALS_VARIABLE);
        if (folder)
                bytes_printf(&credentials, CREDENTIALS_VARIABLE "=%s", folder);
        char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                             folder ? (char *)credentials.p : NULL, NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_adddup2(&actions, fd, CHILD_FD);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        int r = posix_spawn(ret, "/proc/self/exe", &actions, &attributes, argv, env);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return r;
}

enum err child_start(const char *command, pid_t *ret_pid, int *ret_fd)
{
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
                return err_because(ERR_IO, "%s: %s", command, strerror(errno));
        int r = spawn(command, pair[1], ret_pid);
        close(pair[1]);
        if (r != 0) {
                close(pair[0]);
                return err_because(ERR_IO, "%s: %s", command, strerror(r));
        }
        *ret_fd = pair[0];
        return OK;
}

/* Its end of the socket closes when it ends, however it ends. */
static bool has_ended(int fd, int patience_ms)
{
        struct pollfd p = {fd, 0, 0};
        return poll(&p, 1, patience_ms) == 1;
}

bool child_end(pid_t pid, int fd, int patience_ms)
{
        shutdown(fd, SHUT_WR);
        bool is_over = has_ended(fd, patience_ms);
        if (!is_over) {
                kill(pid, SIGKILL);
                is_over = has_ended(fd, patience_ms);
        }
        close(fd);
        return is_over && waitpid(pid, NULL, 0) == pid;
}

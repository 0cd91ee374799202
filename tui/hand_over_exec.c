#include "base/file.h"
#include "tui/hand_over.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#define OUT_OF_THE_WAY 128 /* pipe ends lie above every descriptor that the program gets */

extern char **environ;

struct feed {
        const struct document_field *field;
        size_t written;
        int to, from; /* our end; the program's, until it is started */
};

struct feeding {
        size_t n;
        struct feed feed[DOCUMENT_FIELDS_MAX];
};

static void close_end(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

static void feeding_done(struct feeding *f)
{
        for (size_t i = 0; i < f->n; i++) {
                close_end(&f->feed[i].to);
                close_end(&f->feed[i].from);
        }
}

static enum err add_feed(struct feeding *f, const struct document_field *field)
{
        struct feed *feed = &f->feed[f->n];
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) != 0)
                return err_because(ERR_IO, "no pipe: %s", strerror(errno));
        *feed = (struct feed){.field = field, .to = ends[1], .from = fcntl(ends[0], F_DUPFD_CLOEXEC, OUT_OF_THE_WAY)};
        f->n++;
        close(ends[0]);
        /* A program that reads slowly or not at all must not hold the other fields up. */
        if (feed->from < 0 || fcntl(feed->to, F_SETFL, O_NONBLOCK) != 0)
                return err_because(ERR_IO, "no pipe: %s", strerror(errno));
        return OK;
}

static enum err make_feeds(struct feeding *f, const struct document *d, const char *field)
{
        enum err e = OK;

        for (size_t i = 0; e == OK && i < d->n_fields; i++)
                if (!field || strcmp(d->field[i].name, field) == 0)
                        e = add_feed(f, &d->field[i]);
        return e;
}

/* Every "{NAME}" of a field that is handed over; other braces are the program's own. */
static char *replace_names(const char *argument, const struct feeding *f)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        for (const char *p = argument; *p;) {
                size_t skip = 0;

                for (size_t i = 0; *p == '{' && i < f->n && skip == 0; i++) {
                        size_t n = strlen(f->feed[i].field->name);

                        if (strncmp(p + 1, f->feed[i].field->name, n) == 0 && p[1 + n] == '}') {
                                bytes_printf(&text, "/dev/fd/%zu", HAND_OVER_FD + i);
                                skip = n + 2;
                        }
                }
                if (skip == 0)
                        bytes_add_byte(&text, (unsigned char)*p);
                p += skip ? skip : 1;
        }
        return mem_text(bytes_text(&text));
}

static int add_actions(const struct feeding *f, posix_spawn_file_actions_t *actions)
{
        int failed = 0;

        for (size_t i = 0; i < f->n; i++)
                failed |= posix_spawn_file_actions_adddup2(actions, f->feed[i].from, HAND_OVER_FD + (int)i);
        return failed | posix_spawn_file_actions_addclosefrom_np(actions, HAND_OVER_FD + (int)f->n);
}

static int start(const struct feeding *f, char *const argv[], pid_t *ret)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t usual;
        int failed;

        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        sigemptyset(&usual);
        sigaddset(&usual, SIGPIPE);
        sigaddset(&usual, SIGINT);
        sigaddset(&usual, SIGQUIT);
        failed = posix_spawnattr_setsigdefault(&attributes, &usual) |
                 posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF) | add_actions(f, &actions);
        if (!failed)
                failed = posix_spawnp(ret, argv[0], &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        return failed;
}

static void write_some(struct feed *f)
{
        ssize_t n = write(f->to, f->field->value + f->written, f->field->len - f->written);

        if (n > 0)
                f->written += (size_t)n;
        if ((n < 0 && errno != EAGAIN && errno != EINTR) || f->written == f->field->len)
                close_end(&f->to); /* all said, or the program does not want it */
}

static bool has_open(const struct feeding *f)
{
        for (size_t i = 0; i < f->n; i++)
                if (f->feed[i].to >= 0)
                        return true;
        return false;
}

/* Feeds until all is written or the program ends; it may end without having read anything. */
static void feed_all(struct feeding *f, int pidfd)
{
        while (has_open(f)) {
                struct pollfd p[DOCUMENT_FIELDS_MAX + 1];

                p[f->n] = (struct pollfd){pidfd, POLLIN, 0};
                for (size_t i = 0; i < f->n; i++)
                        p[i] = (struct pollfd){f->feed[i].to, POLLOUT, 0};
                if (poll(p, f->n + 1, -1) < 0 && errno != EINTR)
                        return;
                if (p[f->n].revents)
                        return;
                for (size_t i = 0; i < f->n; i++)
                        if (f->feed[i].to >= 0 && p[i].revents)
                                write_some(&f->feed[i]);
        }
}

static int wait_for(pid_t child)
{
        int status;

        while (waitpid(child, &status, 0) < 0)
                if (errno != EINTR)
                        return EXIT_FAILURE;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* ^C and ^\ belong to the program while it runs; one that reads nothing is no reason to die of SIGPIPE. */
static enum err run(struct feeding *f, char *const argv[], int *ret_code)
{
        struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit, broken_pipe;
        pid_t child;
        int failed;

        sigaction(SIGINT, &ignore, &interrupt);
        sigaction(SIGQUIT, &ignore, &quit);
        sigaction(SIGPIPE, &ignore, &broken_pipe);
        failed = start(f, argv, &child);
        for (size_t i = 0; i < f->n; i++)
                close_end(&f->feed[i].from);
        if (!failed) {
                CLEANUP_FD int pidfd = pidfd_open(child, 0);

                feed_all(f, pidfd);
                *ret_code = wait_for(child);
        }
        sigaction(SIGINT, &interrupt, NULL);
        sigaction(SIGQUIT, &quit, NULL);
        sigaction(SIGPIPE, &broken_pipe, NULL);
        return failed ? err_because(ERR_NO_ENTRY, "%s can't be run: %s", argv[0], strerror(failed)) : OK;
}

enum err hand_over_exec(const struct document *d, const char *field, const char *const argv[], size_t n,
                        int *ret_code)
{
        struct feeding f = {0};
        char **arguments = mem_new(n + 1, sizeof(*arguments));
        enum err e = make_feeds(&f, d, field);

        for (size_t i = 0; i < n; i++)
                arguments[i] = replace_names(argv[i], &f);
        if (e == OK)
                e = run(&f, arguments, ret_code);
        for (size_t i = 0; i < n; i++)
                free(arguments[i]);
        free(arguments);
        feeding_done(&f);
        return e;
}

static bool is_program(const char *path)
{
        return access(path, X_OK) == 0;
}

enum err hand_over_check_program(const char *name)
{
        const char *path = getenv("PATH");
        CLEANUP_FREE char *folders = mem_text(path ? path : "/usr/bin:/bin");
        bool found = strchr(name, '/') && is_program(name);

        for (char *save = NULL, *one = strtok_r(folders, ":", &save); one && !found && !strchr(name, '/');
             one = strtok_r(NULL, ":", &save)) {
                CLEANUP_FREE char *candidate = path_join(one, name);

                found = is_program(candidate);
        }
        return found ? OK : err_because(ERR_NO_ENTRY, "there is no program %s; nothing was opened", name);
}

#include "broker/export_process.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/log.h"
#include "broker/child.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#define TASK_MAX (1024u * 1024u)

/* The broker says one line and then only listens: the socket's end is its end, or its wish that we end. */
static void *end_with_broker(void *context)
{
        char any;
        ssize_t n;
        (void)context;
        while ((n = read(CHILD_FD, &any, 1)) > 0 || (n < 0 && errno == EINTR))
                ;
        delivery_kill_all();
        _exit(EXIT_FAILED);
}

static enum err read_line(struct bytes *ret)
{
        char chunk[4096];
        while (ret->n == 0 || ret->p[ret->n - 1] != '\n') {
                const ssize_t n = read(CHILD_FD, chunk, sizeof chunk);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0 || ret->n + (size_t)n > TASK_MAX)
                        return err_because(ERR_IO, "the broker said nothing whole");
                bytes_add(ret, chunk, (size_t)n);
        }
        return OK;
}

static void make(const struct export_order *order, struct bytes *ret)
{
        struct export_outcome o;
        export_make(order, &o);
        export_outcome_write(&o, ret);
}

static void hand_over(const struct export_task *t, struct bytes *ret)
{
        struct delivery_result r;
        struct export_handed h = {0};
        delivery_run(t->program, bytes_span(&t->input), t->timeout_ms, &r);
        h.what = r.what;
        h.was_killed = r.was_killed;
        snprintf(h.detail, sizeof h.detail, "%s", bytes_text(&r.detail));
        if (r.what != DELIVERY_ACCEPTED)
                log_event(LOG_LEVEL_WARNING, "export.program_failed", F_TEXT("program", t->program),
                          F_TEXT("why", bytes_text(&r.detail)), F_TEXT("said", bytes_text(&r.said)));
        export_handed_write(&h, ret);
        delivery_result_done(&r);
}

static enum err work(const struct bytes *line)
{
        CLEANUP_BYTES struct bytes answer = BYTES_NONE;
        struct export_task t;
        enum err e = export_task_read(span_of(line->p, line->n - 1), &t);
        if (e == OK && t.is_handing)
                hand_over(&t, &answer);
        else if (e == OK)
                make(&t.order, &answer);
        export_task_done(&t);
        return e == OK ? fd_write_all(CHILD_FD, answer.p, answer.n) : e;
}

static void ignore(int signal)
{
        (void)signal;
}

int export_process_main(void)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        pthread_t watcher;
        /* Whoever stops the broker stops us, by the socket; a handler (not SIG_IGN) is not inherited by programs. */
        const struct sigaction nothing = {.sa_handler = ignore, .sa_flags = SA_RESTART};
        static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGXFSZ};
        for (size_t i = 0; i < COUNT_OF(signals); i++)
                sigaction(signals[i], &nothing, NULL);
        log_set_program("breakglassd-export");
        if (harden_process() != OK)
                return EXIT_UNSAFE;
        setpriority(PRIO_PROCESS, 0, 19); /* whoever waits for an answer goes first */
        enum err e = read_line(&line);
        if (e == OK && pthread_create(&watcher, NULL, end_with_broker, NULL) != 0)
                e = ERR_IO;
        if (e == OK)
                e = work(&line);
        if (e != OK)
                log_event(LOG_LEVEL_ERROR, "export.process_failed", F_TEXT("error", err_word(e)),
                          F_TEXT("why", err_reason()));
        _exit(err_exit(e)); /* with the watcher still at its read */
}

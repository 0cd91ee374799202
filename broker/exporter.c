#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "broker/child.h"
#include "broker/exporter_internal.h"
#include "quorum/checkpoint.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define REPLY_MAX 65536u
#define END_MS    5000 /* for a process to end when told to */
#define STOP_MS   1000 /* the same while the broker stops */

/* ---- a process, from its start to its answer ---- */

/* Waits for the kick, or for something on fd (−1: nothing). false: there is something else to do: to end, or to look
 * at another configuration. */
static bool rest(struct exporter *x, int fd, int64_t for_ms, bool *ret_has_some)
{
        struct pollfd on[2] = {{x->wake_fd, POLLIN, 0}, {fd, POLLIN, 0}};
        uint64_t count;
        poll(on, 2, (int)(for_ms < MINUTE_MS ? for_ms : MINUTE_MS));
        if (on[0].revents && read(x->wake_fd, &count, sizeof count) < 0)
                on[0].revents = 0; /* it was taken already */
        *ret_has_some = on[1].revents;
        return !x->is_ending && !x->is_reloaded;
}

/* A whole line, without its newline. Errors: ERR_IO (it ended, or did not in time), ERR_ABORTED (there is something
 * else to do). */
static enum err await_line(struct exporter *x, int fd, int64_t until_ms, struct bytes *ret)
{
        unsigned char chunk[4096];
        bool has_some;
        while (ret->n == 0 || ret->p[ret->n - 1] != '\n') {
                const int64_t left = until_ms - broker_monotonic(x->broker);
                if (left <= 0)
                        return err_because(ERR_IO, "no end before its deadline: killed");
                if (!rest(x, fd, left, &has_some))
                        return ERR_ABORTED;
                if (!has_some)
                        continue;
                const ssize_t n = recv(fd, chunk, sizeof chunk, 0);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0 || ret->n + (size_t)n > REPLY_MAX)
                        return err_because(ERR_IO, "its process ended without a word");
                bytes_add(ret, chunk, (size_t)n);
        }
        ret->n--;
        return OK;
}

static enum err run_process(struct exporter *x, const struct bytes *task, int64_t deadline_ms, struct bytes *ret)
{
        pid_t pid;
        int fd;
        enum err e = child_start(EXPORT_COMMAND, &pid, &fd);
        if (e != OK)
                return e;
        e = fd_write_all(fd, task->p, task->n);
        if (e == OK)
                e = await_line(x, fd, broker_monotonic(x->broker) + deadline_ms, ret);
        if (!child_end(pid, fd, x->is_ending ? STOP_MS : END_MS))
                log_event(LOG_LEVEL_ERROR, "export.stuck", F_INT("pid", pid),
                          F_TEXT("why", "its process does not even die: see to the disk"));
        return e;
}

/* ---- what is to be done ---- */

/* The log's signed head: what an export made now must at least hold. */
static enum err read_head(struct exporter *x, struct checkpoint *ret)
{
        struct published *now = book_now(x->broker->book);
        enum err e = checkpoint_read(bytes_span(&now->checkpoint), ret);
        published_drop(now);
        return e;
}

static void make(struct exporter *x, bool is_young_enough)
{
        const struct config *c = x->config;
        CLEANUP_BYTES struct bytes task = BYTES_NONE, answer = BYTES_NONE;
        struct export_outcome outcome = {0};
        struct published *now = book_now(x->broker->book);
        CLEANUP_FREE char *name = mem_text(now->roster->roster->name);
        const int64_t started_ms = broker_monotonic(x->broker);
        struct checkpoint head = {0};
        published_drop(now);
        enum err e = read_head(x, &head);
        const struct export_order order = {.from = {c->state, c->sign_key, c->sign_next_key},
                                           .folder = c->exports.folder,
                                           .keep = (size_t)c->exports.keep,
                                           .name = name,
                                           .installation = head.installation,
                                           .at_ms = book_clock(x->broker->book),
                                           .entries = head.size,
                                           .root = head.root,
                                           .young_ms = is_young_enough ? c->exports.every_ms : 0};
        export_order_write(&order, &task);
        if (e == OK)
                e = run_process(x, &task, export_schedule_deadline(&x->schedule), &answer);
        if (e == OK)
                e = export_outcome_read(bytes_span(&answer), &head.installation, &outcome);
        if (e == ERR_ABORTED)
                return;
        if (e != OK)
                snprintf(outcome.why, sizeof outcome.why, "%s", err_reason());
        exporter_take_outcome(x, &order, &outcome, started_ms);
}

static void hand_over(struct exporter *x)
{
        const struct config_exports *c = &x->config->exports;
        CLEANUP_BYTES struct bytes task = BYTES_NONE, answer = BYTES_NONE;
        struct published *now = book_now(x->broker->book);
        struct export_handed handed = {.what = DELIVERY_AGAIN, .was_killed = true};
        struct export_handing h = {.program = c->program,
                                   .timeout_ms = c->timeout_ms,
                                   .config = bytes_span(&c->config),
                                   .attempt = x->schedule.hand_over_failures + 1,
                                   .folder = c->folder,
                                   .name = now->roster->roster->name,
                                   .file = &x->newest,
                                   .bytes = x->view.bytes};
        const struct ledger *l = book_read(x->broker->book);
        h.installation = *ledger_installation(l);
        book_read_done(x->broker->book);
        export_handing_write(&h, &task);
        published_drop(now);
        enum err e = run_process(x, &task, c->timeout_ms + 2 * END_MS, &answer);
        if (e == OK)
                e = export_handed_read(bytes_span(&answer), &handed);
        if (e == ERR_ABORTED)
                return;
        if (e != OK)
                snprintf(handed.detail, sizeof handed.detail, "%s", err_reason());
        exporter_take_handed(x, &handed);
}

/* ---- the loop ---- */

static bool is_same(const struct config_exports *a, const struct config_exports *b)
{
        const char *x[] = {a->folder, a->program, bytes_text(&a->config)};
        const char *y[] = {b->folder, b->program, bytes_text(&b->config)};
        bool same = a->every_ms == b->every_ms && a->keep == b->keep && a->timeout_ms == b->timeout_ms;
        for (size_t i = 0; i < COUNT_OF(x); i++)
                same &= x[i] && y[i] ? !strcmp(x[i], y[i]) : x[i] == y[i];
        return same;
}

/* Other exports than before: begun anew, with all trouble of the old ones forgotten until it was tried. */
static void configure(struct exporter *x)
{
        struct config *fresh = broker_config(x->broker), *old = x->config;
        const struct config_exports *c = &fresh->exports;
        x->config = fresh;
        if (old && is_same(&old->exports, c)) {
                config_drop(old);
                return;
        }
        config_drop(old);
        *x->handed_over = '\0';
        pthread_mutex_lock(&x->lock);
        x->view = (struct export_view){.every_ms = c->every_ms, .hands_over = c->program};
        for (size_t i = 0; i < EXPORT_TROUBLES; i++)
                if (!c->every_ms || (i == EXPORT_TROUBLE_HANDING_OVER && !c->program))
                        x->view.trouble[i].standing = EXPORT_FINE; /* nobody wants it any more */
        export_schedule_begin(&x->schedule, c->every_ms, c->program, broker_monotonic(x->broker));
        pthread_mutex_unlock(&x->lock);
        if (!c->every_ms)
                log_event(LOG_LEVEL_WARNING, "exports.none",
                          F_TEXT("why", "the configuration has no `exports`: nobody else makes them"));
}

static void do_step(struct exporter *x)
{
        int64_t at_ms;
        bool has_some;
        const int64_t now_ms = broker_monotonic(x->broker);
        const enum export_step step = export_schedule_next(&x->schedule, now_ms, &at_ms);
        if (step == EXPORT_STEP_NONE)
                (void)rest(x, -1, at_ms - now_ms, &has_some);
        else if (step == EXPORT_STEP_HAND_OVER)
                hand_over(x);
        else
                make(x, step == EXPORT_STEP_LOOK);
        if (step != EXPORT_STEP_NONE)
                book_remind(x->broker->book);
}

static void *export_loop(void *context)
{
        struct exporter *x = context;
        while (!x->is_ending) {
                if (atomic_exchange(&x->is_reloaded, false)) {
                        configure(x);
                        book_remind(x->broker->book);
                }
                do_step(x);
        }
        return NULL;
}

struct exporter *exporter_start(struct broker *b)
{
        struct exporter *x = mem_new(1, sizeof *x);
        x->broker = b;
        x->is_reloaded = true;
        pthread_mutex_init(&x->lock, NULL);
        x->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (x->wake_fd < 0 || pthread_create(&x->thread, NULL, export_loop, x) != 0)
                abort();
        return x;
}

static void kick(struct exporter *x)
{
        uint64_t one = 1;
        if (write(x->wake_fd, &one, sizeof one) < 0)
                return; /* full: it is awake already */
}

void exporter_reload(struct exporter *x)
{
        if (!x)
                return;
        x->is_reloaded = true;
        kick(x);
}

void exporter_stop(struct exporter *x)
{
        if (!x)
                return;
        x->is_ending = true;
        kick(x);
        pthread_join(x->thread, NULL);
}

void exporter_free(struct exporter *x)
{
        if (!x)
                return;
        close(x->wake_fd);
        config_drop(x->config);
        pthread_mutex_destroy(&x->lock);
        free(x);
}

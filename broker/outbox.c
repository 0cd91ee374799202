#include "base/clock.h"
#include "base/log.h"
#include "broker/child.h"
#include "broker/courier.h"
#include "broker/outbox_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define RESTART_MS 1000
#define FINISH_MS  8000
#define RESULT_MAX 65536u

/* ---- the courier's life ---- */

static void end_courier(struct outbox *o)
{
        if (o->fd < 0)
                return;
        close(o->fd);
        o->fd = -1;
        waitpid(o->pid, NULL, 0);
        bytes_clear(&o->unsent);
        bytes_clear(&o->in);
        pthread_mutex_lock(&o->lock);
        page_queue_put_back(o->queue);
        pthread_mutex_unlock(&o->lock);
        /* Once is an accident: an opening's page must not wait for it. One that dies at once dies again. */
        int64_t now = broker_monotonic(o->broker);
        o->start_again_ms = now - o->started_ms > RESTART_MS ? now : now + RESTART_MS;
}

static void start_courier(struct outbox *o)
{
        int fd;
        o->started_ms = broker_monotonic(o->broker);
        o->start_again_ms = o->started_ms + RESTART_MS;
        if (child_start(COURIER_COMMAND, &o->pid, &fd) != OK) {
                log_event(LOG_LEVEL_ERROR, "courier.failed", F_TEXT("why", err_reason()));
                return;
        }
        fcntl(fd, F_SETFL, O_NONBLOCK);
        o->fd = fd;
        log_event(LOG_LEVEL_INFO, "courier.started", F_INT("pid", o->pid));
}

/* ---- both ways ---- */

static void write_some(struct outbox *o)
{
        while (o->unsent.n) {
                ssize_t n = send(o->fd, o->unsent.p, o->unsent.n, MSG_NOSIGNAL);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return;
                memmove(o->unsent.p, o->unsent.p + n, o->unsent.n - (size_t)n);
                o->unsent.n -= (size_t)n;
        }
}

/* false: the courier is gone. */
static bool read_some(struct outbox *o)
{
        unsigned char chunk[8192];
        ssize_t n = recv(o->fd, chunk, sizeof chunk, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return true;
        if (n <= 0)
                return false;
        bytes_add(&o->in, chunk, (size_t)n);
        size_t start = 0;
        for (size_t i = 0; i < o->in.n; i++)
                if (o->in.p[i] == '\n') {
                        outbox_take_line(o, span_of(o->in.p + start, i - start));
                        start = i + 1;
                }
        memmove(o->in.p, o->in.p + start, o->in.n - start);
        o->in.n -= start;
        return o->in.n < RESULT_MAX;
}

/* ---- the loop ---- */

static bool has_pages(struct outbox *o)
{
        uint64_t n = 0;
        pthread_mutex_lock(&o->lock);
        for (size_t i = 0; i < page_queue_channels(o->queue); i++) {
                struct page_channel ch;
                page_queue_channel_at(o->queue, i, &ch);
                n += ch.queued;
        }
        pthread_mutex_unlock(&o->lock);
        return n > 0;
}

/* Waits for the courier, for new pages, or until a page may go out. */
static void turn(struct outbox *o, int64_t timeout_ms)
{
        struct pollfd on[2] = {{o->wake_fd, POLLIN, 0}, {o->fd, POLLIN, 0}};
        uint64_t count;
        if (o->unsent.n)
                on[1].events |= POLLOUT;
        poll(on, o->fd >= 0 ? 2 : 1, (int)(timeout_ms < MINUTE_MS ? timeout_ms : MINUTE_MS));
        if (on[0].revents && read(o->wake_fd, &count, sizeof count) == sizeof count)
                outbox_read_new(o);
        if (o->fd >= 0 && (on[1].revents & (POLLIN | POLLHUP | POLLERR)) && !read_some(o)) {
                if (!o->is_ending)
                        log_event(LOG_LEVEL_ERROR, "courier.died", F_INT("pid", o->pid));
                end_courier(o);
        }
}

static void finish(struct outbox *o)
{
        int64_t until = broker_monotonic(o->broker) + FINISH_MS;
        if (o->fd >= 0)
                shutdown(o->fd, SHUT_WR);
        while (o->fd >= 0 && broker_monotonic(o->broker) < until)
                turn(o, 100);
        if (o->fd >= 0) {
                kill(o->pid, SIGKILL);
                end_courier(o);
        }
}

static void *outbox_loop(void *context)
{
        struct outbox *o = context;
        outbox_read_new(o);
        while (!o->is_ending) {
                int64_t now = broker_monotonic(o->broker), at_ms = INT64_MAX;
                if (atomic_exchange(&o->is_reloaded, false))
                        outbox_configure(o);
                if (o->fd < 0 && has_pages(o)) {
                        if (now >= o->start_again_ms)
                                start_courier(o);
                        at_ms = o->start_again_ms;
                }
                if (o->fd >= 0) {
                        at_ms = outbox_send(o);
                        write_some(o);
                }
                turn(o, at_ms > now ? at_ms - now : 0);
        }
        finish(o);
        return NULL;
}

struct outbox *outbox_start(struct broker *b)
{
        struct outbox *o = mem_new(1, sizeof *o);
        o->broker = b;
        o->fd = -1;
        o->is_reloaded = true;
        o->queue = page_queue_new();
        pthread_mutex_init(&o->lock, NULL);
        o->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (o->wake_fd < 0 || pthread_create(&o->thread, NULL, outbox_loop, o) != 0)
                abort();
        return o;
}

void outbox_kick(struct outbox *o)
{
        uint64_t one = 1;
        if (o && write(o->wake_fd, &one, sizeof one) < 0)
                return; /* full: it is awake already */
}

void outbox_reload(struct outbox *o)
{
        if (o)
                o->is_reloaded = true;
        outbox_kick(o);
}

void outbox_each_channel(struct outbox *o, void (*each)(void *context, const struct page_channel *ch), void *context)
{
        pthread_mutex_lock(&o->lock);
        for (size_t i = 0; i < page_queue_channels(o->queue); i++) {
                struct page_channel ch;
                page_queue_channel_at(o->queue, i, &ch);
                each(context, &ch);
        }
        pthread_mutex_unlock(&o->lock);
}

void outbox_stop(struct outbox *o)
{
        if (!o)
                return;
        o->is_ending = true;
        outbox_kick(o);
        pthread_join(o->thread, NULL);
}

void outbox_free(struct outbox *o)
{
        if (!o)
                return;
        close(o->wake_fd);
        page_queue_free(o->queue);
        pthread_mutex_destroy(&o->lock);
        bytes_done(&o->unsent);
        bytes_done(&o->in);
        free(o);
}

#include "broker/outbox.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "broker/courier.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define PAGES_AT_ONCE 64u
#define UNSENT_MAX    (256u * 1024u)
#define RESTART_MS    1000
#define FINISH_MS     8000
#define RESULT_MAX    65536u

struct outbox {
        struct broker *broker;
        pthread_t thread;
        int wake_fd;
        atomic_bool is_ending;
        atomic_uint n_down;

        /* the thread's own */
        int fd; /* to the courier; -1 when there is none */
        pid_t pid;
        int64_t last_sent, start_again_ms;
        struct bytes unsent, in;
        bool is_finished; /* no more is sent */
};

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
        o->last_sent = 0; /* the next one is given everything that is still there */
        o->start_again_ms = broker_monotonic(o->broker) + RESTART_MS;
}

static int spawn_courier(int fd, pid_t *ret)
{
        static char *const argv[] = {"breakglassd", COURIER_COMMAND, NULL};
        static char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_adddup2(&actions, fd, COURIER_FD);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        int r = posix_spawn(ret, "/proc/self/exe", &actions, &attributes, argv, env);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        return r;
}

static void start_courier(struct outbox *o)
{
        int pair[2];
        o->start_again_ms = broker_monotonic(o->broker) + RESTART_MS;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
                return;
        int r = spawn_courier(pair[1], &o->pid);
        close(pair[1]);
        if (r != 0) {
                close(pair[0]);
                log_event(LOG_LEVEL_ERROR, "courier.failed", F_TEXT("why", strerror(r)));
                return;
        }
        fcntl(pair[0], F_SETFL, O_NONBLOCK);
        o->fd = pair[0];
        log_event(LOG_LEVEL_INFO, "courier.started", F_INT("pid", o->pid));
}

/* ---- pages out ---- */

struct sending {
        struct outbox *outbox;
        const struct config *config;
};

static void fail_page(struct outbox *o, const struct page *p, const char *why);

static void send_page(void *context, const struct page *p)
{
        const struct sending *s = context;
        struct bytes *to = &s->outbox->unsent;
        const struct config_channel *ch = config_channel(s->config, p->channel);
        s->outbox->last_sent = p->id;
        if (!ch) {
                fail_page(s->outbox, p, "the channel is not configured any more");
                return;
        }
        bytes_printf(to, "{\"page\":%lld,\"channel\":\"%s\",\"program\":", (long long)p->id, ch->name);
        bytes_add_json(to, span_text(ch->program));
        bytes_printf(to, ",\"urgent\":%s,\"timeout_ms\":%lld,\"per_minute\":%lld,\"config\":",
                     p->is_urgent ? "true" : "false", (long long)ch->timeout_ms, (long long)ch->per_minute);
        bytes_add_span(to, bytes_span(&ch->config));
        bytes_add_text(to, ",\"event\":");
        bytes_add_span(to, p->event);
        bytes_add_text(to, "}\n");
}

static void send_more(struct outbox *o)
{
        struct config *config = broker_config(o->broker);
        struct sending s = {o, config};
        int64_t before;
        do {
                before = o->last_sent;
                if (store_each_page(o->broker->store, o->last_sent, PAGES_AT_ONCE, send_page, &s) != OK)
                        break;
        } while (o->last_sent != before && o->unsent.n < UNSENT_MAX);
        config_drop(config);
}

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

/* ---- outcomes in ---- */

struct notice {
        struct submission submission; /* first */
        char *event, *channel, *about, *incident, *detail;
        enum notice_outcome outcome;
};

static void notice_draft(const struct submission *s, struct statement *ret)
{
        const struct notice *n = (const struct notice *)s;
        ret->type = STATEMENT_NOTICE;
        ret->notice.event = n->event;
        ret->notice.channel = n->channel;
        ret->notice.outcome = n->outcome;
        ret->notice.about = n->about;
        ret->notice.incident = n->incident;
        ret->notice.detail = n->detail;
}

static void notice_done(struct submission *s)
{
        struct notice *n = (struct notice *)s;
        char *texts[] = {n->event, n->channel, n->about, n->incident, n->detail};
        for (size_t i = 0; i < COUNT_OF(texts); i++)
                free(texts[i]);
        submission_free(s);
}

static char *text_or_null(const char *text)
{
        return text && *text ? mem_text(text) : NULL;
}

static struct notice *notice_new(const char *event, const char *channel, bool is_accepted, const char *detail)
{
        struct notice *n = mem_new(1, sizeof *n);
        n->submission.draft = notice_draft;
        n->submission.done = notice_done;
        n->event = mem_text(event && *event ? event : "unknown");
        n->channel = mem_text(channel);
        n->outcome = is_accepted ? NOTICE_ACCEPTED : NOTICE_FAILED;
        n->detail = text_or_null(detail);
        return n;
}

static void log_outcome(struct outbox *o, const struct page *p, bool is_accepted, const char *detail)
{
        json_t *event = json_loadb((const char *)p->event.p, p->event.n, 0, NULL);
        struct notice *n =
                notice_new(json_string_value(json_object_get(event, "kind")), p->channel, is_accepted, detail);
        n->about = text_or_null(json_string_value(json_object_get(event, "request_id")));
        n->incident = text_or_null(json_string_value(json_object_get(event, "incident")));
        n->submission.page = p->id;
        json_decref(event);
        log_event(is_accepted ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, is_accepted ? "page.delivered" : "page.lost",
                  F_TEXT("channel", p->channel), F_TEXT("kind", n->event), F_TEXT("detail", detail));
        book_submit(o->broker->book, &n->submission);
}

static void fail_page(struct outbox *o, const struct page *p, const char *why)
{
        log_outcome(o, p, false, why);
}

struct outcome {
        struct outbox *outbox;
        int64_t id;
        bool is_accepted;
        const char *detail;
};

static void take_outcome(void *context, const struct page *p)
{
        const struct outcome *out = context;
        if (p->id == out->id) /* else it is gone already */
                log_outcome(out->outbox, p, out->is_accepted, out->detail);
}

static void take_health(struct outbox *o, const char *channel, bool is_down)
{
        log_event(is_down ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE, is_down ? "notifier.down" : "notifier.recovered",
                  F_TEXT("channel", channel));
        atomic_fetch_add(&o->n_down, is_down ? 1u : (unsigned)-1);
        if (is_down)
                book_submit(o->broker->book,
                            &notice_new("notifier-down", channel, false, "its deliveries keep failing")->submission);
}

static void take_line(struct outbox *o, struct span line)
{
        json_t *root = json_loadb((const char *)line.p, line.n, 0, NULL);
        const char *channel = json_string_value(json_object_get(root, "channel"));
        const char *outcome = json_string_value(json_object_get(root, "outcome"));
        struct outcome out = {.outbox = o,
                              .id = json_integer_value(json_object_get(root, "page")),
                              .is_accepted = outcome && !strcmp(outcome, "accepted"),
                              .detail = json_string_value(json_object_get(root, "detail"))};
        if (channel)
                take_health(o, channel, json_is_true(json_object_get(root, "is_down")));
        else if (outcome && store_each_page(o->broker->store, out.id - 1, 1, take_outcome, &out) != OK)
                log_event(LOG_LEVEL_ERROR, "page.unread", F_INT("page", out.id));
        json_decref(root);
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
                        take_line(o, span_of(o->in.p + start, i - start));
                        start = i + 1;
                }
        memmove(o->in.p, o->in.p + start, o->in.n - start);
        o->in.n -= start;
        return o->in.n < RESULT_MAX;
}

/* ---- the loop ---- */

static bool is_wanted(struct outbox *o)
{
        uint64_t n = 0;
        return broker_monotonic(o->broker) >= o->start_again_ms && store_count_pages(o->broker->store, &n) == OK &&
               n > 0;
}

static void turn(struct outbox *o, int timeout_ms)
{
        struct pollfd on[2] = {{o->wake_fd, POLLIN, 0}, {o->fd, POLLIN, 0}};
        uint64_t count;
        if (o->unsent.n)
                on[1].events |= POLLOUT;
        poll(on, o->fd >= 0 ? 2 : 1, timeout_ms);
        if (on[0].revents && read(o->wake_fd, &count, sizeof count) < 0)
                return;
        if (o->fd >= 0 && (on[1].revents & (POLLIN | POLLHUP | POLLERR)) && !read_some(o)) {
                if (!o->is_ending)
                        log_event(LOG_LEVEL_ERROR, "courier.died", F_INT("pid", o->pid));
                o->n_down = 0;
                end_courier(o);
        }
}

static void *outbox_loop(void *context)
{
        struct outbox *o = context;
        while (!o->is_ending) {
                if (o->fd < 0 && is_wanted(o))
                        start_courier(o);
                if (o->fd >= 0 && o->unsent.n < UNSENT_MAX)
                        send_more(o);
                if (o->fd >= 0)
                        write_some(o);
                bool has_to_wait = o->fd < 0 && o->start_again_ms > broker_monotonic(o->broker);
                turn(o, has_to_wait ? RESTART_MS : -1);
        }
        if (o->fd >= 0)
                shutdown(o->fd, SHUT_WR);
        int64_t until = broker_monotonic(o->broker) + FINISH_MS;
        while (o->fd >= 0 && broker_monotonic(o->broker) < until)
                turn(o, 100);
        if (o->fd >= 0) {
                kill(o->pid, SIGKILL);
                end_courier(o);
        }
        return NULL;
}

struct outbox *outbox_start(struct broker *b)
{
        struct outbox *o = mem_new(1, sizeof *o);
        o->broker = b;
        o->fd = -1;
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
        outbox_kick(o);
}

unsigned outbox_down(struct outbox *o)
{
        return o ? o->n_down : 0;
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
        bytes_done(&o->unsent);
        bytes_done(&o->in);
        free(o);
}

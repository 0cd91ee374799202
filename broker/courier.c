#include "broker/courier.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/log.h"
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#define FINISH_MS      5000
#define DOWN_AFTER     3u
#define GIVE_UP_MS     DAY_MS
#define LINE_MAX_BYTES (1024u * 1024u)

struct job {
        struct job *next;
        int64_t page, timeout_ms;
        bool is_urgent;
        char *program;
        struct bytes config, event;
        unsigned attempts;
        int64_t not_before_ms, since_ms;
};

/* Openings have a lane of their own: a hung page of another kind is never in their way. */
enum lane { LANE_URGENT, LANE_OTHERS, LANES };

struct channel {
        struct channel *next;
        char *name;
        pthread_cond_t changed;
        struct job *jobs; /* in the order they came */
        bool has_lane[LANES];
        unsigned failures; /* in a row */
        bool is_down;
        int64_t not_before_ms; /* of pages that are no openings */
        int64_t per_minute;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of everything below */
static struct channel *channels;
static unsigned n_at_work;
static bool is_ending;

/* ---- to the broker ---- */

static void report(struct bytes *line)
{
        bytes_add_byte(line, '\n');
        if (fd_write_all(COURIER_FD, line->p, line->n) != OK)
                _exit(1); /* nobody listens: whoever comes next is given the pages again */
        bytes_done(line);
}

static void report_page(const struct job *j, const struct delivery_result *r)
{
        struct bytes line = BYTES_NONE;
        bytes_printf(&line, "{\"page\":%lld,\"outcome\":\"%s\",\"attempts\":%u,\"detail\":", (long long)j->page,
                     r->what == DELIVERY_ACCEPTED ? "accepted" : "failed", j->attempts);
        bytes_add_json(&line, bytes_span(&r->detail));
        bytes_add_byte(&line, '}');
        report(&line);
}

static void report_channel(const struct channel *ch)
{
        struct bytes line = BYTES_NONE;
        bytes_add_text(&line, "{\"channel\":");
        bytes_add_json(&line, span_text(ch->name));
        bytes_printf(&line, ",\"is_down\":%s}", ch->is_down ? "true" : "false");
        report(&line);
}

/* ---- one delivery ---- */

static void job_free(struct job *j)
{
        free(j->program);
        bytes_done(&j->config);
        bytes_done(&j->event);
        free(j);
}

static void note_health(struct channel *ch, bool is_good)
{
        ch->failures = is_good ? 0 : ch->failures + 1;
        bool is_down = ch->failures >= DOWN_AFTER;
        if (is_down == ch->is_down)
                return;
        ch->is_down = is_down;
        report_channel(ch);
}

/* Under the lock. Either the page's end is reported, or it goes back to wait. */
static void settle(struct channel *ch, struct job *j, const struct delivery_result *r)
{
        int64_t now = clock_monotonic_ms();
        int64_t wait = courier_backoff(j->attempts, j->is_urgent, r->retry_after_ms, randombytes_random());
        note_health(ch, r->what == DELIVERY_ACCEPTED);
        ch->not_before_ms =
                r->what == DELIVERY_ACCEPTED
                        ? now + (ch->per_minute ? MINUTE_MS / ch->per_minute : 0)
                        : now + courier_backoff(ch->failures, j->is_urgent, r->retry_after_ms, randombytes_random());
        if (r->what != DELIVERY_AGAIN || now - j->since_ms > GIVE_UP_MS) {
                report_page(j, r);
                job_free(j);
                return;
        }
        j->not_before_ms = now + wait;
        struct job **end = &ch->jobs;
        while (*end && (*end)->page < j->page)
                end = &(*end)->next;
        j->next = *end;
        *end = j;
}

static void deliver(struct channel *ch, struct job *j)
{
        CLEANUP_BYTES struct bytes input = BYTES_NONE;
        struct delivery_result r;
        courier_input(bytes_span(&j->config), bytes_span(&j->event), ++j->attempts, &input);
        n_at_work++;
        pthread_mutex_unlock(&lock);
        courier_deliver(j->program, bytes_span(&input), j->timeout_ms, &r);
        if (r.what != DELIVERY_ACCEPTED)
                log_event(LOG_LEVEL_WARNING, "page.failed", F_TEXT("channel", ch->name), F_INT("page", j->page),
                          F_INT("attempt", j->attempts), F_TEXT("why", bytes_text(&r.detail)));
        pthread_mutex_lock(&lock);
        n_at_work--;
        settle(ch, j, &r);
        bytes_done(&r.detail);
}

/* The first job that this lane may do now; ret_at_ms: when there may be one. */
static struct job *pick(struct channel *ch, enum lane lane, int64_t now, int64_t *ret_at_ms)
{
        struct job **best = NULL;
        *ret_at_ms = INT64_MAX;
        for (struct job **i = &ch->jobs; *i; i = &(*i)->next) {
                if ((*i)->is_urgent != (lane == LANE_URGENT))
                        continue;
                int64_t at = (*i)->not_before_ms;
                if (lane == LANE_OTHERS && at < ch->not_before_ms)
                        at = ch->not_before_ms;
                if (at <= now) {
                        best = i;
                        break;
                }
                *ret_at_ms = at < *ret_at_ms ? at : *ret_at_ms;
        }
        if (!best)
                return NULL;
        struct job *j = *best;
        *best = j->next;
        return j;
}

static void wait_until(struct channel *ch, int64_t at_ms)
{
        if (at_ms == INT64_MAX) {
                pthread_cond_wait(&ch->changed, &lock);
                return;
        }
        struct timespec t = {.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};
        pthread_cond_timedwait(&ch->changed, &lock, &t);
}

struct lane_start {
        struct channel *channel;
        enum lane lane;
};

static void *lane_loop(void *context) __attribute__((noreturn));
static void *lane_loop(void *context)
{
        struct lane_start *start = context;
        struct channel *ch = start->channel;
        enum lane lane = start->lane;
        free(start);
        pthread_mutex_lock(&lock);
        for (;;) {
                int64_t at = INT64_MAX;
                struct job *j = is_ending ? NULL : pick(ch, lane, clock_monotonic_ms(), &at);
                if (j)
                        deliver(ch, j);
                else
                        wait_until(ch, at);
        }
}

/* ---- from the broker ---- */

static void start_lane(struct channel *ch, enum lane lane)
{
        pthread_t thread;
        if (ch->has_lane[lane])
                return;
        struct lane_start *start = mem_new(1, sizeof *start);
        *start = (struct lane_start){ch, lane};
        ch->has_lane[lane] = pthread_create(&thread, NULL, lane_loop, start) == 0;
        if (ch->has_lane[lane])
                pthread_detach(thread);
        else
                _exit(1);
}

static struct channel *channel_named(const char *name)
{
        for (struct channel *i = channels; i; i = i->next)
                if (!strcmp(i->name, name))
                        return i;
        struct channel *ch = mem_new(1, sizeof *ch);
        pthread_condattr_t monotonic;
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&ch->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
        ch->name = mem_text(name);
        ch->next = channels;
        channels = ch;
        return ch;
}

static void add_object(const json_t *root, const char *key, struct bytes *ret)
{
        char *text = json_dumps(json_object_get(root, key), JSON_COMPACT | JSON_ENSURE_ASCII);
        bytes_add_text(ret, text ? text : "{}");
        free(text);
}

static bool take_line(struct span line)
{
        json_t *root = json_loadb((const char *)line.p, line.n, 0, NULL);
        const char *name = json_string_value(json_object_get(root, "channel"));
        const char *program = json_string_value(json_object_get(root, "program"));
        if (!name || !program) {
                json_decref(root);
                return false;
        }
        struct job *j = mem_new(1, sizeof *j);
        j->page = json_integer_value(json_object_get(root, "page"));
        j->timeout_ms = json_integer_value(json_object_get(root, "timeout_ms"));
        j->is_urgent = json_is_true(json_object_get(root, "urgent"));
        j->since_ms = clock_monotonic_ms();
        j->program = mem_text(program);
        add_object(root, "config", &j->config);
        add_object(root, "event", &j->event);
        pthread_mutex_lock(&lock);
        struct channel *ch = channel_named(name);
        ch->per_minute = json_integer_value(json_object_get(root, "per_minute"));
        struct job **end = &ch->jobs;
        while (*end)
                end = &(*end)->next;
        *end = j;
        start_lane(ch, j->is_urgent ? LANE_URGENT : LANE_OTHERS);
        pthread_cond_broadcast(&ch->changed);
        pthread_mutex_unlock(&lock);
        json_decref(root);
        return true;
}

/* Every whole line; false when the broker speaks nonsense. */
static bool take_lines(struct bytes *in)
{
        size_t start = 0;
        for (size_t i = 0; i < in->n; i++) {
                if (in->p[i] != '\n')
                        continue;
                if (!take_line(span_of(in->p + start, i - start)))
                        return false;
                start = i + 1;
        }
        memmove(in->p, in->p + start, in->n - start);
        in->n -= start;
        return in->n <= LINE_MAX_BYTES;
}

/* Notifiers have process groups of their own and would outlive us without a deadline. */
static void kill_notifiers(void)
{
        DIR *tasks = opendir("/proc/self/task");
        struct dirent *task;
        while (tasks && (task = readdir(tasks))) {
                char path[64 + sizeof task->d_name];
                int pid;
                snprintf(path, sizeof path, "/proc/self/task/%s/children", task->d_name);
                CLEANUP_STDIO FILE *f = fopen(path, "re");
                while (f && fscanf(f, "%d", &pid) == 1)
                        kill(-pid, SIGKILL);
        }
        if (tasks)
                closedir(tasks);
}

static void finish(void)
{
        pthread_mutex_lock(&lock);
        is_ending = true;
        for (int64_t waited = 0; n_at_work > 0 && waited < FINISH_MS; waited += 10) {
                pthread_mutex_unlock(&lock);
                usleep(10000);
                pthread_mutex_lock(&lock);
        }
        kill_notifiers();
        _exit(0);
}

static void ignore(int signal)
{
}

int courier_main(void)
{
        CLEANUP_BYTES struct bytes in = BYTES_NONE;
        /* Whoever stops the broker stops us, by the socket; a handler (not SIG_IGN) is not inherited by notifiers. */
        struct sigaction nothing = {.sa_handler = ignore, .sa_flags = SA_RESTART};
        sigaction(SIGTERM, &nothing, NULL);
        sigaction(SIGINT, &nothing, NULL);
        sigaction(SIGHUP, &nothing, NULL);
        sigaction(SIGPIPE, &nothing, NULL);
        log_set_program("breakglassd-courier");
        if (harden_process() != OK)
                return EXIT_UNSAFE;
        for (;;) {
                unsigned char chunk[16384];
                ssize_t n = read(COURIER_FD, chunk, sizeof chunk);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        finish();
                bytes_add(&in, chunk, (size_t)n);
                if (!take_lines(&in))
                        return EXIT_FAILED;
        }
}

#include "broker/courier.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/log.h"
#include "broker/child.h"
#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#define FINISH_MS      5000
#define LINE_MAX_BYTES (1024u * 1024u)

struct attempt {
        int64_t page, timeout_ms, number;
        char *channel, *program;
        struct bytes input;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what is said and of how many are at work */
static unsigned n_at_work;

/* ---- one attempt ---- */

static void attempt_free(struct attempt *a)
{
        free(a->channel);
        free(a->program);
        bytes_done(&a->input);
        free(a);
}

static void report(const struct attempt *a, const struct delivery_result *r)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        bytes_printf(&line,
                     "{\"page\":%lld,\"result\":\"%s\",\"retry_after_ms\":%lld,\"detail\":", (long long)a->page,
                     delivery_words[r->what], (long long)r->retry_after_ms);
        bytes_add_json(&line, bytes_span(&r->detail));
        bytes_add_text(&line, "}\n");
        if (fd_write_all(CHILD_FD, line.p, line.n) != OK)
                _exit(1); /* nobody listens: whoever comes next is given the pages again */
}

static void *make_attempt(void *context)
{
        struct attempt *a = context;
        struct delivery_result r;
        delivery_run(a->program, bytes_span(&a->input), a->timeout_ms, &r);
        if (r.what != DELIVERY_ACCEPTED)
                log_event(LOG_LEVEL_WARNING, "page.failed", F_TEXT("channel", a->channel), F_INT("page", a->page),
                          F_INT("attempt", a->number), F_TEXT("why", bytes_text(&r.detail)),
                          F_TEXT("said", bytes_text(&r.said)));
        pthread_mutex_lock(&lock);
        report(a, &r);
        n_at_work--;
        pthread_mutex_unlock(&lock);
        delivery_result_done(&r);
        attempt_free(a);
        return NULL;
}

static void begin(struct attempt *a)
{
        pthread_t thread;
        pthread_mutex_lock(&lock);
        n_at_work++;
        pthread_mutex_unlock(&lock);
        if (pthread_create(&thread, NULL, make_attempt, a) != 0)
                _exit(1); /* and start afresh */
        pthread_detach(thread);
}

/* ---- from the broker ---- */

static void add_object(const json_t *root, const char *key, struct bytes *ret)
{
        char *text = json_dumps(json_object_get(root, key), JSON_COMPACT | JSON_ENSURE_ASCII);
        bytes_add_text(ret, text ? text : "{}");
        free(text);
}

static struct attempt *attempt_read(const json_t *root)
{
        CLEANUP_BYTES struct bytes config = BYTES_NONE, event = BYTES_NONE;
        const char *channel = json_string_value(json_object_get(root, "channel"));
        const char *program = json_string_value(json_object_get(root, "program"));
        if (!channel || !program)
                return NULL;
        struct attempt *a = mem_new(1, sizeof *a);
        a->page = json_integer_value(json_object_get(root, "page"));
        a->timeout_ms = json_integer_value(json_object_get(root, "timeout_ms"));
        a->number = json_integer_value(json_object_get(root, "attempt"));
        a->channel = mem_text(channel);
        a->program = mem_text(program);
        add_object(root, "config", &config);
        add_object(root, "event", &event);
        delivery_input(bytes_span(&config), bytes_span(&event), (unsigned)a->number, &a->input);
        return a;
}

static bool take_line(struct span line)
{
        json_t *root = json_loadb((const char *)line.p, line.n, 0, NULL);
        struct attempt *a = attempt_read(root);
        json_decref(root);
        if (a)
                begin(a);
        return a;
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

static void finish(void)
{
        pthread_mutex_lock(&lock);
        for (int64_t waited = 0; n_at_work > 0 && waited < FINISH_MS; waited += 10) {
                pthread_mutex_unlock(&lock);
                usleep(10000);
                pthread_mutex_lock(&lock);
        }
        delivery_kill_all();
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
                ssize_t n = read(CHILD_FD, chunk, sizeof chunk);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        finish();
                bytes_add(&in, chunk, (size_t)n);
                if (!take_lines(&in))
                        return EXIT_FAILED;
        }
}

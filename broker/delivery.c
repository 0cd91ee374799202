#include "broker/delivery.h"
#include "base/clock.h"
#include "base/plugin.h"
#include "base/spawn.h"
#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>

#define DETAIL_MAX        180u /* a notice's detail has at most 200 characters */
#define SAID_MAX          300u
#define RETRY_AFTER_MAX_S 1000000

const char *const delivery_words[] = {"again", "accepted", "failed", "blocked", NULL};

void delivery_input(struct span config, struct span event, unsigned attempt, struct bytes *ret)
{
        bytes_add_text(ret, "{\"event\":");
        bytes_add_span(ret, event);
        bytes_add_text(ret, ",\"config\":");
        bytes_add_span(ret, config);
        bytes_printf(ret, ",\"attempt\":%u}\n", attempt);
}

/* The last line that is not empty. */
static struct span last_line(const struct bytes *out)
{
        size_t end = out->n;
        while (end > 0 && (out->p[end - 1] == '\n' || out->p[end - 1] == '\r'))
                end--;
        size_t start = end;
        while (start > 0 && out->p[start - 1] != '\n')
                start--;
        return span_of(out->p + start, end - start);
}

static void set_detail(struct delivery_result *r, const char *text)
{
        bytes_clear(&r->detail);
        size_t n = strlen(text);
        text_escape(span_of(text, n < DETAIL_MAX / 2 ? n : DETAIL_MAX / 2), &r->detail);
        if (r->detail.n > DETAIL_MAX)
                r->detail.p[r->detail.n = DETAIL_MAX] = 0;
}

/* Only "accepted" counts as delivered; what else it says is for people. */
static bool read_answer(const struct bytes *out, struct delivery_result *ret)
{
        struct span line = last_line(out);
        json_t *root = line.n ? json_loadb((const char *)line.p, line.n, 0, NULL) : NULL;
        const char *status = json_string_value(json_object_get(root, "status"));
        const char *id = json_string_value(json_object_get(root, "id"));
        const char *why = json_string_value(json_object_get(root, "why"));
        json_int_t after_s = json_integer_value(json_object_get(root, "retry_after"));
        if (after_s > 0 && after_s < RETRY_AFTER_MAX_S)
                ret->retry_after_ms = after_s * SECOND_MS;
        if (id || why)
                set_detail(ret, id ? id : why);
        bool is_accepted = status && !strcmp(status, "accepted");
        json_decref(root);
        return is_accepted;
}

/* The end of what it wrote to stderr. */
static void add_said(struct delivery_result *r, const struct bytes *err)
{
        struct span line = last_line(err);
        size_t n = line.n < SAID_MAX ? line.n : SAID_MAX;
        text_escape(span_of(line.p + line.n - n, n), &r->said);
}

/* In words, where the program itself gave none. */
static void describe(const struct spawn_result *r, bool is_accepted, struct delivery_result *ret)
{
        char text[96];
        if (r->timed_out)
                snprintf(text, sizeof text, "no end before its deadline: killed");
        else if (r->output_capped)
                snprintf(text, sizeof text, "more than %u KiB of output: killed", SPAWN_OUTPUT_MAX / 1024);
        else if (r->exit_code > 128)
                snprintf(text, sizeof text, "died of signal %d", r->exit_code - 128);
        else if (ret->detail.n)
                return;
        else if (r->exit_code == PLUGIN_OK)
                snprintf(text, sizeof text, "exit code 0, but its last line is no {\"status\":\"accepted\"}");
        else
                snprintf(text, sizeof text, "exit code %d", r->exit_code);
        if (!is_accepted || r->exit_code != PLUGIN_OK)
                set_detail(ret, text);
}

static enum delivery judge(const struct spawn_result *r, struct delivery_result *ret)
{
        bool is_accepted = read_answer(&r->out, ret);
        ret->was_killed = r->timed_out || r->output_capped || r->exit_code > 128;
        describe(r, is_accepted, ret);
        if (r->timed_out || r->output_capped)
                return DELIVERY_AGAIN;
        switch (r->exit_code) {
        case PLUGIN_OK: return is_accepted ? DELIVERY_ACCEPTED : DELIVERY_AGAIN;
        case PLUGIN_FAILED: return DELIVERY_FAILED;
        case PLUGIN_REFUSED:
        case PLUGIN_MISCONFIGURED: return DELIVERY_BLOCKED;
        default: return DELIVERY_AGAIN; /* later, unknown, or a crash: the dedup key makes a repeat harmless */
        }
}

void delivery_run(const char *program, struct span input, int64_t timeout_ms, struct delivery_result *ret)
{
        const char *name = strrchr(program, '/');
        const char *const argv[] = {name ? name + 1 : program, NULL};
        CLEANUP_BYTES struct bytes credentials = BYTES_NONE;
        const char *folder = getenv(CREDENTIALS_VARIABLE);
        const char *environment[] = {NULL, NULL};
        if (folder) {
                bytes_printf(&credentials, CREDENTIALS_VARIABLE "=%s", folder);
                environment[0] = bytes_text(&credentials);
        }
        struct spawn_job job = {
                .path = program, .argv = argv, .environment = environment, .input = input, .timeout_ms = timeout_ms};
        struct spawn_result r = {0};
        enum err e = spawn_run(&job, &r);
        *ret = (struct delivery_result){.what = e == ERR_IO ? DELIVERY_AGAIN : DELIVERY_BLOCKED};
        if (e != OK) {
                set_detail(ret, err_sentence(e));
                return;
        }
        ret->what = judge(&r, ret);
        add_said(ret, &r.err);
        spawn_result_done(&r);
}

void delivery_result_done(struct delivery_result *r)
{
        bytes_done(&r->detail);
        bytes_done(&r->said);
}

void delivery_kill_all(void)
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

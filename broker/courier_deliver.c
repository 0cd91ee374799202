#include "base/clock.h"
#include "base/plugin.h"
#include "base/spawn.h"
#include "broker/courier.h"
#include <jansson.h>
#include <string.h>

#define DETAIL_MAX            180u /* a notice's detail has at most 200 characters */
#define BACKOFF_FIRST_MS      500
#define BACKOFF_MAX_MS        (5 * MINUTE_MS)
#define BACKOFF_URGENT_MS     (30 * SECOND_MS)
#define RETRY_AFTER_MAX_MS    (60 * MINUTE_MS)
#define RETRY_AFTER_URGENT_MS (60 * SECOND_MS)

void courier_input(struct span config, struct span event, unsigned attempt, struct bytes *ret)
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
        if (after_s > 0 && after_s < 1000000)
                ret->retry_after_ms = after_s * SECOND_MS;
        if (id || why)
                set_detail(ret, id ? id : why);
        bool is_accepted = status && !strcmp(status, "accepted");
        json_decref(root);
        return is_accepted;
}

static enum delivery judge(const struct spawn_result *r, struct delivery_result *ret)
{
        bool is_accepted = read_answer(&r->out, ret);
        if (r->timed_out)
                set_detail(ret, "no end before its deadline");
        if (r->timed_out || r->output_capped)
                return DELIVERY_AGAIN;
        switch (r->exit_code) {
        case PLUGIN_OK: return is_accepted ? DELIVERY_ACCEPTED : DELIVERY_AGAIN;
        case PLUGIN_FAILED:
        case PLUGIN_REFUSED:
        case PLUGIN_MISCONFIGURED: return DELIVERY_FAILED;
        default: return DELIVERY_AGAIN; /* later, unknown, or a crash: the dedup key makes a repeat harmless */
        }
}

void courier_deliver(const char *program, struct span input, int64_t timeout_ms, struct delivery_result *ret)
{
        const char *name = strrchr(program, '/');
        const char *const argv[] = {name ? name + 1 : program, NULL};
        struct spawn_job job = {.path = program, .argv = argv, .input = input, .timeout_ms = timeout_ms};
        struct spawn_result r = {0};
        *ret = (struct delivery_result){.what = DELIVERY_AGAIN};
        enum err e = spawn_run(&job, &r);
        if (e != OK) {
                /* Somebody may mend the file: the page waits for it. */
                set_detail(ret, err_sentence(e));
                return;
        }
        ret->what = judge(&r, ret);
        if (ret->what != DELIVERY_ACCEPTED && !ret->detail.n) {
                char text[64];
                snprintf(text, sizeof text, "exit code %d", r.exit_code);
                set_detail(ret, text);
        }
        spawn_result_done(&r);
}

int64_t courier_backoff(unsigned attempt, bool is_urgent, int64_t retry_after_ms, uint32_t random)
{
        int64_t most = is_urgent ? BACKOFF_URGENT_MS : BACKOFF_MAX_MS;
        int64_t most_asked = is_urgent ? RETRY_AFTER_URGENT_MS : RETRY_AFTER_MAX_MS;
        int64_t wait = BACKOFF_FIRST_MS;
        for (unsigned i = 1; i < attempt && wait < most; i++)
                wait *= 2;
        if (wait > most)
                wait = most;
        wait += wait * (int64_t)(random % 512) / 1024; /* up to half more, so that many don't come back at once */
        if (retry_after_ms > wait)
                wait = retry_after_ms < most_asked ? retry_after_ms : most_asked;
        return wait;
}

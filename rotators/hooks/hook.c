#include "rotators/hooks/hook.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/harden.h"
#include "base/log.h"
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

static const char *const step_words[HOOK_STEPS] = {"check", "prepare", "set", "test", "revoke", "reconcile"};

void hook_answer_done(struct hook_answer *a)
{
        bytes_done(&a->handle);
        bytes_done(&a->why);
        secret_wipe(&a->fields);
}

void hook_ok(struct hook_answer *a, const char *evidence)
{
        a->exit = PLUGIN_OK;
        a->evidence = evidence;
        bytes_clear(&a->why);
}

void hook_fail(struct hook_answer *a, enum plugin_exit exit, const char *format, ...)
{
        char raw[400];
        va_list list;
        va_start(list, format);
        vsnprintf(raw, sizeof raw, format, list);
        va_end(list);
        a->exit = exit;
        a->evidence = NULL;
        bytes_clear(&a->why);
        text_escape(span_text(raw), &a->why);
}

static const char *status_word(enum plugin_exit exit)
{
        if (exit == PLUGIN_OK)
                return "ok";
        return exit == PLUGIN_UNKNOWN ? "unknown" : "failed";
}

void hook_answer_write(const struct hook_answer *a, struct bytes *ret)
{
        bytes_printf(ret, "{\"status\":\"%s\"", status_word(a->exit));
        if (a->handle.n) {
                bytes_add_text(ret, ",\"handle\":");
                bytes_add_json(ret, bytes_span(&a->handle));
        }
        if (a->evidence)
                bytes_printf(ret, ",\"evidence\":\"%s\"", a->evidence);
        if (a->is_value_rejected && a->exit != PLUGIN_OK)
                bytes_add_text(ret, ",\"value\":\"rejected\"");
        if (a->retry_after_s > 0 && a->exit == PLUGIN_TRY_AGAIN)
                bytes_printf(ret, ",\"retry_after_s\":%d",
                             (int)(a->retry_after_s < HOOK_RETRY_MAX_S ? a->retry_after_s : HOOK_RETRY_MAX_S));
        if (a->why.n) {
                bytes_add_text(ret, ",\"why\":");
                bytes_add_json(ret, bytes_span(&a->why));
        }
        if (a->is_served)
                bytes_printf(ret, ",\"exit\":%d,\"sequence\":%lld", (int)a->exit, (long long)a->sequence);
        bytes_add_text(ret, "}\n");
}

enum err hook_answer_field(struct hook_answer *a, const char *name, const void *value, size_t len)
{
        CLEANUP_BYTES struct bytes key = BYTES_NONE;
        size_t at = a->fields.len, base64 = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
        bytes_printf(&key, "%s\"%s\":\"", at ? "," : "", name);
        enum err e = secret_resize(&a->fields, at + key.n + base64);
        if (e != OK)
                return e;
        memcpy(a->fields.bytes + at, key.p, key.n);
        sodium_bin2base64((char *)a->fields.bytes + at + key.n, base64, value, len, sodium_base64_VARIANT_ORIGINAL);
        a->fields.bytes[a->fields.len - 1] = '"'; /* where the NUL was */
        return OK;
}

enum err hook_answer_print(const struct hook_answer *a, int fd)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        static const char begin[] = ",\"fields\":{", end[] = "}}\n";
        enum err e;
        hook_answer_write(a, &line);
        if (a->exit != PLUGIN_OK || a->fields.len == 0)
                return fd_write_all(fd, line.p, line.n);
        if ((e = fd_write_all(fd, line.p, line.n - strlen("}\n"))) != OK)
                return e;
        if ((e = fd_write_all(fd, begin, strlen(begin))) != OK)
                return e;
        if ((e = secret_write_fd(&a->fields, fd)) != OK)
                return e;
        return fd_write_all(fd, end, strlen(end));
}

void hook_progress(const char *sentence)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        bytes_add_text(&line, "{\"progress\":");
        bytes_add_json(&line, span_text(sentence));
        bytes_add_text(&line, "}\n");
        if (fd_write_all(STDOUT_FILENO, line.p, line.n) != OK)
                log_event(LOG_LEVEL_WARNING, "progress.lost");
}

bool hook_is_too_late(const struct hook_input *in)
{
        return in->deadline_ms && clock_now_ms() >= in->deadline_ms;
}

int64_t hook_time_left_ms(const struct hook_input *in, int64_t max_ms)
{
        int64_t left = in->deadline_ms ? in->deadline_ms - clock_now_ms() : max_ms;
        if (left > max_ms)
                return max_ms;
        return left < SECOND_MS ? SECOND_MS : left;
}

static const struct hook_field *configured_field(const struct hook_input *in, const struct hook_fields *fields)
{
        CLEANUP_BYTES struct bytes name = BYTES_NONE;
        if (hook_config(in, "field", "password", &name) != OK)
                return NULL;
        const struct hook_field *f = hook_field(fields, bytes_text(&name));
        return f && f->len > 0 && !memchr(f->value, 0, f->len) ? f : NULL;
}

const struct hook_field *hook_pending(const struct hook_input *in, struct hook_answer *a)
{
        const struct hook_field *f = configured_field(in, &in->pending);
        if (!f)
                hook_fail(a, PLUGIN_MISCONFIGURED,
                          "the pending version has no usable field `password` (or the one "
                          "that config `field` names)");
        return f;
}

const struct hook_field *hook_opened(const struct hook_input *in)
{
        return configured_field(in, &in->opened);
}

const char *hook_slot_in_use(const struct hook_input *in, const char *field)
{
        const struct hook_field *f = hook_field(&in->opened, field);
        bool is_name = f && f->len > 0 && f->len <= HANDLE_MAX && !memchr(f->value, 0, f->len);
        return is_name ? (const char *)f->value : in->old_handle && *in->old_handle ? in->old_handle : NULL;
}

/* Who started us may be dead, and somebody else at work on the target after our deadline. */
static void end_in_time(const struct hook_input *in)
{
        int64_t left = in->deadline_ms ? in->deadline_ms - clock_now_ms() : 0;
        if (in->deadline_ms)
                alarm(left < SECOND_MS ? 1 : (unsigned)(left / SECOND_MS) + 1);
}

void hook_run_in_time(const struct hook *h, enum hook_step step, const struct hook_input *in, struct hook_answer *ret)
{
        end_in_time(in);
        if (hook_is_too_late(in))
                hook_fail(ret, PLUGIN_TRY_AGAIN, "it was started after its deadline; nothing was done");
        else
                h->run(step, in, ret);
        alarm(0);
}

static void run_step(const struct hook *h, enum hook_step step, struct hook_answer *ret)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        enum err e = harden_process();
        if (e == OK)
                e = secret_read_fd(STDIN_FILENO, HOOK_INPUT_MAX, &text);
        if (e == OK)
                e = hook_input_read(span_of(text.bytes, text.len), &in);
        if (e == OK)
                hook_run_in_time(h, step, &in, ret);
        else
                hook_fail(ret, PLUGIN_MISCONFIGURED, "%s: %s", err_word(e), err_reason());
}

static int answer_step(const struct hook *h, enum hook_step step)
{
        /* Pessimistic: a step that forgets to say what it did is not known to have done nothing. */
        struct hook_answer a = {.exit = PLUGIN_UNKNOWN};
        run_step(h, step, &a);
        int exit_code = a.exit;
        if (hook_answer_print(&a, STDOUT_FILENO) != OK)
                exit_code = PLUGIN_UNKNOWN;
        hook_answer_done(&a);
        return exit_code;
}

bool hook_step_from_word(const struct hook *h, const char *word, enum hook_step *ret)
{
        for (unsigned i = 0; i < HOOK_STEPS; i++)
                if (!strcmp(word, step_words[i]) && (i != HOOK_PREPARE || h->can_prepare)) {
                        *ret = (enum hook_step)i;
                        return true;
                }
        return false;
}

static int run_word(const struct hook *h, const char *word)
{
        enum hook_step step;
        if (!strcmp(word, "describe"))
                return puts(h->description) < 0 || fflush(stdout) ? PLUGIN_FAILED : PLUGIN_OK;
        if (!strcmp(word, "serve") && h->can_serve)
                return hook_serve(h);
        if (hook_step_from_word(h, word, &step))
                return answer_step(h, step);
        fprintf(stderr, "%s: usage: %s describe|check|[prepare|]set|test|revoke|reconcile|[serve] < request\n",
                h->name, h->name);
        return PLUGIN_MISCONFIGURED;
}

int hook_main(const struct hook *h, int argc, char **argv)
{
        log_set_program(h->name);
        int exit_code = run_word(h, argc == 2 ? argv[1] : "");
        if (h->end)
                h->end();
        return exit_code;
}

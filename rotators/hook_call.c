#include "rotators/hook_call.h"
#include "base/log.h"
#include "base/spawn.h"
#include <sodium.h>
#include <string.h>

#define DESCRIBE_TIMEOUT_MS 10000
#define ANSWER_DEPTH        4u
#define HANDLE_MAX          200u
#define WHY_MAX             400u
#define LEAK_MIN            4u /* shorter values are found in any text */

void hook_result_done(struct hook_result *r)
{
        bytes_done(&r->handle);
        bytes_done(&r->why);
}

/* ---- leaks ---- */

static bool holds(struct span text, const void *p, size_t n)
{
        return n >= LEAK_MIN && text.n > 0 && memmem(text.p, text.n, p, n) != NULL;
}

static bool holds_base64(struct span text, const struct document_field *f)
{
        CLEANUP_SECRET struct secret base64 = SECRET_NONE;
        if (f->len < LEAK_MIN ||
            secret_new(sodium_base64_ENCODED_LEN(f->len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING), &base64) != OK)
                return false;
        sodium_bin2base64((char *)base64.bytes, base64.len, f->value, f->len,
                          sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        return holds(text, base64.bytes, strlen((const char *)base64.bytes));
}

bool hook_prints_secret(const struct document *d, struct span text)
{
        for (size_t i = 0; d && i < d->n_fields; i++)
                if (holds(text, d->field[i].value, d->field[i].len) || holds_base64(text, &d->field[i]))
                        return true;
        return false;
}

/* ---- the answer ---- */

static struct span last_line(struct span out)
{
        size_t end = out.n;
        while (end > 0 && (out.p[end - 1] == '\n' || out.p[end - 1] == '\r'))
                end--;
        size_t start = end;
        while (start > 0 && out.p[start - 1] != '\n')
                start--;
        return span_of(out.p + start, end - start);
}

static enum plugin_exit known_exit(int exit_code)
{
        switch (exit_code) {
        case PLUGIN_OK:
        case PLUGIN_FAILED:
        case PLUGIN_TRY_AGAIN:
        case PLUGIN_REFUSED:
        case PLUGIN_MISCONFIGURED: return (enum plugin_exit)exit_code;
        default: return PLUGIN_UNKNOWN;
        }
}

static void take_text(json_t *said, const char *key, size_t max, struct bytes *ret)
{
        const char *text = json_string_value(json_object_get(said, key));
        if (text && strlen(text) <= max)
                text_escape(span_text(text), ret);
}

/* Exit code and last line must say the same; a hook that contradicts itself has told us nothing. */
static bool is_consistent(enum plugin_exit exit, const char *status)
{
        if (exit == PLUGIN_UNKNOWN)
                return true;
        return status && !strcmp(status, exit == PLUGIN_OK ? "ok" : "failed");
}

void hook_read_answer(int exit_code, struct span out, struct hook_result *ret)
{
        CLEANUP_JSON json_t *said = NULL;
        CLEANUP_BYTES struct bytes evidence = BYTES_NONE;
        ret->exit = known_exit(exit_code);
        enum err e = json_read(last_line(out), ANSWER_DEPTH, &said);
        if (e != OK || !is_consistent(ret->exit, json_string_value(json_object_get(said, "status")))) {
                ret->exit = PLUGIN_UNKNOWN;
                bytes_printf(&ret->why, "exit code %d, but its last line does not say so", exit_code);
                return;
        }
        const char *value = json_string_value(json_object_get(said, "value"));
        ret->is_value_rejected = ret->exit == PLUGIN_FAILED && value && !strcmp(value, "rejected");
        take_text(said, "handle", HANDLE_MAX, &ret->handle);
        take_text(said, "why", WHY_MAX, &ret->why);
        take_text(said, "evidence", sizeof ret->evidence - 1, &evidence);
        snprintf(ret->evidence, sizeof ret->evidence, "%s", bytes_text(&evidence));
}

/* ---- running ---- */

static void log_stderr(const struct hook_call *call, const struct bytes *err)
{
        if (err->n == 0)
                return;
        CLEANUP_FREE char *text = mem_text_n((const char *)err->p, err->n < 2000 ? err->n : 2000);
        log_event(LOG_LEVEL_INFO, "hook.said", F_TEXT("hook", call->hook->name), F_TEXT("step", call->step),
                  F_TEXT("text", text));
}

static void judge(const struct hook_call *call, const struct spawn_result *ran, struct hook_result *ret)
{
        const struct document *documents[] = {call->pending, call->opened};
        for (size_t i = 0; i < COUNT_OF(documents); i++)
                ret->has_leaked |= hook_prints_secret(documents[i], bytes_span(&ran->out)) ||
                                   hook_prints_secret(documents[i], bytes_span(&ran->err));
        if (ret->has_leaked) {
                ret->exit = PLUGIN_UNKNOWN;
                bytes_add_text(&ret->why, "the hook printed a secret; what it said was withheld");
                return;
        }
        log_stderr(call, &ran->err);
        if (ran->timed_out || ran->output_capped) {
                ret->exit = PLUGIN_UNKNOWN;
                bytes_add_text(&ret->why, ran->timed_out ? "it did not end in time and was killed"
                                                         : "it printed without end and was killed");
                return;
        }
        hook_read_answer(ran->exit_code, bytes_span(&ran->out), ret);
}

static void on_progress(void *context, struct span line)
{
        const struct hook_call *call = context;
        CLEANUP_JSON json_t *said = NULL;
        if (json_read(line, ANSWER_DEPTH, &said) != OK)
                return;
        const char *progress = json_string_value(json_object_get(said, "progress"));
        if (progress && !hook_prints_secret(call->pending, line) && !hook_prints_secret(call->opened, line))
                log_event(LOG_LEVEL_INFO, "hook.progressed", F_TEXT("hook", call->hook->name),
                          F_TEXT("step", call->step), F_TEXT("text", progress));
}

enum err hook_run(const struct hook_call *call, struct hook_result *ret)
{
        CLEANUP_SECRET struct secret request = SECRET_NONE;
        const char *const argv[] = {call->hook->program, call->step, NULL};
        struct spawn_result ran = {0};
        enum err e = hook_write_request(call, &request);
        if (e != OK)
                return e;
        const struct spawn_job job = {.path = call->hook->program,
                                      .argv = argv,
                                      .input = span_of(request.bytes, request.len),
                                      .timeout_ms = call->timeout_ms,
                                      .on_line = on_progress,
                                      .context = (void *)call};
        *ret = (struct hook_result){.exit = PLUGIN_UNKNOWN};
        if ((e = spawn_run(&job, &ran)) == OK)
                judge(call, &ran, ret);
        spawn_result_done(&ran);
        return e;
}

/* ---- describe ---- */

MUST_CHECK static enum err read_description(struct span text, struct hook_entry *hook)
{
        CLEANUP_JSON json_t *said = NULL;
        if (json_read(text, ANSWER_DEPTH, &said) != OK)
                return err_because(ERR_HOOK, "%s: `describe` prints no JSON object", hook->program);
        json_t *value = json_object_get(said, "value");
        const char *field = json_string_value(json_object_get(value, "field"));
        const char *alphabet = json_string_value(json_object_get(value, "alphabet"));
        json_int_t length = json_integer_value(json_object_get(value, "length"));
        if (json_integer_value(json_object_get(said, "contract")) != 1)
                return err_because(ERR_HOOK, "%s: it speaks another contract than 1", hook->program);
        if (!field || !*field || strlen(field) > FIELD_NAME_MAX || !alphabet || length < 1 ||
            length > VALUE_LENGTH_MAX)
                return err_because(ERR_HOOK, "%s: `describe` gives no usable value rules", hook->program);
        hook->field = mem_text(field);
        hook->alphabet = mem_text(alphabet);
        hook->rules = (struct value_rules){(unsigned)length, hook->alphabet};
        return value_check(&hook->rules);
}

enum err hook_describe(struct hook_entry *hook)
{
        const char *const argv[] = {hook->program, "describe", NULL};
        const struct spawn_job job = {.path = hook->program, .argv = argv, .timeout_ms = DESCRIBE_TIMEOUT_MS};
        struct spawn_result ran = {0};
        enum err e = spawn_run(&job, &ran);
        if (e == OK && ran.exit_code != PLUGIN_OK)
                e = err_because(ERR_HOOK, "%s: `describe` exits %d", hook->program, ran.exit_code);
        if (e == OK)
                e = read_description(bytes_span(&ran.out), hook);
        spawn_result_done(&ran);
        return e;
}

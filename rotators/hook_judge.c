/* What a hook that ran has told us, and whether it told what it must not. */
#include "base/log.h"
#include "rotators/hook_call.h"
#include <sodium.h>
#include <string.h>

#define PROGRESS_DEPTH 4u
#define LEAK_MIN       4u /* shorter values are found in any text */

/* ---- leaks ---- */

static bool holds(struct span text, const void *p, size_t n)
{
        return n >= LEAK_MIN && text.n > 0 && memmem(text.p, text.n, p, n) != NULL;
}

static bool holds_base64(struct span text, const unsigned char *value, size_t len)
{
        CLEANUP_SECRET struct secret base64 = SECRET_NONE;
        if (len < LEAK_MIN ||
            secret_new(sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING), &base64) != OK)
                return false;
        sodium_bin2base64((char *)base64.bytes, base64.len, value, len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        return holds(text, base64.bytes, strlen((const char *)base64.bytes));
}

static bool is_open(const struct hook_entry *hook, const char *field)
{
        for (size_t i = 0; i < hook->n_open; i++)
                if (!strcmp(hook->open_field[i], field))
                        return true;
        return false;
}

bool hook_prints_secret(const struct hook_entry *hook, const struct document *d, struct span text)
{
        for (size_t i = 0; d && i < d->n_fields; i++) {
                const struct document_field *f = &d->field[i];
                if (!is_open(hook, f->name) &&
                    (holds(text, f->value, f->len) || holds_base64(text, f->value, f->len)))
                        return true;
        }
        return false;
}

/* What `prepare` has made is no less a secret, but on the line that is for us. */
static bool prints_prepared(const struct hook_entry *hook, const struct hook_fields *fields, struct span text)
{
        for (size_t i = 0; i < fields->n; i++) {
                const struct hook_field *f = &fields->field[i];
                if (!is_open(hook, f->name) &&
                    (holds(text, f->value, f->len) || holds_base64(text, f->value, f->len)))
                        return true;
        }
        return false;
}

static bool prints_value(const struct hook_call *call, struct span text)
{
        const struct document *documents[] = {call->pending, call->opened, call->earlier[0], call->earlier[1]};
        bool prints = false;
        for (size_t i = 0; i < COUNT_OF(documents); i++)
                prints |= hook_prints_secret(call->hook, documents[i], text);
        return prints;
}

/* ---- judging ---- */

static void log_stderr(const struct hook_call *call, const struct bytes *err)
{
        if (err->n == 0)
                return;
        CLEANUP_FREE char *text = mem_text_n((const char *)err->p, err->n < 2000 ? err->n : 2000);
        log_event(LOG_LEVEL_INFO, "hook.said", F_TEXT("hook", call->hook->name), F_TEXT("step", call->step),
                  F_TEXT("text", text));
}

static void withhold(struct hook_result *ret)
{
        ret->has_leaked = true;
        ret->exit = PLUGIN_UNKNOWN;
        bytes_clear(&ret->handle);
        bytes_clear(&ret->why);
        bytes_add_text(&ret->why, "the hook printed a secret; what it said was withheld");
}

static bool leaks_prepared(const struct hook_call *call, const struct hook_result *r, const struct bytes *err)
{
        return prints_prepared(call->hook, &r->fields, bytes_span(err)) ||
               prints_prepared(call->hook, &r->fields, bytes_span(&r->why)) ||
               prints_prepared(call->hook, &r->fields, bytes_span(&r->handle));
}

void hook_judge(const struct hook_call *call, const struct spawn_result *ran, struct hook_result *ret)
{
        *ret = (struct hook_result){.exit = PLUGIN_UNKNOWN};
        if (prints_value(call, bytes_span(&ran->out)) || prints_value(call, bytes_span(&ran->err))) {
                withhold(ret);
                return;
        }
        if (ran->timed_out || ran->output_capped) {
                bytes_add_text(&ret->why, ran->timed_out ? "it did not end in time and was killed"
                                                         : "it printed without end and was killed");
        } else if (call->is_prepare) {
                hook_read_prepared(ran->exit_code, bytes_span(&ran->out), ret);
        } else {
                hook_read_answer(ran->exit_code, bytes_span(&ran->out), ret);
        }
        if (leaks_prepared(call, ret, &ran->err))
                withhold(ret);
        else
                log_stderr(call, &ran->err);
}

void hook_log_progress(const struct hook_call *call, struct span line)
{
        CLEANUP_JSON json_t *said = NULL;
        if (json_read(line, PROGRESS_DEPTH, &said) != OK)
                return;
        const char *progress = json_string_value(json_object_get(said, "progress"));
        if (progress && !prints_value(call, line))
                log_event(LOG_LEVEL_INFO, "hook.progressed", F_TEXT("hook", call->hook->name),
                          F_TEXT("step", call->step), F_TEXT("text", progress));
}

/* What a hook says on its last line. What `prepare` says holds a secret: that part is cut out and read in locked
 * memory before the rest goes to the JSON library. */
#include "rotators/hook_call.h"
#include <string.h>

#define ANSWER_DEPTH 4u
#define HANDLE_MAX   200u
#define WHY_MAX      400u

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

static int64_t retry_after(json_t *said)
{
        json_int_t s = json_integer_value(json_object_get(said, "retry_after_s"));
        if (s <= 0)
                return 0;
        return s < HOOK_RETRY_MAX_S ? s : HOOK_RETRY_MAX_S;
}

static void read_line(int exit_code, struct span line, struct hook_result *ret)
{
        CLEANUP_JSON json_t *said = NULL;
        CLEANUP_BYTES struct bytes evidence = BYTES_NONE;
        ret->exit = known_exit(exit_code);
        enum err e = json_read(line, ANSWER_DEPTH, &said);
        if (e != OK || !is_consistent(ret->exit, json_string_value(json_object_get(said, "status")))) {
                ret->exit = PLUGIN_UNKNOWN;
                bytes_printf(&ret->why, "exit code %d, but its last line does not say so", exit_code);
                return;
        }
        const char *value = json_string_value(json_object_get(said, "value"));
        ret->is_value_rejected = ret->exit == PLUGIN_FAILED && value && !strcmp(value, "rejected");
        ret->retry_after_s = ret->exit == PLUGIN_TRY_AGAIN ? retry_after(said) : 0;
        take_text(said, "handle", HANDLE_MAX, &ret->handle);
        take_text(said, "why", WHY_MAX, &ret->why);
        take_text(said, "evidence", sizeof ret->evidence - 1, &evidence);
        snprintf(ret->evidence, sizeof ret->evidence, "%s", bytes_text(&evidence));
}

void hook_read_answer(int exit_code, struct span out, struct hook_result *ret)
{
        read_line(exit_code, last_line(out), ret);
}

void hook_read_prepared(int exit_code, struct span out, struct hook_result *ret)
{
        CLEANUP_BYTES struct bytes rest = BYTES_NONE;
        const struct hook_secrets secrets[] = {{"fields", &ret->fields}};
        if (hook_split(last_line(out), secrets, COUNT_OF(secrets), &rest) != OK) {
                ret->exit = PLUGIN_UNKNOWN;
                bytes_printf(&ret->why, "exit code %d, but its last line gives no usable fields", exit_code);
                return;
        }
        read_line(exit_code, bytes_span(&rest), ret);
        if (ret->exit == PLUGIN_OK && ret->fields.n == 0) {
                ret->exit = PLUGIN_UNKNOWN;
                bytes_add_text(&ret->why, "`prepare` says ok, but gives no fields");
        }
}

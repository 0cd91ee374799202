#include "rotators/hook_test_input.h"
#include "base/spawn.h"
#include <sodium.h>
#include <string.h>

#define DESCRIBE_TIMEOUT_MS 10000
#define DEPTH               4u
#define NOISE_BYTES         (1024u * 1024u)

static const char *const steps[] = {"check", "set", "test", "revoke", "reconcile"};

/* ---- describe ---- */

static bool lists(json_t *list, const char *word)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *text = json_string_value(json_array_get(list, i));
                if (text && !strcmp(text, word))
                        return true;
        }
        return false;
}

static const char *fault_of_description(json_t *said)
{
        json_t *config = json_object_get(said, "config");
        for (size_t i = 0; i < COUNT_OF(steps); i++)
                if (!lists(json_object_get(said, "steps"), steps[i]))
                        return "`steps` lacks one of the five";
        if (!json_is_string(json_object_get(said, "hook")))
                return "`hook`, its name, is missing";
        if (!json_is_array(json_object_get(config, "required")) ||
            !json_is_array(json_object_get(config, "optional")))
                return "`config` must be {required: […], optional: […]}";
        return NULL;
}

/* Runs `describe` without any input; ret_said is NULL when its output is no JSON object. */
MUST_CHECK static enum err describe(const struct hook_test *t, json_t **ret_said)
{
        const char *const argv[] = {t->hook->program, "describe", NULL};
        const struct spawn_job job = {.path = argv[0], .argv = argv, .timeout_ms = DESCRIBE_TIMEOUT_MS};
        struct spawn_result ran = {0};
        enum err e = spawn_run(&job, &ran);
        *ret_said = NULL;
        if (e == OK && (ran.exit_code != PLUGIN_OK || json_read(bytes_span(&ran.out), DEPTH, ret_said) != OK))
                *ret_said = NULL;
        spawn_result_done(&ran);
        return e;
}

enum err hook_test_describes(struct hook_test *t, bool *ret)
{
        CLEANUP_JSON json_t *first = NULL, *second = NULL;
        enum err e;
        *ret = false;
        if ((e = describe(t, &first)) != OK || (e = describe(t, &second)) != OK)
                return e;
        const char *fault =
                first && second ? fault_of_description(first) : "it prints no JSON object, or exits non-zero";
        if (!fault && !json_equal(first, second))
                fault = "two runs say different things";
        if (!fault && hook_describe((struct hook_entry *)t->hook) != OK)
                fault = err_reason();
        hook_test_say(t, !fault, "`describe` says name, steps, configuration and value rules, without any input",
                      fault);
        *ret = !fault;
        return OK;
}

/* ---- configuration ---- */

MUST_CHECK static enum err check_without(struct hook_test *t, const char *key, bool *ret_is_refused)
{
        CLEANUP_TOLD struct told told = {0};
        CLEANUP_JSON json_t *less = json_deep_copy(t->hook->config);
        struct hook_entry hook = *t->hook;
        const struct hook_entry *whole = t->hook;
        json_object_del(less, key);
        hook.config = less;
        t->hook = &hook;
        enum err e = hook_test_ask(t, &(struct ask){.step = "check"}, &told);
        t->hook = whole;
        *ret_is_refused = told.result.exit == PLUGIN_MISCONFIGURED;
        return e;
}

enum err hook_test_misses_keys(struct hook_test *t)
{
        CLEANUP_JSON json_t *said = NULL;
        CLEANUP_BYTES struct bytes missed = BYTES_NONE;
        enum err e = describe(t, &said);
        json_t *required = json_object_get(json_object_get(said, "config"), "required");
        for (size_t i = 0; e == OK && i < json_array_size(required); i++) {
                bool is_refused = false;
                const char *key = json_string_value(json_array_get(required, i));
                if (!key || (e = check_without(t, key, &is_refused)) != OK)
                        continue;
                if (!is_refused)
                        bytes_printf(&missed, "%s`%s`", missed.n ? ", " : "`check` does not exit 78 without ", key);
        }
        if (e == OK)
                hook_test_say(t, missed.n == 0, "a missing configuration key is a misconfiguration",
                              bytes_text(&missed));
        return e;
}

/* ---- garbage ---- */

struct garbage {
        const char *what;
        struct span text;
};

MUST_CHECK static enum err send_garbage(struct hook_test *t, const char *step, const struct garbage *g,
                                        struct bytes *ret_why)
{
        CLEANUP_TOLD struct told told = {0};
        enum err e = hook_test_ask(t, &(struct ask){.step = step, .text = g->text, .is_garbage = true}, &told);
        bool is_refused = told.result.exit == PLUGIN_MISCONFIGURED || told.result.exit == PLUGIN_FAILED;
        if (e == OK && !is_refused && ret_why->n == 0)
                bytes_printf(ret_why, "`%s` exits %d on %s", step, told.exit_code, g->what);
        return e;
}

/* A whole request, with what is given for `pending`. */
static void write_raw_request(const struct hook_test *t, const char *pending, struct bytes *ret)
{
        CLEANUP_FREE char *config = json_dumps(t->hook->config, JSON_COMPACT);
        bytes_printf(ret,
                     "{\"step\":\"set\",\"idempotency_key\":\"k\",\"credential\":\"breakglass/"
                     "hook-test\",\"config\":%s%s}\n",
                     config ? config : "{}", pending);
}

MUST_CHECK static enum err send_all(struct hook_test *t, struct bytes *ret_why)
{
        CLEANUP_BYTES struct bytes torn = BYTES_NONE, noise = BYTES_NONE;
        enum err e = OK;
        write_raw_request(t, ",\"pending\":{\"", &torn);
        bytes_reserve(&noise, NOISE_BYTES);
        randombytes_buf(noise.p, NOISE_BYTES);
        const struct garbage all[] = {
                {"no input", span_of("", 0)},
                {"input that is no JSON", span_text("hello\n")},
                {"a request that is cut off", span_of(torn.p, torn.n - 3)},
                {"a list instead of an object", span_text("[]\n")},
                {"1 MiB of noise", span_of(noise.p, NOISE_BYTES)},
        };
        for (size_t i = t->is_served ? 1 : 0; e == OK && i < COUNT_OF(all); i++) /* an empty line is no request */
                e = send_garbage(t, "set", &all[i], ret_why);
        for (size_t i = 0; e == OK && i < COUNT_OF(steps); i++)
                e = send_garbage(t, steps[i], &all[2], ret_why);
        return e;
}

MUST_CHECK static enum err send_bad_values(struct hook_test *t, struct bytes *ret_why)
{
        static const char *const pendings[] = {"", ",\"pending\":{}", ",\"pending\":{\"%s\":\"\"}",
                                               ",\"pending\":{\"%s\":\"####\"}", ",\"pending\":[]"};
        enum err e = OK;
        for (size_t i = 0; e == OK && i < COUNT_OF(pendings); i++) {
                CLEANUP_BYTES struct bytes pending = BYTES_NONE, text = BYTES_NONE;
                CLEANUP_TOLD struct told told = {0};
                const char *hole = strstr(pendings[i], "%s");
                bytes_add(&pending, pendings[i], hole ? (size_t)(hole - pendings[i]) : strlen(pendings[i]));
                if (hole) {
                        bytes_add_text(&pending, t->hook->field);
                        bytes_add_text(&pending, hole + strlen("%s"));
                }
                write_raw_request(t, bytes_text(&pending), &text);
                e = hook_test_ask(t, &(struct ask){.step = "set", .text = bytes_span(&text), .is_garbage = true},
                                  &told);
                bool is_refused = told.result.exit == PLUGIN_MISCONFIGURED || told.result.exit == PLUGIN_FAILED;
                if (e == OK && !is_refused && ret_why->n == 0)
                        bytes_printf(ret_why, "`set` exits %d without a usable value (%s)", told.exit_code,
                                     pending.n ? bytes_text(&pending) + 1 : "no `pending`");
        }
        return e;
}

enum err hook_test_refuses_garbage(struct hook_test *t, const struct document *value)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        CLEANUP_TOLD struct told told = {0};
        enum err e;
        if ((e = send_all(t, &why)) != OK || (e = send_bad_values(t, &why)) != OK)
                return e;
        hook_test_say(t, why.n == 0, "malformed input is refused with 1 or 78", bytes_text(&why));
        if ((e = hook_test_ask(t, &(struct ask){.step = "test", .pending = value}, &told)) != OK)
                return e;
        hook_test_say(t, told.result.exit == PLUGIN_OK, "and leaves the target as it was",
                      "the value set before no longer works");
        return OK;
}

/* The request is a good one, so that nothing but the step can be what is refused. */
MUST_CHECK static enum err serves_no_strange_steps(struct hook_test *t)
{
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        CLEANUP_TOLD struct told told = {0};
        enum err e = hook_test_ask(t, &(struct ask){.step = "no-such-step"}, &told);
        bytes_printf(&why, "it exits %d", told.exit_code);
        if (e == OK)
                hook_test_say(t, told.exit_code == PLUGIN_MISCONFIGURED, "an unknown step exits 78",
                              bytes_text(&why));
        return e;
}

enum err hook_test_refuses_strange_steps(struct hook_test *t)
{
        if (t->is_served)
                return serves_no_strange_steps(t);
        const char *const argv[] = {t->hook->program, "no-such-step", NULL};
        CLEANUP_BYTES struct bytes pending = BYTES_NONE, text = BYTES_NONE, why = BYTES_NONE;
        struct spawn_result ran = {0};
        bytes_printf(&pending, ",\"pending\":{\"%s\":\"dGhpcyBpcyBuZXZlciBzZXQ=\"}", t->hook->field);
        write_raw_request(t, bytes_text(&pending), &text);
        const struct spawn_job job = {
                .path = argv[0], .argv = argv, .input = bytes_span(&text), .timeout_ms = DESCRIBE_TIMEOUT_MS};
        enum err e = spawn_run(&job, &ran);
        bytes_printf(&why, "it exits %d", ran.exit_code);
        if (e == OK)
                hook_test_say(t, ran.exit_code == PLUGIN_MISCONFIGURED, "an unknown step exits 78", bytes_text(&why));
        spawn_result_done(&ran);
        return e;
}

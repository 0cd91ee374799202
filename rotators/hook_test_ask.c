#include "rotators/hook_test_ask.h"
#include "base/clock.h"
#include "base/spawn.h"
#include "rotators/hook_test_watch.h"
#include <string.h>

#define ANSWER_DEPTH 4u
#define HANDLE_MAX   200u
#define WHY_MAX      400u

static const char *const sentences[RULES] = {
        [RULE_ENDS] = "every step ends by itself in time, and prints no more than 64 KiB",
        [RULE_OUTPUT] = "stdout has progress lines and one last answer, in the contract's words",
        [RULE_AGREES] = "exit code and answer say the same",
        [RULE_QUIET] = "no value is printed, on stdout or stderr",
        [RULE_ARGUMENTS] = "no value was seen in arguments or environment",
        [RULE_SERVES] = "`serve` answers every request once, with `exit` and its `sequence`",
};

void hook_test_say(struct hook_test *t, bool held, const char *sentence, const char *why)
{
        t->held += held;
        t->broken += !held;
        printf("%s - %s%s%s%s\n", held ? "ok" : "not ok", t->is_served ? "serve: " : "", sentence, held ? "" : ": ",
               held ? "" : why);
        fflush(stdout);
}

void hook_test_say_rules(struct hook_test *t)
{
        for (size_t i = 0; i < RULES; i++)
                if (i != RULE_SERVES || t->hook->can_serve)
                        hook_test_say(t, t->breach[i].n == 0, sentences[i], bytes_text(&t->breach[i]));
}

bool hook_test_is_broken(const struct hook_test *t)
{
        bool is_broken = t->broken > 0;
        for (size_t i = 0; i < RULES; i++)
                is_broken |= t->breach[i].n > 0;
        return is_broken;
}

void hook_test_done(struct hook_test *t)
{
        spawn_talk_close(t->talk, 0);
        for (size_t i = 0; i < RULES; i++)
                bytes_done(&t->breach[i]);
}

void told_done(struct told *told)
{
        hook_result_done(&told->result);
}

static void breach(struct hook_test *t, enum run_rule rule, const struct ask *a, const char *how)
{
        if (t->breach[rule].n == 0)
                bytes_printf(&t->breach[rule], "`%s`%s %s", a->step, a->is_garbage ? " with malformed input" : "",
                             how);
}

/* ---- output ---- */

static bool is_progress(json_t *line)
{
        return json_object_size(line) == 1 && json_is_string(json_object_get(line, "progress"));
}

static bool is_text_within(json_t *value, size_t max)
{
        return !value || (json_is_string(value) && json_string_length(value) <= max);
}

static bool is_handle(json_t *value)
{
        if (!value)
                return true;
        const char *text = json_string_value(value);
        size_t n = text ? strlen(text) : 0;
        for (size_t i = 0; i < n; i++)
                if (text[i] < ' ' || text[i] > '~')
                        return false;
        return text && n >= 1 && n <= HANDLE_MAX;
}

static bool is_pause(json_t *value)
{
        return !value || json_integer_value(value) > 0;
}

/* What is wrong with the answer, or NULL. */
static const char *fault_of_answer(json_t *line)
{
        static const char *const known[] = {"status", "handle", "evidence", "value", "why", "retry_after_s"};
        const char *key;
        json_t *value;
        size_t n_known = 0;
        for (size_t i = 0; i < COUNT_OF(known); i++)
                n_known += json_object_get(line, known[i]) != NULL;
        json_object_foreach (line, key, value)
                if (!json_is_string(value) && strcmp(key, "retry_after_s") != 0)
                        return "answers with a value that is no text";
        if (n_known != json_object_size(line))
                return "answers with a key that the contract does not have";
        if (!json_object_get(line, "status"))
                return "ends without a `status`";
        if (!is_handle(json_object_get(line, "handle")))
                return "gives a handle that is not 1 to 200 printable characters";
        if (!is_pause(json_object_get(line, "retry_after_s")))
                return "gives a `retry_after_s` that is no number of seconds";
        if (!is_text_within(json_object_get(line, "why"), WHY_MAX))
                return "gives a `why` of more than 400 bytes";
        return NULL;
}

static const char *fault_of_line(struct span line, bool is_last)
{
        CLEANUP_JSON json_t *said = NULL;
        if (json_read(line, ANSWER_DEPTH, &said) != OK || !json_is_object(said))
                return "prints a line that is no JSON object";
        if (is_last)
                return fault_of_answer(said);
        return is_progress(said) ? NULL : "prints something else than progress before its answer";
}

static const char *fault_of_output(struct span out)
{
        const char *fault = NULL;
        size_t at = 0;
        if (out.n == 0 || out.p[out.n - 1] != '\n')
                return "does not end its answer with a newline";
        while (!fault && at < out.n) {
                const unsigned char *end = memchr(out.p + at, '\n', out.n - at);
                size_t n = (size_t)(end - out.p) - at;
                fault = fault_of_line(span_of(out.p + at, n), at + n + 1 == out.n);
                at += n + 1;
        }
        return fault;
}

/* ---- the rules ---- */

/* Its stdout holds secrets on purpose. */
static bool is_prepare(const struct ask *a)
{
        return !strcmp(a->step, "prepare");
}

static void judge_leak(struct hook_test *t, const struct ask *a, const struct spawn_result *ran, struct told *ret)
{
        for (size_t i = 0; i < HOOK_TEST_VALUES; i++) {
                bool is_out = !is_prepare(a) && hook_prints_secret(t->hook, t->value[i], bytes_span(&ran->out));
                bool is_err = hook_prints_secret(t->hook, t->value[i], bytes_span(&ran->err));
                if (is_out || is_err)
                        breach(t, RULE_QUIET, a, is_out ? "printed a value on stdout" : "printed a value on stderr");
                ret->result.has_leaked |= is_out || is_err;
        }
}

static void judge_end(struct hook_test *t, const struct ask *a, const struct spawn_result *ran, struct told *ret)
{
        ret->exit_code = ran->exit_code;
        ret->was_killed = ran->timed_out && a->kill_after_ms > 0;
        ret->has_ended_late = (ran->timed_out && a->kill_after_ms == 0) || ran->output_capped;
        if (ran->output_capped)
                breach(t, RULE_ENDS, a, "printed without end and was killed");
        else if (ret->has_ended_late)
                breach(t, RULE_ENDS, a, "did not end in its time and was killed");
}

static void judge_answer(struct hook_test *t, const struct ask *a, const struct spawn_result *ran, struct told *ret)
{
        CLEANUP_BYTES struct bytes how = BYTES_NONE;
        ret->result.exit = PLUGIN_UNKNOWN;
        if (ret->result.has_leaked || ret->was_killed || ret->has_ended_late)
                return;
        const char *fault = is_prepare(a) ? NULL : fault_of_output(bytes_span(&ran->out));
        if (fault)
                breach(t, RULE_OUTPUT, a, fault);
        if (is_prepare(a))
                hook_read_prepared(ran->exit_code, bytes_span(&ran->out), &ret->result);
        else
                hook_read_answer(ran->exit_code, bytes_span(&ran->out), &ret->result);
        if (ret->result.exit == PLUGIN_UNKNOWN && ran->exit_code != PLUGIN_UNKNOWN && !fault) {
                bytes_printf(&how, "exits %d, but its answer does not say so", ran->exit_code);
                breach(t, RULE_AGREES, a, bytes_text(&how));
        }
}

static void judge(struct hook_test *t, const struct ask *a, const struct spawn_result *ran, struct watch *w,
                  struct told *ret)
{
        judge_leak(t, a, ran, ret);
        judge_end(t, a, ran, ret);
        judge_answer(t, a, ran, ret);
        if (w->found.n > 0)
                breach(t, RULE_ARGUMENTS, a, bytes_text(&w->found));
}

MUST_CHECK static enum err write_request(struct hook_test *t, const struct ask *a, struct secret *ret)
{
        const struct hook_call call = {.hook = t->hook,
                                       .step = a->step,
                                       .credential = "breakglass/hook-test",
                                       .idempotency_key = "hook-test",
                                       .handle = a->handle,
                                       .old_handle = a->old_handle,
                                       .is_prepare = is_prepare(a),
                                       .roster_config = span_text("{}"),
                                       .pending = a->pending,
                                       .opened = a->opened,
                                       .sequence = t->is_served ? ++t->sequence : 0,
                                       .timeout_ms = t->timeout_ms};
        return hook_write_request(&call, ret);
}

MUST_CHECK static enum err ask_step(const struct hook_test *t, const struct ask *a, struct span text,
                                    struct spawn_result *ret)
{
        const char *const argv[] = {t->hook->program, a->step, NULL};
        const struct spawn_job job = {.path = t->hook->program,
                                      .argv = argv,
                                      .input = text,
                                      .is_output_secret = is_prepare(a),
                                      .timeout_ms = a->kill_after_ms ? a->kill_after_ms : t->timeout_ms,
                                      .grace_ms = a->kill_after_ms ? -1 : 0};
        return spawn_run(&job, ret);
}

enum err hook_test_ask(struct hook_test *t, const struct ask *a, struct told *ret)
{
        CLEANUP_SECRET struct secret request = SECRET_NONE;
        struct spawn_result ran = {0};
        const char *fault = NULL;
        struct watch w;
        enum err e = a->is_garbage ? OK : write_request(t, a, &request);
        if (e != OK || (e = watch_start(&w, t->hook, t->value, HOOK_TEST_VALUES)) != OK)
                return e;
        struct span text = a->is_garbage ? a->text : span_of(request.bytes, request.len);
        int64_t began_ms = clock_monotonic_ms();
        e = t->is_served ? hook_test_ask_server(t, a, text, &ran, &fault) : ask_step(t, a, text, &ran);
        watch_stop(&w);
        *ret = (struct told){0};
        if (!strcmp(a->step, "set") && !a->is_garbage && a->kill_after_ms == 0)
                t->set_ms = clock_monotonic_ms() - began_ms;
        if (e == OK)
                judge(t, a, &ran, &w, ret);
        if (e == OK && fault && !ret->was_killed && !ret->has_ended_late)
                breach(t, RULE_SERVES, a, fault);
        spawn_result_done(&ran);
        bytes_done(&w.found);
        return e;
}

/* The same questions to a hook that stays for many steps. */
#include "base/clock.h"
#include "base/spawn.h"
#include "rotators/hook_server.h"
#include "rotators/hook_test_ask.h"
#include "rotators/hooks/scan.h"
#include <string.h>

#define END_MS (5 * SECOND_MS)

static bool is_last(void *context, struct span text)
{
        struct hook_line *last = context;
        *last = hook_line_read(text);
        return last->is_last || !last->is_object;
}

/* Only one line is one request. */
MUST_CHECK static enum err make_line(struct span text, struct secret *ret)
{
        enum err e = secret_new(text.n + 1, ret);
        for (size_t i = 0; e == OK && i < text.n; i++)
                ret->bytes[i] = text.p[i] == '\n' ? ' ' : text.p[i];
        if (e == OK)
                ret->bytes[text.n] = '\n';
        return e;
}

/* ---- the answer as one of a step ---- */

static size_t start_of_last_line(struct span out)
{
        size_t at = out.n > 0 ? out.n - 1 : 0;
        while (at > 0 && out.p[at - 1] != '\n')
                at--;
        return at;
}

static void put(struct bytes *to, const void *p, size_t n)
{
        memcpy(to->p + to->n, p, n);
        to->n += n;
}

/* Never longer than it was. */
static void copy_pairs(struct span line, struct bytes *to)
{
        struct scan s = scan_begin(line);
        struct span key;
        bool is_first = true;
        scan_enter(&s);
        put(to, "{", 1);
        while (scan_any_key(&s, &key)) {
                struct span value = scan_value(&s);
                if (span_is(key, "exit") || span_is(key, "sequence"))
                        continue;
                put(to, is_first ? "\"" : ",\"", is_first ? 1 : 2);
                put(to, key.p, key.n);
                put(to, "\":", 2);
                put(to, value.p, value.n);
                is_first = false;
        }
        put(to, "}\n", 2);
}

MUST_CHECK static enum err copy_answer(const struct spawn_result *said, bool is_whole, struct spawn_result *ret)
{
        struct span out = bytes_span(&said->out);
        enum err e = secret_new(out.n + 4, &ret->locked_);
        if (e != OK)
                return e;
        ret->out = (struct bytes){.p = ret->locked_.bytes, .cap = ret->locked_.len};
        size_t last = is_whole ? start_of_last_line(out) : out.n;
        put(&ret->out, out.p, last);
        if (is_whole)
                copy_pairs(span_of(out.p + last, out.n - 1 - last), &ret->out);
        ret->out.p[ret->out.n] = '\0';
        bytes_add_span(&ret->err, bytes_span(&said->err));
        ret->timed_out = said->timed_out;
        ret->output_capped = said->output_capped;
        return OK;
}

/* ---- asking ---- */

/* Whoever got garbage cannot know its number. */
static const char *fault_of(const struct hook_test *t, const struct ask *a, const struct hook_line *last,
                            bool is_answered)
{
        if (!is_answered)
                return "ended, or went on behind its last line, instead of one answer";
        if (!last->is_object)
                return "answers with a line that is no JSON object";
        if (last->exit < 0 || last->exit > 255)
                return "answers without its `exit`";
        return a->is_garbage || last->sequence == t->sequence ? NULL
                                                              : "answers without the `sequence` of its request";
}

MUST_CHECK static enum err begin(struct hook_test *t)
{
        if (t->talk && spawn_talk_is_ready(t->talk))
                return OK;
        spawn_talk_close(t->talk, 0);
        t->talk = NULL;
        t->argv[0] = t->hook->program;
        t->argv[1] = "serve";
        const struct spawn_job job = {.path = t->hook->program, .argv = t->argv, .grace_ms = -1};
        return spawn_talk_open(&job, &t->talk);
}

enum err hook_test_ask_server(struct hook_test *t, const struct ask *a, struct span text, struct spawn_result *ret,
                              const char **ret_fault)
{
        CLEANUP_SECRET struct secret line = SECRET_NONE;
        struct hook_line last = {.exit = HOOK_NO_NUMBER};
        const struct spawn_result *said = NULL;
        bool is_answered = false;
        enum err e;
        if ((e = begin(t)) != OK || (e = make_line(text, &line)) != OK)
                return e;
        const struct spawn_question q = {.input = span_of(line.bytes, line.len),
                                         .timeout_ms = a->kill_after_ms ? a->kill_after_ms : t->timeout_ms,
                                         .is_last = is_last,
                                         .context = &last};
        if ((e = spawn_talk_ask(t->talk, &q, &said, &is_answered)) != OK)
                return e;
        *ret_fault = fault_of(t, a, &last, is_answered);
        ret->exit_code = *ret_fault ? PLUGIN_UNKNOWN : (int)last.exit;
        return copy_answer(said, is_answered && last.is_object, ret);
}

void hook_test_ends_server(struct hook_test *t)
{
        if (!t->talk)
                return;
        int64_t began_ms = clock_monotonic_ms();
        spawn_talk_close(t->talk, END_MS);
        t->talk = NULL;
        hook_test_say(t, clock_monotonic_ms() - began_ms < END_MS, "the process ends with its input",
                      "it had to be killed");
}

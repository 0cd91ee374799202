/* The hook for the user's own programs: the configuration says what to run for each step, the value is on its stdin,
 * its exit code is the answer. No JSON, no shell, no secret in an argument.
 *
 * The target has to know one value at a time. The handle is what the program of `handle` prints. */
#include "base/file.h"
#include "base/spawn.h"
#include "rotators/hooks/single.h"
#include <string.h>

#define STEP_TIMEOUT_MS (INT64_C(10) * 60 * 1000)
#define MARGIN_MS       1000 /* so that we can still say what became of it */
#define WORDS_MAX       32u
#define EXIT_REJECTED   65 /* EX_DATAERR: the target's rules refuse this very value */

static const char description[] =
        "{\"hook\":\"command\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"set\",\"test\"],\"optional\":[\"check\",\"end\",\"handle\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

struct command {
        const struct hook_input *in;
        const char *step; /* for {step} */
};

/* ---- words ---- */

struct words {
        size_t n;
        char *text[WORDS_MAX + 1];
};

static void words_done(struct words *w)
{
        for (size_t i = 0; i < w->n; i++)
                free(w->text[i]);
}

/* {credential}, {handle} and {step} anywhere in a word; none of them can be an option unless the word is one. */
static char *fill_in(const struct command *c, struct span word)
{
        const struct {
                const char *name, *value;
        } places[] = {{"{credential}", c->in->credential},
                      {"{handle}", c->in->handle ? c->in->handle : ""},
                      {"{step}", c->step}};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        for (size_t at = 0; at < word.n;) {
                size_t used = 0;
                for (size_t i = 0; used == 0 && i < COUNT_OF(places); i++) {
                        size_t n = strlen(places[i].name);
                        if (n <= word.n - at && !memcmp(word.p + at, places[i].name, n)) {
                                bytes_add_text(&text, places[i].value);
                                used = n;
                        }
                }
                if (used == 0)
                        bytes_add_byte(&text, word.p[at++]);
                at += used;
        }
        return mem_text(bytes_text(&text));
}

/* Words stand between single spaces; there are no quotes. Errors: ERR_CONFIG with the reason; n is 0 where the key is
 * missing. */
MUST_CHECK static enum err read_words(const struct command *c, const char *key, struct words *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = hook_config(c->in, key, "", &text);
        struct span left = bytes_span(&text);
        while (e == OK && left.n > 0) {
                const unsigned char *space = memchr(left.p, ' ', left.n);
                size_t n = space ? (size_t)(space - left.p) : left.n;
                if (n == 0 || ret->n == WORDS_MAX)
                        return err_because(ERR_CONFIG, "config: `%s` is at most %u words with one space between", key,
                                           WORDS_MAX);
                ret->text[ret->n++] = fill_in(c, span_of(left.p, n));
                left = span_of(left.p + n + (space != NULL), left.n - n - (space != NULL));
        }
        if (e == OK && ret->n > 0)
                e = file_check_program(ret->text[0]);
        return e == OK || e == ERR_CONFIG ? e : err_because(ERR_CONFIG, "config: `%s`: %s", key, err_sentence(e));
}

/* ---- running ---- */

struct ran {
        bool is_configured, has_ended; /* has_ended: by itself, in time */
        int exit_code;
        struct bytes out;
};

/* false with an answer when nothing ran. What it says on stderr goes to ours; the rotator looks there for leaks. */
MUST_CHECK static bool run_program(const struct command *c, const char *key, const struct hook_field *value,
                                   struct ran *ret, struct hook_answer *a)
{
        struct words words = {0};
        struct spawn_result result = {0};
        int64_t left_ms = hook_time_left_ms(c->in, STEP_TIMEOUT_MS);
        enum err e = read_words(c, key, &words);
        const struct spawn_job job = {.path = words.text[0],
                                      .argv = (const char *const *)words.text,
                                      .input = value ? span_of(value->value, value->len) : span_of("", 0),
                                      .timeout_ms = left_ms > 2 * MARGIN_MS ? left_ms - MARGIN_MS : left_ms,
                                      .grace_ms = MARGIN_MS / 2,
                                      .stays_in_group = true};
        *ret = (struct ran){.is_configured = words.n > 0};
        if (e == OK && words.n > 0)
                e = spawn_run(&job, &result);
        if (e == OK && words.n > 0) {
                ret->has_ended = !result.timed_out && !result.output_capped && result.exit_code < 128;
                ret->exit_code = result.exit_code;
                bytes_add_span(&ret->out, bytes_span(&result.out));
                e = fd_write_all(STDERR_FILENO, result.err.p, result.err.n);
        }
        spawn_result_done(&result);
        words_done(&words);
        if (e != OK)
                hook_fail(a, e == ERR_CONFIG ? PLUGIN_MISCONFIGURED : PLUGIN_TRY_AGAIN, "%s", err_reason());
        return e == OK;
}

/* What an exit code means; anything that is not in the list may have done anything. */
static enum plugin_exit meaning_of(const struct ran *r)
{
        static const enum plugin_exit known[] = {PLUGIN_OK, PLUGIN_FAILED, PLUGIN_TRY_AGAIN, PLUGIN_REFUSED,
                                                 PLUGIN_MISCONFIGURED};
        for (size_t i = 0; r->has_ended && i < COUNT_OF(known); i++)
                if (r->exit_code == (int)known[i])
                        return known[i];
        return PLUGIN_UNKNOWN;
}

static void fail(const struct ran *r, const char *key, enum plugin_exit exit, struct hook_answer *a)
{
        if (r->has_ended)
                hook_fail(a, exit, "the program of `%s` exits %d", key, r->exit_code);
        else
                hook_fail(a, exit, "the program of `%s` did not end by itself", key);
}

/* Runs what changes nothing, or can be run again: without an answer it is simply tried again. */
MUST_CHECK static bool must_run(const struct command *c, const char *key, const struct hook_field *value,
                                struct hook_answer *a)
{
        struct ran r = {0};
        if (!run_program(c, key, value, &r, a))
                return false;
        enum plugin_exit exit = meaning_of(&r);
        if (r.is_configured && exit != PLUGIN_OK)
                fail(&r, key, exit == PLUGIN_UNKNOWN ? PLUGIN_TRY_AGAIN : exit, a);
        bytes_done(&r.out);
        return !r.is_configured || exit == PLUGIN_OK;
}

/* ---- steps ---- */

static bool check(void *self, struct hook_answer *a)
{
        return must_run(self, "check", NULL, a);
}

static bool set(void *self, const struct hook_field *value, struct hook_answer *a)
{
        struct ran r = {0};
        if (!run_program(self, "set", value, &r, a))
                return false;
        bool is_rejected = r.has_ended && r.exit_code == EXIT_REJECTED;
        enum plugin_exit exit = is_rejected ? PLUGIN_FAILED : meaning_of(&r);
        if (exit != PLUGIN_OK)
                fail(&r, "set", exit, a);
        a->is_value_rejected = is_rejected;
        bytes_done(&r.out);
        return exit == PLUGIN_OK;
}

/* 0: let in; 1: refused; anything else says nothing about the value. */
static bool try_login(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a)
{
        struct ran r = {0};
        if (!run_program(self, "test", value, &r, a))
                return false;
        enum plugin_exit exit = meaning_of(&r);
        bool is_known = exit == PLUGIN_OK || exit == PLUGIN_FAILED;
        *ret_is_in = exit == PLUGIN_OK;
        if (!is_known)
                fail(&r, "test", exit == PLUGIN_UNKNOWN ? PLUGIN_TRY_AGAIN : exit, a);
        bytes_done(&r.out);
        return is_known;
}

static bool end_sessions(void *self, const char *handle, struct hook_answer *a)
{
        return must_run(self, "end", NULL, a);
}

/* The first line, where it is printable and short enough. */
static void read_handle(const struct command *c, struct bytes *ret)
{
        struct hook_answer ignored = {0};
        struct ran r = {0};
        bool is_there =
                run_program(c, "handle", NULL, &r, &ignored) && r.is_configured && r.has_ended && r.exit_code == 0;
        size_t n = is_there ? strcspn(bytes_text(&r.out), "\r\n") : 0;
        for (size_t i = 0; i < n; i++)
                is_there &= r.out.p[i] >= ' ' && r.out.p[i] <= '~';
        if (is_there && n <= HANDLE_MAX)
                bytes_add(ret, r.out.p, n);
        bytes_done(&r.out);
        hook_answer_done(&ignored);
}

static void take_handle(void *self, struct hook_answer *a)
{
        bytes_clear(&a->handle);
        read_handle(self, &a->handle);
}

static bool is_as_set(void *self, const char *handle)
{
        CLEANUP_BYTES struct bytes now = BYTES_NONE;
        read_handle(self, &now);
        return now.n > 0 && span_is(bytes_span(&now), handle);
}

/* Every program is looked at before any is run. */
MUST_CHECK static enum err check_config(const struct command *c)
{
        static const char *const known[] = {"set", "test", "check", "end", "handle", "field", NULL};
        enum err e = hook_config_check(c->in, known);
        for (size_t i = 0; e == OK && i < 5; i++) {
                struct words words = {0};
                e = read_words(c, known[i], &words);
                if (e == OK && i < 2 && words.n == 0)
                        e = err_because(ERR_CONFIG, "config: `%s` is missing", known[i]);
                words_done(&words);
        }
        return e;
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        static const char *const words[HOOK_STEPS] = {[HOOK_CHECK] = "check",         [HOOK_SET] = "set",
                                                      [HOOK_TEST] = "test",           [HOOK_REVOKE] = "revoke",
                                                      [HOOK_RECONCILE] = "reconcile", [HOOK_PREPARE] = "prepare"};
        struct command c = {.in = in, .step = words[step]};
        const struct single_target target = {.self = &c,
                                             .check = check,
                                             .set = set,
                                             .try_login = try_login,
                                             .end_sessions = end_sessions,
                                             .take_handle = take_handle,
                                             .is_as_set = is_as_set};
        if (check_config(&c) == OK)
                single_run(&target, step, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
}

int main(int argc, char **argv)
{
        static const struct hook hook = {.name = "command", .description = description, .run = run};
        return hook_main(&hook, argc, argv);
}

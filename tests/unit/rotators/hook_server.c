#include "rotators/hook_server.h"
#include "base/clock.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#define ANSWER(more) "printf '{\"status\":\"ok\"" more ",\"exit\":0,\"sequence\":%s}\\n' \"$n\""

static char folder[] = "/tmp/breakglass-server-XXXXXX";
static struct hook_entry hook = {.name = "script", .can_serve = true};
static struct hook_server *server;
static struct document earlier, pending;

static void set_up(void)
{
        cr_assert(mkdtemp(folder));
        hook.program = path_join(folder, "hook");
        hook.config = json_object();
}

static void tear_down(void)
{
        char command[80];
        snprintf(command, sizeof command, "rm -r %s", folder);
        cr_expect_eq(system(command), 0);
        document_wipe(&pending);
        document_wipe(&earlier);
        free((char *)hook.program);
        json_decref(hook.config);
}

TestSuite(hook_server, .init = set_up, .fini = tear_down, .timeout = 60);

static struct document make_document(const char *value)
{
        struct document d = {0};
        const struct document_field f = {"password", (const unsigned char *)value, strlen(value)};
        cr_assert_eq(document_build("prod/db", 2, &f, 1, &d), OK);
        return d;
}

/* What a shell does with each request; its number is in $n. */
static void start(const char *body)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bytes_printf(&text,
                     "#!/bin/sh\n[ \"$1\" = serve ] || exit 78\nwhile read -r request; do\n"
                     "n=${request#*\\\"sequence\\\":}; n=${n%%%%,*}\n%s\ndone\n",
                     body);
        cr_assert_eq(file_write(hook.program, 0700, bytes_span(&text)), OK);
        cr_assert_eq(hook_server_start(&hook, &server), OK, "%s", err_reason());
}

static struct hook_result ask_step(const char *step, int64_t sequence, int64_t timeout_ms)
{
        CLEANUP_SECRET struct secret request = SECRET_NONE;
        struct hook_result result = {0};
        if (!pending.raw.bytes)
                pending = make_document("correct horse");
        const struct hook_call call = {.hook = &hook,
                                       .step = step,
                                       .is_prepare = !strcmp(step, "prepare"),
                                       .credential = "prod/db",
                                       .idempotency_key = "k",
                                       .roster_config = span_text("{}"),
                                       .pending = &pending,
                                       .timeout_ms = timeout_ms,
                                       .sequence = sequence};
        cr_assert_eq(hook_write_request(&call, &request), OK);
        cr_assert_eq(hook_server_run(server, &call, &request, &result), OK, "%s", err_reason());
        return result;
}

static void expect_answer(int64_t sequence, enum plugin_exit exit, const char *why, bool lives)
{
        struct hook_result r = ask_step("test", sequence, MINUTE_MS);
        cr_expect_eq(r.exit, exit, "%d: %s", (int)r.exit, bytes_text(&r.why));
        cr_expect(strstr(bytes_text(&r.why), why), "%s", bytes_text(&r.why));
        cr_expect_eq(hook_server_is_ready(server), lives);
        hook_result_done(&r);
}

static void stop(void)
{
        hook_server_stop(server);
        cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
}

Test(hook_server, each_request_has_its_own_answer)
{
        start("i=$((i + 1)); echo '{\"progress\":\"busy\"}'\n" ANSWER(",\"evidence\":\"works\",\"handle\":\"'$i'\""));
        for (int i = 1; i <= 3; i++) {
                char count[8];
                struct hook_result r = ask_step("test", i + 40, MINUTE_MS);
                snprintf(count, sizeof count, "%d", i);
                cr_expect_eq(r.exit, PLUGIN_OK, "%s", bytes_text(&r.why));
                cr_expect_str_eq(r.evidence, "works");
                cr_expect_str_eq(bytes_text(&r.handle), count, "the same process");
                hook_result_done(&r);
        }
        stop();
}

Test(hook_server, a_failure_is_said_as_by_any_hook_and_the_process_stays)
{
        start("printf '{\"status\":\"failed\",\"value\":\"rejected\",\"why\":\"too "
              "short\",\"exit\":1,\"sequence\":%s}\\n' $n");
        struct hook_result r = ask_step("set", 1, MINUTE_MS);
        cr_expect_eq(r.exit, PLUGIN_FAILED);
        cr_expect(r.is_value_rejected);
        cr_expect_str_eq(bytes_text(&r.why), "too short");
        cr_expect(hook_server_is_ready(server));
        hook_result_done(&r);
        stop();
}

Test(hook_server, the_answer_to_another_request_is_none)
{
        start("echo '{\"status\":\"ok\",\"exit\":0,\"sequence\":7}'");
        expect_answer(8, PLUGIN_UNKNOWN, "another request", false);
        stop();
}

Test(hook_server, an_answer_without_its_number_or_exit_is_none)
{
        static const char *const bodies[] = {
                "echo '{\"status\":\"ok\",\"exit\":0}'",
                "echo '{\"status\":\"ok\",\"exit\":\"0\",\"sequence\":1}'",
                "echo '{\"status\":\"ok\",\"exit\":-1,\"sequence\":1}'",
                "echo '{\"status\":\"ok\",\"exit\":256,\"sequence\":1}'",
                "echo '{\"status\":\"ok\",\"exit\":0,\"sequence\":1} x'",
                "echo done",
                "echo '[]'",
        };
        for (size_t i = 0; i < COUNT_OF(bodies); i++) {
                start(bodies[i]);
                expect_answer(1, PLUGIN_UNKNOWN, "answer", false);
                stop();
        }
}

Test(hook_server, exit_and_status_must_agree)
{
        start("printf '{\"status\":\"failed\",\"exit\":0,\"sequence\":%s}\\n' $n");
        expect_answer(1, PLUGIN_UNKNOWN, "does not say so", true);
        stop();
}

Test(hook_server, a_death_in_the_middle_leaves_it_open)
{
        start("echo '{\"progress\":\"half\"}'; kill -9 $$");
        expect_answer(1, PLUGIN_UNKNOWN, "without a whole answer", false);
        stop();
}

/* What looks like the answer of a step in a process of its own: exit 0, the last line says ok. */
Test(hook_server, the_end_of_the_process_is_no_answer)
{
        start("printf '{\"status\":\"ok\",\"exit\":0,\"sequence\":1}'; exit 0");
        expect_answer(1, PLUGIN_UNKNOWN, "without a whole answer", false);
        stop();
}

Test(hook_server, one_that_passes_its_deadline_is_killed)
{
        start("sleep 1000");
        struct hook_result r = ask_step("set", 1, 200);
        cr_expect_eq(r.exit, PLUGIN_UNKNOWN);
        cr_expect(strstr(bytes_text(&r.why), "in time"), "%s", bytes_text(&r.why));
        cr_expect_not(hook_server_is_ready(server));
        hook_result_done(&r);
        stop();
}

Test(hook_server, nothing_is_asked_of_one_that_has_ended)
{
        CLEANUP_SECRET struct secret request = SECRET_NONE;
        struct hook_result r = {0};
        start("echo done");
        expect_answer(1, PLUGIN_UNKNOWN, "no answer", false);
        const struct hook_call call = {.hook = &hook, .step = "test", .timeout_ms = MINUTE_MS, .sequence = 2};
        cr_assert_eq(secret_copy("{}\n", 3, &request), OK);
        cr_expect_eq(hook_server_run(server, &call, &request, &r), OK, "one hook's end is not the rotator's");
        cr_expect_eq(r.exit, PLUGIN_UNKNOWN);
        cr_expect(strstr(bytes_text(&r.why), "before it was asked"), "%s", bytes_text(&r.why));
        hook_result_done(&r);
        stop();
}

Test(hook_server, a_printed_secret_is_withheld)
{
        start("echo \"$request\" >&2\n" ANSWER(",\"handle\":\"h\""));
        struct hook_result r = ask_step("test", 1, MINUTE_MS);
        cr_expect(r.has_leaked);
        cr_expect_eq(r.exit, PLUGIN_UNKNOWN);
        cr_expect_eq(r.handle.n, 0);
        hook_result_done(&r);
        stop();
}

Test(hook_server, so_is_one_of_the_request_before)
{
        struct document none = {0};
        start(ANSWER(",\"why\":\"battery staple\""));
        earlier = make_document("battery staple");
        hook_server_remember(server, &none, &earlier);
        cr_expect_null(earlier.raw.bytes, "taken over");
        struct hook_result r = ask_step("test", 1, MINUTE_MS);
        cr_expect(r.has_leaked);
        cr_expect_not(strstr(bytes_text(&r.why), "staple"));
        hook_result_done(&r);
        stop();
}

Test(hook_server, what_prepare_makes_comes_in_fields)
{
        start(ANSWER(",\"fields\":{\"key\":\"bWFkZSBieSB0aGUgdGFyZ2V0\"}"));
        struct hook_result r = ask_step("prepare", 1, MINUTE_MS);
        cr_expect_eq(r.exit, PLUGIN_OK, "%s", bytes_text(&r.why));
        cr_assert_eq(r.fields.n, 1);
        cr_expect_str_eq((const char *)r.fields.field[0].value, "made by the target");
        hook_result_done(&r);
        stop();
}

Test(hook_server, what_cannot_be_started_says_why)
{
        cr_expect_eq(hook_server_start(&hook, &server), ERR_NO_ENTRY);
}

#include "rotators/hook_call.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/breakglass-hook-XXXXXX";

static void set_up(void)
{
        cr_assert(mkdtemp(folder));
}

static void tear_down(void)
{
        char command[80];
        snprintf(command, sizeof command, "rm -r %s", folder);
        cr_expect_eq(system(command), 0);
}

TestSuite(hook_call, .init = set_up, .fini = tear_down);

static struct document make_document(const char *value)
{
        struct document d = {0};
        const struct document_field f = {"password", (const unsigned char *)value, strlen(value)};
        cr_assert_eq(document_build("prod/db", 2, &f, 1, &d), OK);
        return d;
}

/* Runs a shell script as a step of a hook. */
static struct hook_result run_step(const char *step, const char *body, int64_t timeout_ms)
{
        CLEANUP_FREE char *path = path_join(folder, "hook");
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_DOCUMENT struct document pending = make_document("correct horse"), opened = make_document("battery");
        struct hook_entry hook = {
                .name = "script", .program = path, .config = json_object(), .n_open = 1, .open_field = {"user"}};
        struct hook_result result = {0};
        bytes_printf(&text, "#!/bin/sh\n%s\n", body);
        cr_assert_eq(file_write(path, 0700, bytes_span(&text)), OK);
        json_object_set_new(hook.config, "admin", json_string("ours"));
        const struct hook_call call = {.hook = &hook,
                                       .step = step,
                                       .is_prepare = !strcmp(step, "prepare"),
                                       .credential = "prod/db",
                                       .idempotency_key = "k",
                                       .handle = "h",
                                       .old_handle = "the one before",
                                       .roster_config = span_text("{\"admin\":\"the roster's\",\"role\":\"r\"}"),
                                       .pending = &pending,
                                       .opened = &opened,
                                       .timeout_ms = timeout_ms};
        cr_assert_eq(hook_run(&call, &result), OK, "%s", err_reason());
        json_decref(hook.config);
        return result;
}

static struct hook_result run_script(const char *body, int64_t timeout_ms)
{
        return run_step("set", body, timeout_ms);
}

Test(hook_call, our_own_configuration_wins_over_the_rosters)
{
        struct hook_result r = run_script("read -r line; case $line in\n"
                                          "*'\"admin\":\"ours\"'*) echo '{\"status\":\"ok\",\"handle\":\"H\"}';;\n"
                                          "*) echo '{\"status\":\"failed\"}'; exit 1;; esac",
                                          20000);
        cr_expect_eq(r.exit, PLUGIN_OK, "%s", bytes_text(&r.why));
        cr_expect_str_eq(bytes_text(&r.handle), "H");
        hook_result_done(&r);
}

Test(hook_call, the_request_has_the_secrets_in_base64_and_is_one_object)
{
        CLEANUP_DOCUMENT struct document pending = make_document("correct horse"), opened = make_document("battery");
        CLEANUP_SECRET struct secret request = SECRET_NONE;
        CLEANUP_JSON json_t *object = NULL;
        struct hook_entry hook = {.name = "x", .program = "/x", .config = json_object()};
        const struct hook_call call = {.hook = &hook,
                                       .step = "set",
                                       .credential = "prod/db",
                                       .idempotency_key = "k",
                                       .roster_config = span_text("{}"),
                                       .pending = &pending,
                                       .opened = &opened,
                                       .timeout_ms = 1000};
        cr_assert_eq(hook_write_request(&call, &request), OK);
        object = json_loadb((const char *)request.bytes, request.len, JSON_REJECT_DUPLICATES, NULL);
        cr_assert(json_is_object(object));
        cr_expect_str_eq(json_string_value(json_object_get(json_object_get(object, "pending"), "password")),
                         "Y29ycmVjdCBob3JzZQ==");
        cr_expect_str_eq(json_string_value(json_object_get(json_object_get(object, "opened"), "password")),
                         "YmF0dGVyeQ==");
        json_decref(hook.config);
}

Test(hook_call, the_request_says_when_people_made_the_value_in_use)
{
        struct hook_entry entry = {.name = "x", .program = "/x", .config = json_object()};
        for (int by_hand = 0; by_hand < 2; by_hand++) {
                CLEANUP_SECRET struct secret text = SECRET_NONE;
                const struct hook_call call = {.hook = &entry,
                                               .step = "check",
                                               .credential = "db",
                                               .idempotency_key = "k",
                                               .is_old_by_hand = by_hand != 0,
                                               .roster_config = span_of("{}", 2),
                                               .timeout_ms = 60000};
                cr_assert_eq(hook_write_request(&call, &text), OK);
                bool says = memmem(text.bytes, text.len, "\"old_by_hand\":true", 18) != NULL;
                cr_expect_eq(says, by_hand != 0);
        }
        json_decref(entry.config);
}

Test(hook_call, exit_code_and_last_line_must_agree)
{
        static const struct {
                int exit_code;
                const char *out;
                enum plugin_exit exit;
        } rows[] = {
                {0, "{\"status\":\"ok\"}\n", PLUGIN_OK},
                {0, "{\"progress\":\"x\"}\n{\"status\":\"ok\"}", PLUGIN_OK},
                {0, "", PLUGIN_UNKNOWN},
                {0, "done\n", PLUGIN_UNKNOWN},
                {0, "{\"status\":\"failed\"}\n", PLUGIN_UNKNOWN},
                {0, "{\"status\":\"ok\"}\n{\"progress\":\"x\"}\n", PLUGIN_UNKNOWN},
                {1, "{\"status\":\"failed\"}\n", PLUGIN_FAILED},
                {1, "{\"status\":\"ok\"}\n", PLUGIN_UNKNOWN},
                {75, "{\"status\":\"failed\"}\n", PLUGIN_TRY_AGAIN},
                {77, "{\"status\":\"failed\"}\n", PLUGIN_REFUSED},
                {78, "{\"status\":\"failed\"}\n", PLUGIN_MISCONFIGURED},
                {3, "{\"status\":\"unknown\"}\n", PLUGIN_UNKNOWN},
                {2, "{\"status\":\"failed\"}\n", PLUGIN_UNKNOWN},
                {137, "{\"status\":\"ok\"}\n", PLUGIN_UNKNOWN},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct hook_result r = {0};
                hook_read_answer(rows[i].exit_code, span_text(rows[i].out), &r);
                cr_expect_eq(r.exit, rows[i].exit, "row %zu", i);
                hook_result_done(&r);
        }
}

Test(hook_call, only_a_failure_can_reject_a_value)
{
        struct hook_result r = {0};
        hook_read_answer(1, span_text("{\"status\":\"failed\",\"value\":\"rejected\",\"why\":\"too\\nshort\"}"), &r);
        cr_expect(r.is_value_rejected);
        cr_expect_str_eq(bytes_text(&r.why), "too\\nshort");
        hook_result_done(&r);
        r = (struct hook_result){0};
        hook_read_answer(75, span_text("{\"status\":\"failed\",\"value\":\"rejected\"}"), &r);
        cr_expect_not(r.is_value_rejected);
        hook_result_done(&r);
}

Test(hook_call, how_long_to_wait_counts_with_try_again_alone_and_is_bounded)
{
        static const struct {
                int exit_code;
                const char *out;
                int64_t expected;
        } rows[] = {
                {75, "{\"status\":\"failed\",\"retry_after_s\":7}", 7},
                {75, "{\"status\":\"failed\",\"retry_after_s\":9007199254740991}", 3600},
                {75, "{\"status\":\"failed\",\"retry_after_s\":-7}", 0},
                {75, "{\"status\":\"failed\",\"retry_after_s\":\"7\"}", 0},
                {75, "{\"status\":\"failed\"}", 0},
                {1, "{\"status\":\"failed\",\"retry_after_s\":7}", 0},
                {0, "{\"status\":\"ok\",\"retry_after_s\":7}", 0},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct hook_result r = {0};
                hook_read_answer(rows[i].exit_code, span_text(rows[i].out), &r);
                cr_expect_eq(r.retry_after_s, rows[i].expected, "row %zu", i);
                hook_result_done(&r);
        }
}

Test(hook_call, a_hook_that_hangs_or_prints_without_end_is_killed_and_unknown)
{
        struct hook_result r = run_script("exec sleep 1000", 50);
        cr_expect_eq(r.exit, PLUGIN_UNKNOWN);
        hook_result_done(&r);
        r = run_script("exec yes", 20000);
        cr_expect_eq(r.exit, PLUGIN_UNKNOWN);
        hook_result_done(&r);
}

Test(hook_call, a_hook_that_prints_a_secret_is_found_and_withheld)
{
        static const char *const bodies[] = {
                "echo 'the password is correct horse' >&2; echo '{\"status\":\"ok\"}'",
                "echo '{\"status\":\"ok\",\"why\":\"correct horse\"}'",
                "cat >&2; echo '{\"status\":\"ok\"}'",
                "echo '{\"status\":\"ok\",\"handle\":\"battery\"}'",
        };
        for (size_t i = 0; i < COUNT_OF(bodies); i++) {
                struct hook_result r = run_script(bodies[i], 20000);
                cr_expect(r.has_leaked, "row %zu", i);
                cr_expect_eq(r.exit, PLUGIN_UNKNOWN, "row %zu", i);
                cr_expect_null(strstr(bytes_text(&r.why), "horse"), "row %zu", i);
                cr_expect_eq(r.handle.n, 0, "row %zu", i);
                hook_result_done(&r);
        }
        struct hook_result r = run_script("cat >/dev/null; echo '{\"status\":\"ok\"}'", 20000);
        cr_expect_not(r.has_leaked);
        hook_result_done(&r);
}

Test(hook_call, describe_must_give_usable_value_rules)
{
#define WITH(more) "{\"contract\":1,\"value\":{" more "}}"
        static const struct {
                const char *out;
                enum err e;
        } rows[] = {
                {WITH("\"field\":\"password\",\"length\":32,\"alphabet\":\"abcdefgh\""), OK},
                {WITH("\"field\":\"password\",\"length\":32,\"alphabet\":\"abcdefgh\",\"forbidden\":\"bcdefgh\""),
                 ERR_CONFIG},
                {WITH("\"field\":\"password\",\"kind\":\"passphrase\",\"words\":6"), OK},
                {WITH("\"field\":\"password\",\"kind\":\"passphrase\",\"words\":65"), ERR_CONFIG},
                {WITH("\"field\":\"password\",\"kind\":\"ssh-ed25519\""), OK},
                {WITH("\"field\":\"password\",\"kind\":\"rsa\""), ERR_HOOK},
                {WITH("\"kind\":\"target\""), ERR_HOOK}, /* without `prepare` nobody would make it */
                {"{\"contract\":1,\"slots\":3,\"value\":{\"field\":\"password\",\"kind\":\"ssh-ed25519\"}}",
                 ERR_HOOK},
                {"{\"contract\":2,\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":\"abcdefgh\"}}",
                 ERR_HOOK},
                {"{\"contract\":1,\"value\":{\"field\":\"password\",\"length\":3,\"alphabet\":\"abcdefgh\"}}",
                 ERR_CONFIG},
                {"{\"contract\":1}", ERR_HOOK},
                {"hello", ERR_HOOK},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_FREE char *path = path_join(folder, "describe");
                CLEANUP_BYTES struct bytes text = BYTES_NONE;
                struct hook_entry hook = {.name = "x", .program = path};
                bytes_printf(&text, "#!/bin/sh\necho '%s'\n", rows[i].out);
                cr_assert_eq(file_write(path, 0700, bytes_span(&text)), OK);
                cr_expect_eq(hook_describe(&hook), rows[i].e, "row %zu", i);
                if (rows[i].e == OK)
                        cr_expect_str_eq(hook.field, "password");
                free(hook.field);
                free(hook.alphabet);
                free(hook.forbidden);
        }
}

Test(hook_call, describe_says_slots_prepare_and_public_fields)
{
        CLEANUP_FREE char *path = path_join(folder, "describe");
        struct hook_entry hook = {.name = "x", .program = path};
        static const char script[] = "#!/bin/sh\necho '{\"contract\":1,\"slots\":2,\"steps\":[\"check\",\"prepare\"],"
                                     "\"value\":{\"kind\":\"target\",\"public\":[\"id\",7]}}'\n";
        cr_assert_eq(file_write(path, 0700, span_text(script)), OK);
        cr_assert_eq(hook_describe(&hook), OK, "%s", err_reason());
        cr_expect_eq(hook.slots, 2);
        cr_expect(hook.can_prepare);
        cr_expect_eq(hook.rules.kind, VALUE_TARGET);
        cr_assert_eq(hook.n_open, 1);
        cr_expect_str_eq(hook.open_field[0], "id");
        free(hook.open_field[0]);
}

/* ---- prepare ---- */

#define FIELDS "\"fields\":{\"user\":\"YXBwX2I=\",\"key\":\"c2VjcmV0LWtleQ==\"}" /* app_b, secret-key */

Test(hook_call, what_prepare_made_comes_back_as_fields)
{
        struct hook_result r = run_step(
                "prepare",
                "read -r line; case $line in *'\"old_handle\":\"the one before\"'*) ;; *) exit 1;; esac\n"
                "echo '{\"progress\":\"making\"}'; echo '{\"status\":\"ok\",\"handle\":\"app_b\"," FIELDS "}'",
                20000);
        cr_assert_eq(r.exit, PLUGIN_OK, "%s", bytes_text(&r.why));
        cr_assert_eq(r.fields.n, 2);
        cr_expect_str_eq((const char *)hook_field(&r.fields, "user")->value, "app_b");
        cr_expect_str_eq((const char *)hook_field(&r.fields, "key")->value, "secret-key");
        cr_expect_str_eq(bytes_text(&r.handle), "app_b"); /* `user` is public: no leak */
        hook_result_done(&r);
}

Test(hook_call, a_prepare_without_usable_fields_is_unknown)
{
        static const char *const bodies[] = {
                "echo '{\"status\":\"ok\"}'",
                "echo '{\"status\":\"ok\",\"fields\":{}}'",
                "echo '{\"status\":\"ok\",\"fields\":{\"a b\":\"YQ==\"}}'",
                "echo '{\"status\":\"ok\",\"fields\":{\"a\":\"no base64\"}}'",
                "echo '{\"status\":\"ok\",\"fields\":[1]}'",
                "echo '{\"status\":\"ok\"," FIELDS "}'; exit 1",
                "echo nonsense",
        };
        for (size_t i = 0; i < COUNT_OF(bodies); i++) {
                struct hook_result r = run_step("prepare", bodies[i], 20000);
                cr_expect_eq(r.exit, PLUGIN_UNKNOWN, "row %zu", i);
                hook_result_done(&r);
        }
}

Test(hook_call, what_prepare_made_is_a_secret_on_stderr)
{
        static const char *const bodies[] = {
                "echo 'made secret-key' >&2; echo '{\"status\":\"ok\"," FIELDS "}'",
                "echo '{\"status\":\"ok\",\"handle\":\"secret-key\"," FIELDS "}'",
                "echo '{\"status\":\"ok\",\"why\":\"c2VjcmV0LWtleQ\"," FIELDS "}'",
        };
        for (size_t i = 0; i < COUNT_OF(bodies); i++) {
                struct hook_result r = run_step("prepare", bodies[i], 20000);
                cr_expect(r.has_leaked, "row %zu", i);
                cr_expect_eq(r.exit, PLUGIN_UNKNOWN, "row %zu", i);
                cr_expect_eq(r.handle.n, 0, "row %zu", i);
                cr_expect_null(strstr(bytes_text(&r.why), "secret-key"), "row %zu", i);
                hook_result_done(&r);
        }
}

Test(hook_call, our_own_word_on_the_value_wins_but_forbidden_characters_add_up)
{
        CLEANUP_FREE char *path = path_join(folder, "describe");
        struct hook_entry hook = {.name = "x",
                                  .program = path,
                                  .field = mem_text("pass"),
                                  .forbidden = mem_text("x"),
                                  .rules = {.length = 50}};
        static const char script[] =
                "#!/bin/sh\necho '{\"contract\":1,\"value\":{\"field\":\"password\",\"length\":32,"
                "\"alphabet\":\"wxyz\",\"forbidden\":\"y\"}}'\n";
        cr_assert_eq(file_write(path, 0700, span_text(script)), OK);
        cr_assert_eq(hook_describe(&hook), ERR_CONFIG, "50 bits can be guessed");
        hook.rules.length = 64;
        free(hook.alphabet);
        hook.alphabet = NULL;
        cr_assert_eq(hook_describe(&hook), OK, "%s", err_reason());
        cr_expect_str_eq(hook.field, "pass");
        cr_expect_eq(hook.rules.length, 64);
        cr_expect(strchr(hook.forbidden, 'x') && strchr(hook.forbidden, 'y'));
        free(hook.field);
        free(hook.alphabet);
        free(hook.forbidden);
}

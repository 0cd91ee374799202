#include "rotators/crew.h"
#include "base/clock.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static char folder[] = "/tmp/breakglass-crew-XXXXXX";
static struct hook_entry hook = {.name = "script"};

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
        free((char *)hook.program);
        json_decref(hook.config);
}

TestSuite(crew, .init = set_up, .fini = tear_down);

static void script(const char *body)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bytes_printf(&text, "#!/bin/sh\n%s\n", body);
        cr_assert_eq(file_write(hook.program, 0700, bytes_span(&text)), OK);
}

static struct errand *errand(const char *target, unsigned char mark)
{
        struct errand *e = mem_new(1, sizeof *e);
        e->old_version.b[0] = mark;
        e->target = mem_text(target);
        e->credential = mem_text("prod/db");
        e->key = mem_text("k");
        e->call = (struct hook_call){.hook = &hook,
                                     .step = "test",
                                     .credential = e->credential,
                                     .idempotency_key = e->key,
                                     .roster_config = span_text("{}"),
                                     .timeout_ms = MINUTE_MS};
        cr_assert_eq(hook_write_request(&e->call, &e->request), OK);
        return e;
}

Test(crew, hooks_run_at_the_same_time_and_each_comes_back_once, .timeout = 60)
{
        /* Each waits until all three are there: one after the other they would never end. */
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        struct crew *c = crew_new(3, 3);
        unsigned seen = 0;
        bytes_printf(&body,
                     "cat >/dev/null; touch %s/$$; while [ $(ls %s | wc -l) -lt 4 ]; do sleep 0.01; done; "
                     "echo '{\"status\":\"ok\",\"evidence\":\"works\"}'",
                     folder, folder);
        script(bytes_text(&body));
        for (unsigned char i = 0; i < 3; i++) {
                cr_assert(crew_has_room(c, "db1"));
                cr_assert_eq(crew_send(c, errand("db1", i)), OK);
        }
        cr_expect_not(crew_has_room(c, "db2"), "three in all");
        for (unsigned i = 0; i < 3; i++) {
                struct errand *e = crew_take(c, MINUTE_MS);
                cr_assert_not_null(e);
                cr_expect_eq(e->error, OK);
                cr_expect_eq(e->result.exit, PLUGIN_OK, "%s", bytes_text(&e->result.why));
                seen |= 1u << e->old_version.b[0];
                errand_free(e);
        }
        cr_expect_eq(seen, 7);
        cr_expect_null(crew_take(c, MINUTE_MS), "nobody is out: no waiting");
        crew_free(c);
}

Test(crew, one_target_gets_no_more_than_its_share, .timeout = 60)
{
        struct crew *c = crew_new(4, 2);
        script("cat >/dev/null; echo '{\"status\":\"ok\"}'");
        cr_assert_eq(crew_send(c, errand("db1", 0)), OK);
        cr_assert_eq(crew_send(c, errand("db1", 1)), OK);
        cr_expect_not(crew_has_room(c, "db1"), "even when they are back, until they are taken");
        cr_expect(crew_has_room(c, "db2"));
        for (unsigned i = 0; i < 2; i++)
                errand_free(crew_take(c, MINUTE_MS));
        cr_expect(crew_has_room(c, "db1"));
        cr_expect_eq(crew_out(c), 0);
        crew_free(c);
}

Test(crew, what_cannot_run_comes_back_with_its_error, .timeout = 60)
{
        struct crew *c = crew_new(1, 1);
        cr_assert_eq(crew_send(c, errand("db1", 0)), OK); /* there is no program */
        struct errand *e = crew_take(c, MINUTE_MS);
        cr_assert_not_null(e);
        cr_expect_eq(e->error, ERR_NO_ENTRY);
        cr_expect(*e->why);
        errand_free(e);
        crew_free(c);
}

/* A hook that stays, and says who it is. */
static void serving_script(void)
{
        hook.can_serve = true;
        script("while read -r request; do echo \"{\\\"status\\\":\\\"ok\\\",\\\"handle\\\":\\\"$$\\\",\\\"exit\\\":0,"
               "\\\"sequence\\\":1}\"; done");
}

static struct errand *served_errand(const char *target)
{
        struct errand *e = errand(target, 0);
        secret_wipe(&e->request);
        e->call.sequence = 1;
        cr_assert_eq(hook_write_request(&e->call, &e->request), OK);
        return e;
}

/* The process that has run an errand at the target. */
static int served_by(struct crew *c, const char *target)
{
        cr_assert_eq(crew_send(c, served_errand(target)), OK);
        struct errand *e = crew_take(c, MINUTE_MS);
        cr_assert_not_null(e);
        cr_assert_eq(e->error, OK, "%s", e->why);
        cr_assert_eq(e->result.exit, PLUGIN_OK, "%s", bytes_text(&e->result.why));
        int pid = atoi(bytes_text(&e->result.handle));
        errand_free(e);
        return pid;
}

Test(crew, a_hook_that_stays_is_asked_again_at_its_target, .timeout = 60)
{
        struct crew *c = crew_new(2, 2);
        serving_script();
        int first = served_by(c, "db1"), other = served_by(c, "db2");
        cr_expect_neq(first, other);
        cr_expect_eq(served_by(c, "db1"), first);
        cr_expect_eq(served_by(c, "db2"), other);
        int third = served_by(c, "db3");
        cr_expect(kill(first, 0) != 0 || kill(other, 0) != 0, "no more processes than places");
        cr_expect_eq(kill(third, 0), 0);
        crew_free(c);
        cr_expect(kill(third, 0) != 0 && waitpid(-1, NULL, WNOHANG) == -1, "nobody is left");
}

Test(crew, one_that_was_killed_between_two_errands_is_replaced, .timeout = 60)
{
        struct crew *c = crew_new(1, 1);
        serving_script();
        int first = served_by(c, "db1");
        cr_assert_eq(kill(first, SIGKILL), 0);
        siginfo_t info;
        cr_assert_eq(waitid(P_PID, (id_t)first, &info, WEXITED | WNOWAIT), 0);
        int second = served_by(c, "db1");
        cr_expect_neq(first, second);
        crew_rest(c);
        cr_expect(kill(second, 0) != 0);
        cr_expect_neq(served_by(c, "db1"), second, "and after a rest another one begins");
        crew_free(c);
}

Test(crew, a_target_is_the_hook_and_the_host_it_is_told)
{
        CLEANUP_FREE char *a = target_of(&hook, span_text("{\"host\":\"db1\",\"role\":\"x\"}"));
        CLEANUP_FREE char *b = target_of(&hook, span_text("{\"host\":\"db1\",\"role\":\"y\"}"));
        CLEANUP_FREE char *other = target_of(&hook, span_text("{\"host\":\"db2\"}"));
        json_object_set_new(hook.config, "host", json_string("ours"));
        CLEANUP_FREE char *ours = target_of(&hook, span_text("{\"host\":\"db2\"}"));
        cr_expect_str_eq(a, "script db1");
        cr_expect_str_eq(a, b);
        cr_expect_str_eq(other, "script db2");
        cr_expect_str_eq(ours, "script ours", "our own configuration wins");
}

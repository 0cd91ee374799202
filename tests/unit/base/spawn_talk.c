#include "base/clock.h"
#include "base/spawn.h"
#include "folder.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(spawn_talk, .init = folder_make, .fini = folder_remove, .timeout = 60);

static const char *program;

static struct spawn_talk *talk_to(const char *body)
{
        static const char *argv[] = {"plugin", "serve", NULL};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct spawn_talk *t = NULL;

        bytes_printf(&text, "#!/bin/sh\n%s\n", body);
        program = put_file("plugin", 0700, text.p, text.n);
        const struct spawn_job job = {.path = program, .argv = argv, .grace_ms = 200};

        cr_assert_eq(spawn_talk_open(&job, &t), OK, "%s", err_reason());
        return t;
}

static bool is_end(void *context UNUSED, struct span line)
{
        return span_is(line, "end");
}

static const struct spawn_result *ask_for(struct spawn_talk *t, const char *question, int64_t timeout_ms, bool *ret)
{
        const struct spawn_question q = {.input = span_text(question), .timeout_ms = timeout_ms, .is_last = is_end};
        const struct spawn_result *said = NULL;

        cr_assert_eq(spawn_talk_ask(t, &q, &said, ret), OK, "%s", err_reason());
        return said;
}

static const struct spawn_result *ask(struct spawn_talk *t, const char *question, bool *ret)
{
        return ask_for(t, question, MINUTE_MS, ret);
}

static void expect_over(struct spawn_talk *t)
{
        const struct spawn_question q = {.input = span_text("x\n"), .timeout_ms = MINUTE_MS, .is_last = is_end};
        const struct spawn_result *said;
        bool is_answered = true;

        cr_expect_not(spawn_talk_is_ready(t));
        cr_expect_eq(spawn_talk_ask(t, &q, &said, &is_answered), ERR_IO);
        cr_expect_not(is_answered);
        spawn_talk_close(t, MINUTE_MS);
        cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
}

Test(spawn_talk, one_process_answers_one_question_after_another)
{
        struct spawn_talk *t =
                talk_to("while read -r l; do echo \"$$ $1 $l\"; echo \"about $l\" >&2; echo end; done");
        char first[64], second[64];
        bool is_answered = false;

        const struct spawn_result *said = ask(t, "one\n", &is_answered);
        cr_assert(is_answered);
        cr_assert_eq(sscanf(bytes_text(&said->out), "%63s serve one\nend", first), 1, "%s", bytes_text(&said->out));
        cr_expect_str_eq(bytes_text(&said->err), "about one\n");
        cr_expect(spawn_talk_is_ready(t));
        said = ask(t, "two\n", &is_answered);
        cr_assert(is_answered);
        cr_assert_eq(sscanf(bytes_text(&said->out), "%63s serve two\nend", second), 1, "%s", bytes_text(&said->out));
        cr_expect_str_eq(first, second, "the same process");
        cr_expect_str_eq(bytes_text(&said->err), "about two\n");
        spawn_talk_close(t, MINUTE_MS);
        cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
        cr_expect_eq(errno, ECHILD);
}

Test(spawn_talk, one_that_hangs_is_killed_at_the_questions_deadline)
{
        struct spawn_talk *t =
                talk_to("trap '' TERM; while read -r l; do echo begun; while :; do sleep 1; done; done");
        bool is_answered = true;

        const struct spawn_result *said = ask_for(t, "one\n", 300, &is_answered);
        cr_expect_not(is_answered);
        cr_expect(said->timed_out);
        cr_expect_eq(said->exit_code, 128 + SIGKILL);
        expect_over(t);
}

Test(spawn_talk, an_answer_after_the_deadline_is_none)
{
        struct spawn_talk *t = talk_to("trap 'echo end' TERM; read -r l; while :; do sleep 0.1; done");
        bool is_answered = true;

        const struct spawn_result *said = ask_for(t, "one\n", 300, &is_answered);
        cr_expect_not(is_answered);
        cr_expect(said->timed_out);
        expect_over(t);
}

Test(spawn_talk, one_that_dies_in_the_middle_has_not_answered)
{
        struct spawn_talk *t = talk_to("read -r l; echo half; kill -9 $$");
        bool is_answered = true;

        const struct spawn_result *said = ask(t, "one\n", &is_answered);
        cr_expect_not(is_answered);
        cr_expect_not(said->timed_out);
        cr_expect_eq(said->exit_code, 128 + SIGKILL);
        cr_expect_str_eq(bytes_text(&said->out), "half\n");
        expect_over(t);
}

Test(spawn_talk, one_that_ends_behind_its_answer_has_answered)
{
        struct spawn_talk *t = talk_to("read -r l; printf 'yes\\nend\\n'; exit 3");
        bool is_answered = false;

        (void)ask(t, "one\n", &is_answered);
        cr_expect(is_answered);
        while (spawn_talk_is_ready(t))
                ;
        expect_over(t);
}

Test(spawn_talk, one_that_goes_on_behind_its_last_line_has_lost_the_thread)
{
        struct spawn_talk *t = talk_to("while read -r l; do printf 'end\\nand more\\n'; done");
        bool is_answered = true;

        (void)ask(t, "one\n", &is_answered);
        cr_expect_not(is_answered);
        expect_over(t);
}

Test(spawn_talk, one_that_speaks_unasked_is_not_asked)
{
        struct spawn_talk *t = talk_to("echo hello; while read -r l; do echo end; done");

        while (spawn_talk_is_ready(t))
                ;
        expect_over(t);
}

Test(spawn_talk, output_is_capped_for_each_answer)
{
        struct spawn_talk *t =
                talk_to("while read -r n; do head -c \"$n\" /dev/zero | tr '\\0' x; echo; echo end; done");
        bool is_answered = false;

        for (int i = 0; i < 3; i++) {
                (void)ask(t, "60000\n", &is_answered);
                cr_expect(is_answered);
        }
        const struct spawn_result *said = ask(t, "70000\n", &is_answered);
        cr_expect_not(is_answered);
        cr_expect(said->output_capped);
        expect_over(t);
}

Test(spawn_talk, what_comes_on_stderr_between_questions_is_nobodys)
{
        struct spawn_talk *t =
                talk_to("while read -r l; do echo end; echo late >&2; while read -r m; do echo end; done; done");
        bool is_answered = false;

        (void)ask(t, "one\n", &is_answered);
        cr_assert(is_answered);
        const struct spawn_result *said = ask(t, "two\n", &is_answered);
        cr_assert(is_answered);
        said = ask(t, "three\n", &is_answered);
        cr_expect_str_eq(bytes_text(&said->err), "");
        spawn_talk_close(t, MINUTE_MS);
}

Test(spawn_talk, one_that_does_not_end_with_its_input_is_killed)
{
        struct spawn_talk *t = talk_to("trap '' TERM; read -r l; echo end; while :; do sleep 1; done");
        bool is_answered = false;

        (void)ask(t, "one\n", &is_answered);
        cr_expect(is_answered);
        spawn_talk_close(t, 300);
        cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
}

Test(spawn_talk, a_program_that_is_not_to_be_trusted_any_more_is_not_asked)
{
        struct spawn_talk *t = talk_to("while read -r l; do echo end; done");
        const struct spawn_question q = {.input = span_text("x\n"), .timeout_ms = MINUTE_MS, .is_last = is_end};
        const struct spawn_result *said;
        bool is_answered = true;

        cr_assert_eq(chmod(program, 0777), 0);
        cr_expect_eq(spawn_talk_ask(t, &q, &said, &is_answered), ERR_UNSAFE_PROGRAM);
        cr_expect_not(is_answered);
        spawn_talk_close(t, MINUTE_MS);
}

Test(spawn_talk, what_cannot_be_started_leaves_nothing)
{
        static const char *argv[] = {"plugin", NULL};
        const struct spawn_job job = {.path = "/nowhere/plugin", .argv = argv};
        struct spawn_talk *t = NULL;

        cr_expect_eq(spawn_talk_open(&job, &t), ERR_NO_ENTRY);
        cr_expect_null(t);
}

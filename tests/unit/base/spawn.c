#include "base/spawn.h"
#include "base/clock.h"
#include "folder.h"
#include "scan.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(spawn, .init = folder_make, .fini = folder_remove);

static void done(struct spawn_result *r)
{
        spawn_result_done(r);
}

#define CLEANUP_RESULT __attribute__((cleanup(done)))

static const char *script(const char *body)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        bytes_printf(&text, "#!/bin/sh\n%s\n", body);
        return put_file("plugin", 0700, text.p, text.n);
}

static struct spawn_job job_of(const char *body)
{
        static const char *argv[] = {"plugin", "argument", NULL};

        return (struct spawn_job){.path = script(body), .argv = argv, .timeout_ms = MINUTE_MS, .grace_ms = MINUTE_MS};
}

static void run(const struct spawn_job *job, struct spawn_result *ret)
{
        cr_assert_eq(spawn_run(job, ret), OK, "%s", err_reason());
}

Test(spawn, a_plugin_gets_its_input_and_gives_its_output)
{
        struct spawn_job job = job_of("read -r line; echo \"$line $1\"; echo oops >&2; exit 77");
        CLEANUP_RESULT struct spawn_result r = {0};

        job.input = span_text("hello\n");
        run(&job, &r);
        cr_assert_eq(r.exit_code, 77);
        cr_assert_str_eq(bytes_text(&r.out), "hello argument\n");
        cr_assert_str_eq(bytes_text(&r.err), "oops\n");
        cr_assert_not(r.timed_out);
        cr_assert_not(r.output_capped);
}

Test(spawn, a_plugin_inherits_only_descriptors_0_to_2)
{
        struct spawn_job job = job_of("exec ls /proc/self/fd");
        CLEANUP_RESULT struct spawn_result r = {0};

        /* Careless ones of the caller, without close-on-exec. */
        cr_assert_geq(dup2(STDERR_FILENO, 77), 0);
        cr_assert_geq(open("/etc/passwd", O_RDONLY), 0);
        run(&job, &r);
        cr_assert_str_eq(bytes_text(&r.out), "0\n1\n2\n3\n"); /* 3 is the folder that ls itself reads */
}

Test(spawn, a_plugin_sees_a_clean_environment)
{
        const char *extra[] = {"BREAKGLASS_STEP=set", NULL};
        struct spawn_job job = job_of("env | sort");
        CLEANUP_RESULT struct spawn_result r = {0}, more = {0};

        setenv("SECRET_OF_THE_CALLER", "hunter2", 1);
        run(&job, &r);
        /* PWD is the shell's own doing. */
        cr_assert_str_eq(bytes_text(&r.out), "LANG=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n");
        job.environment = extra;
        run(&job, &more);
        cr_assert_not_null(strstr(bytes_text(&more.out), "BREAKGLASS_STEP=set\n"));
        cr_assert_null(strstr(bytes_text(&more.out), "hunter2"));
}

Test(spawn, a_plugin_has_its_own_group_and_no_folder_of_ours)
{
        struct spawn_job job = job_of("pwd; cut -d' ' -f1,5 /proc/$$/stat");
        CLEANUP_RESULT struct spawn_result r = {0};
        int pid, group;

        run(&job, &r);
        cr_assert_eq(sscanf(bytes_text(&r.out), "/\n%d %d\n", &pid, &group), 2, "%s", bytes_text(&r.out));
        cr_assert_eq(pid, group);
        cr_assert_neq(group, getpgrp());
}

Test(spawn, our_signal_settings_are_not_the_plugins)
{
        struct spawn_job job = job_of("exec grep -E '^Sig(Blk|Ign)' /proc/self/status");
        CLEANUP_RESULT struct spawn_result r = {0};
        unsigned long long blocked, ignored;
        sigset_t term;

        signal(SIGPIPE, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        sigprocmask(SIG_BLOCK, &term, NULL);
        run(&job, &r);
        cr_assert_eq(sscanf(bytes_text(&r.out), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
        cr_assert_eq(blocked, 0);
        cr_assert_eq(ignored & 0x7FFFFFFF, 0, "%llx", ignored); /* 32 and 33 are the C library's own */
}

Test(spawn, a_plugin_that_hangs_is_terminated_at_its_deadline)
{
        struct spawn_job job = job_of("trap 'echo ended; exit 5' TERM; echo started; while :; do sleep 1; done");
        CLEANUP_RESULT struct spawn_result r = {0};

        job.timeout_ms = 300;
        run(&job, &r);
        cr_assert(r.timed_out);
        cr_assert_eq(r.exit_code, 5);
        cr_assert_str_eq(bytes_text(&r.out), "started\nended\n");
}

Test(spawn, a_plugin_that_ignores_term_is_killed)
{
        struct spawn_job job = job_of("trap '' TERM; while :; do sleep 1; done");
        CLEANUP_RESULT struct spawn_result r = {0};

        job.timeout_ms = 300;
        job.grace_ms = 200;
        run(&job, &r);
        cr_assert(r.timed_out);
        cr_assert_eq(r.exit_code, 128 + SIGKILL);
}

Test(spawn, a_plugin_that_never_reads_its_input_is_terminated_too, .timeout = 60)
{
        struct spawn_job job = job_of("exec sleep 1000");
        CLEANUP_RESULT struct spawn_result r = {0};
        CLEANUP_FREE char *input = mem_new(1000000, 1);

        job.input = span_of(input, 1000000);
        job.timeout_ms = 300;
        run(&job, &r);
        cr_assert(r.timed_out);
        cr_assert_eq(r.exit_code, 128 + SIGTERM);
}

Test(spawn, a_plugin_that_dies_by_a_signal_says_which)
{
        struct spawn_job job = job_of("kill -HUP $$");
        CLEANUP_RESULT struct spawn_result r = {0};

        run(&job, &r);
        cr_assert_eq(r.exit_code, 128 + SIGHUP);
        cr_assert_not(r.timed_out);
}

Test(spawn, a_gigabyte_of_output_is_cut_and_its_printer_killed)
{
        const char *bodies[] = {"exec head -c 1073741824 /dev/zero", "exec head -c 1073741824 /dev/zero >&2"};

        for (size_t i = 0; i < COUNT_OF(bodies); i++) {
                struct spawn_job job = job_of(bodies[i]);
                CLEANUP_RESULT struct spawn_result r = {0};

                run(&job, &r);
                cr_assert(r.output_capped);
                cr_assert_not(r.timed_out);
                cr_assert_eq(r.exit_code, 128 + SIGKILL);
                cr_assert_eq(r.out.n + r.err.n, SPAWN_OUTPUT_MAX);
        }
}

Test(spawn, output_up_to_the_cap_is_whole)
{
        struct spawn_job job = job_of("head -c 65536 /dev/zero; head -c 65536 /dev/zero >&2");
        CLEANUP_RESULT struct spawn_result r = {0};

        run(&job, &r);
        cr_assert_not(r.output_capped);
        cr_assert_eq(r.exit_code, 0);
        cr_assert(r.out.n == SPAWN_OUTPUT_MAX && r.err.n == SPAWN_OUTPUT_MAX);
}

Test(spawn, much_input_and_output_at_once_do_not_block_each_other)
{
        struct spawn_job job = job_of("exec head -c 60000");
        CLEANUP_RESULT struct spawn_result r = {0};
        CLEANUP_FREE char *input = mem_new(1000000, 1);

        memset(input, 'i', 1000000);
        job.input = span_of(input, 1000000);
        run(&job, &r);
        cr_assert_eq(r.exit_code, 0);
        cr_assert_eq(r.out.n, 60000);
}

Test(spawn, a_plugin_that_does_not_read_its_input_raises_no_signal)
{
        struct spawn_job job = job_of("exec <&-; sleep 0.1; echo fine");
        CLEANUP_RESULT struct spawn_result r = {0};
        CLEANUP_FREE char *input = mem_new(1000000, 1);

        signal(SIGPIPE, SIG_DFL);
        job.input = span_of(input, 1000000);
        run(&job, &r);
        cr_assert_str_eq(bytes_text(&r.out), "fine\n");
        cr_assert_eq(r.exit_code, 0);
}

Test(spawn, what_a_plugin_leaves_running_is_killed)
{
        struct spawn_job job = job_of("sleep 1000 & echo $!");
        CLEANUP_RESULT struct spawn_result r = {0};
        char state = '?', path[64];

        run(&job, &r); /* returns although the sleeper holds stdout open */
        cr_assert_eq(r.exit_code, 0);
        snprintf(path, sizeof(path), "/proc/%d/stat", atoi(bytes_text(&r.out)));
        for (int i = 0; i < 1000; i++) {
                CLEANUP_STDIO FILE *f = fopen(path, "re");

                if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1 || state == 'Z')
                        return;
                usleep(10000);
        }
        cr_assert_fail("the sleeper is still there in state %c", state);
}

static void collect(void *context, struct span line)
{
        bytes_add_byte(context, '<');
        bytes_add_span(context, line);
        bytes_add_byte(context, '>');
}

Test(spawn, lines_are_handed_over_whole)
{
        struct spawn_job job = job_of("printf 'on'; sleep 0.1; printf 'e\\ntwo\\n\\nlast'");
        CLEANUP_RESULT struct spawn_result r = {0};
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;

        job.on_line = collect;
        job.context = &lines;
        run(&job, &r);
        cr_assert_str_eq(bytes_text(&lines), "<one><two><><last>");
}

Test(spawn, a_half_line_of_a_killed_plugin_is_not_handed_over)
{
        struct spawn_job job = job_of("printf 'whole\\nhal'; kill -9 $$");
        CLEANUP_RESULT struct spawn_result r = {0};
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;

        job.on_line = collect;
        job.context = &lines;
        run(&job, &r);
        cr_assert_str_eq(bytes_text(&lines), "<whole>");
}

/* The plugin waits for what only the first line's handler does, so late handing-over would end at the deadline. */
static void answer(void *context, struct span line)
{
        put_file("answer", 0600, "x", 1);
}

Test(spawn, lines_come_while_the_plugin_runs)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        CLEANUP_RESULT struct spawn_result r = {0};

        bytes_printf(&body, "echo ready; while ! test -e %s; do sleep 0.05; done", in_folder("answer"));
        struct spawn_job job = job_of(bytes_text(&body));
        job.on_line = answer;
        run(&job, &r);
        cr_assert_not(r.timed_out);
}

Test(spawn, an_unsafe_or_missing_program_is_not_run)
{
        struct spawn_job job = job_of("touch ran");
        struct spawn_result r = {.exit_code = 99};

        cr_assert_eq(chmod(job.path, 0777), 0);
        cr_assert_eq(spawn_run(&job, &r), ERR_UNSAFE_PROGRAM);
        job.path = in_folder("none");
        cr_assert_eq(spawn_run(&job, &r), ERR_NO_ENTRY);
        job.path = put_file("text", 0700, "no program\n", 11);
        cr_assert_eq(spawn_run(&job, &r), ERR_IO);
        cr_assert_eq(r.exit_code, 99);
        cr_assert_null(r.out.p);
}

static size_t open_descriptors(void)
{
        size_t n = 0;

        for (int fd = 0; fd < 256; fd++)
                n += fcntl(fd, F_GETFD) >= 0;
        return n;
}

Test(spawn, a_run_leaves_no_descriptor_or_child_behind)
{
        struct spawn_job good = job_of("exit 0"), bad = good;
        size_t before = open_descriptors();

        bad.path = put_file("text", 0700, "no program\n", 11);
        for (int i = 0; i < 3; i++) {
                CLEANUP_RESULT struct spawn_result r = {0};

                run(&good, &r);
                cr_assert_eq(spawn_run(&bad, &r), ERR_IO);
        }
        cr_assert_eq(open_descriptors(), before);
        cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
}

static void count_low_descriptors(void *context, struct span line)
{
        for (int fd = 0; fd < 3; fd++)
                *(int *)context += fcntl(fd, F_GETFD) >= 0;
}

/* And none of the pipes takes their place: what somebody writes to a closed stderr must not reach the plugin. */
Test(spawn, low_descriptors_of_ours_may_be_closed)
{
        int taken = 0;
        struct spawn_job job = job_of("read -r line; echo \"out $line\"; echo err >&2");
        CLEANUP_RESULT struct spawn_result r = {0};
        int keep[3];

        job.input = span_text("in\n");
        job.on_line = count_low_descriptors;
        job.context = &taken;
        for (int i = 0; i < 3; i++) {
                keep[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
                close(i);
        }
        enum err e = spawn_run(&job, &r);
        for (int i = 0; i < 3; i++)
                dup2(keep[i], i);
        cr_assert_eq(e, OK);
        cr_assert_eq(taken, 0);
        cr_assert_str_eq(bytes_text(&r.out), "out in\n");
        cr_assert_str_eq(bytes_text(&r.err), "err\n");
}

#if !HAS_ASAN
/* "planted-secret", which the plugin puts together so that only its output holds it. */
static const unsigned char planted[] = {'p' ^ SCAN_MASK, 'l' ^ SCAN_MASK, 'a' ^ SCAN_MASK, 'n' ^ SCAN_MASK,
                                        't' ^ SCAN_MASK, 'e' ^ SCAN_MASK, 'd' ^ SCAN_MASK, '-' ^ SCAN_MASK,
                                        's' ^ SCAN_MASK, 'e' ^ SCAN_MASK, 'c' ^ SCAN_MASK, 'r' ^ SCAN_MASK,
                                        'e' ^ SCAN_MASK, 't' ^ SCAN_MASK};

Test(spawn, nothing_of_the_output_stays_in_memory)
{
        struct spawn_job job = job_of("for i in 1 2 3 4 5 6 7 8 9; do head -c 5000 /dev/zero; s=secret; printf "
                                      "planted-$s; printf planted-$s >&2; done");
        struct spawn_result r = {0};

        run(&job, &r);
        cr_assert_eq(scan_memory(planted, sizeof(planted)), 18);
        spawn_result_done(&r);
        cr_assert_eq(scan_memory(planted, sizeof(planted)), 0);
}

Test(spawn, secret_output_is_in_locked_memory_and_wiped)
{
        struct spawn_job job = job_of("s=secret; printf planted-$s");
        struct spawn_result r = {0};

        job.is_output_secret = true;
        run(&job, &r);
        cr_expect_str_eq(bytes_text(&r.out), "planted-secret");
        cr_expect_eq(r.out.p, r.locked_.bytes);
        cr_expect_eq(scan_memory(planted, sizeof(planted)), 1);
        spawn_result_done(&r);
        cr_expect_eq(scan_memory(planted, sizeof(planted)), 0);
}
#endif

Test(spawn, a_program_that_stays_in_our_group_is_killed_alone_at_its_deadline)
{
        struct spawn_result result = {0};
        struct spawn_job job = job_of("ps -o pgid= -p $$; exec sleep 1000");
        job.stays_in_group = true;
        job.timeout_ms = 500;
        job.grace_ms = -1;
        cr_assert_eq(spawn_run(&job, &result), OK);
        cr_expect(result.timed_out);
        cr_expect_eq(result.exit_code, 128 + SIGKILL, "at once, without TERM");
        cr_expect_eq(atoi(bytes_text(&result.out)), getpgrp());
        spawn_result_done(&result);
}

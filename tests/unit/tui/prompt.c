#include "tui/prompt.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

#define QUESTION "Question? "

/* A person at a terminal: what they see collects in `seen`, what they type goes in by type(). */
struct person {
        int master, slave;
        struct termios before;
        struct bytes seen;
        pthread_t asker;
        bool is_secret;
        /* what came out */
        enum err e;
        struct secret secret;
        struct bytes line;
        bool pasted;
};

static void *ask(void *context)
{
        struct person *p = context;

        if (p->is_secret)
                p->e = prompt_secret_at(p->slave, QUESTION, &p->secret);
        else
                p->e = prompt_line_at(p->slave, QUESTION, &p->line, &p->pasted);
        return NULL;
}

static void look(struct person *p)
{
        char part[4096];
        ssize_t n = read(p->master, part, sizeof(part));

        cr_assert(n > 0);
        bytes_add(&p->seen, part, (size_t)n);
}

static void wait_until_seen(struct person *p, const char *text)
{
        while (!strstr(bytes_text(&p->seen), text))
                look(p);
}

static void type(struct person *p, const char *keys)
{
        cr_assert_eq(write(p->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void sit_down(struct person *p, bool is_secret)
{
        *p = (struct person){.is_secret = is_secret};
        setenv("TERM", "xterm", 1);
        cr_assert_eq(openpty(&p->master, &p->slave, NULL, NULL, NULL), 0);
        cr_assert_eq(tcgetattr(p->slave, &p->before), 0);
}

static void begin(struct person *p, bool is_secret)
{
        sit_down(p, is_secret);
        cr_assert_eq(pthread_create(&p->asker, NULL, ask, p), 0);
        wait_until_seen(p, QUESTION);
}

static void end(struct person *p)
{
        struct pollfd more = {p->master, POLLIN, 0};
        struct termios now;

        cr_assert_eq(pthread_join(p->asker, NULL), 0);
        while (poll(&more, 1, 0) > 0 && (more.revents & POLLIN))
                look(p);
        cr_assert_eq(tcgetattr(p->slave, &now), 0);
        cr_assert_eq(now.c_lflag, p->before.c_lflag, "the terminal was not put back");
}

Test(prompt, a_secret_is_read_and_never_shown)
{
        struct person p;

        begin(&p, true);
        type(&p, "correct horse\r");
        end(&p);
        cr_assert_eq(p.e, OK);
        cr_assert_eq(p.secret.len, 13);
        cr_assert_eq(memcmp(p.secret.bytes, "correct horse", 13), 0);
        cr_assert_not(strstr(bytes_text(&p.seen), "correct"));
}

Test(prompt, a_line_is_shown_and_can_be_corrected)
{
        struct person p;

        begin(&p, false);
        type(&p, "wrong\x15"
                 "rihgt\x7f\x7f\x7f"
                 "ght\r");
        end(&p);
        cr_assert_eq(p.e, OK);
        cr_assert_str_eq(bytes_text(&p.line), "right");
        cr_assert_not(p.pasted);
        cr_assert(strstr(bytes_text(&p.seen), "wrong"));
}

Test(prompt, backspace_takes_a_whole_character)
{
        struct person p;

        begin(&p, false);
        type(&p, "a\xc3\xa9\x7f"
                 "b\r");
        end(&p);
        cr_assert_str_eq(bytes_text(&p.line), "ab");
}

Test(prompt, a_paste_of_several_lines_is_known_as_one)
{
        struct person p;

        begin(&p, false);
        type(&p, "ABCD-EFGH\rmore\r");
        end(&p);
        cr_assert_eq(p.e, OK);
        cr_assert(p.pasted);
}

Test(prompt, a_bracketed_paste_with_a_newline_is_known_as_one)
{
        struct person p;

        begin(&p, false);
        type(&p, "\x1b[200~ABCD-EFGH\r\x1b[201~\r");
        end(&p);
        cr_assert_eq(p.e, OK);
        cr_assert(p.pasted);
        cr_assert_str_eq(bytes_text(&p.line), "ABCD-EFGH");
}

Test(prompt, a_bracketed_paste_within_a_line_is_just_text)
{
        struct person p;

        begin(&p, false);
        type(&p, "\x1b[200~ABCD\x1b[201~-EFGH\r");
        end(&p);
        cr_assert_not(p.pasted);
        cr_assert_str_eq(bytes_text(&p.line), "ABCD-EFGH");
}

Test(prompt, keys_without_meaning_leave_nothing_behind)
{
        struct person p;

        begin(&p, false);
        type(&p, "a\x1b[A\x1b[1;5C\x01"
                 "b\r");
        end(&p);
        cr_assert_str_eq(bytes_text(&p.line), "ab");
}

Test(prompt, what_was_typed_ahead_does_not_answer)
{
        struct person p;

        sit_down(&p, false);
        type(&p, "y\ry\ry\r");
        wait_until_seen(&p, "y\r\ny\r\ny\r\n"); /* the terminal's own echo: they have arrived */
        cr_assert_eq(pthread_create(&p.asker, NULL, ask, &p), 0);
        wait_until_seen(&p, QUESTION);
        type(&p, "real\r");
        end(&p);
        cr_assert_str_eq(bytes_text(&p.line), "real");
}

Test(prompt, stopping_keys_abort)
{
        static const char *const keys[] = {"\x03", "abc\x03", "\x04"};

        for (size_t i = 0; i < COUNT_OF(keys); i++) {
                struct person p;

                begin(&p, true);
                type(&p, keys[i]);
                end(&p);
                cr_assert_eq(p.e, ERR_ABORTED, "row %zu", i);
                cr_assert_null(p.secret.bytes);
        }
}

Test(prompt, a_signal_aborts_and_the_terminal_is_put_back)
{
        static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

        for (size_t i = 0; i < COUNT_OF(signals); i++) {
                struct person p;

                begin(&p, true);
                type(&p, "half");
                cr_assert_eq(pthread_kill(p.asker, signals[i]), 0);
                end(&p);
                cr_assert_eq(p.e, ERR_ABORTED, "signal %d", signals[i]);
        }
}

Test(prompt, a_terminal_that_goes_away_aborts)
{
        struct person p;

        begin(&p, true);
        close(p.master);
        cr_assert_eq(pthread_join(p.asker, NULL), 0);
        cr_assert_eq(p.e, ERR_ABORTED);
}

Test(prompt, an_answer_too_long_is_refused_not_cut)
{
        char keys[PROMPT_MAX + 3];
        struct person p;

        memset(keys, 'a', sizeof(keys));
        keys[PROMPT_MAX + 1] = '\r';
        keys[PROMPT_MAX + 2] = '\0';
        begin(&p, true);
        type(&p, keys);
        end(&p);
        cr_assert_eq(p.e, ERR_USAGE);
}

Test(prompt, no_terminal_is_said)
{
        struct secret s = SECRET_NONE;
        int ends[2];

        cr_assert_eq(pipe(ends), 0);
        cr_assert_eq(prompt_secret_at(ends[0], QUESTION, &s), ERR_USAGE);
}

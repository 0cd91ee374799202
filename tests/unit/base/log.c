#include "base/log.h"
#include "base/json.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

static int ends[2], stderr_before;

static void capture(void)
{
        stderr_before = dup(STDERR_FILENO);
        /* Packets: one read gives exactly what one write(2) gave. */
        cr_assert_eq(pipe2(ends, O_DIRECT | O_NONBLOCK), 0);
        dup2(ends[1], STDERR_FILENO);
        log_set_program("tester");
}

static void release(void)
{
        dup2(stderr_before, STDERR_FILENO);
}

static const char *one_write(void)
{
        static char line[16384];
        ssize_t n = read(ends[0], line, sizeof(line) - 1);

        line[n > 0 ? n : 0] = '\0';
        return line;
}

TestSuite(log, .init = capture, .fini = release);

Test(log, a_line_is_one_json_object_in_one_write)
{
        json_t *line;

        log_event(LOG_LEVEL_NOTICE, "request.opened", F_TEXT("id", "R17"), F_INT("n", -5));
        const char *text = one_write();
        cr_assert_eq(text[strlen(text) - 1], '\n');
        cr_assert_not_null(line = json_loads(text, 0, NULL));
        cr_assert_str_eq(json_string_value(json_object_get(line, "level")), "notice");
        cr_assert_str_eq(json_string_value(json_object_get(line, "program")), "tester");
        cr_assert_str_eq(json_string_value(json_object_get(line, "event")), "request.opened");
        cr_assert_str_eq(json_string_value(json_object_get(line, "id")), "R17");
        cr_assert_eq(json_integer_value(json_object_get(line, "n")), -5);
        cr_assert_eq(strlen(json_string_value(json_object_get(line, "time"))), 20);
        json_decref(line);
        cr_assert_str_eq(one_write(), "");
}

Test(log, a_newline_in_a_field_cannot_forge_a_line)
{
        log_event(LOG_LEVEL_ERROR, "x.failed",
                  F_TEXT("why", "a\n{\"event\":\"log.forged\"}\r\x1b[2J\xE2\x80\xAE\","));
        const char *text = one_write();
        cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1);
        for (const char *c = text; *c != '\n'; c++)
                cr_assert(*c >= 0x20 && *c < 0x7F);
        cr_assert_not_null(
                strstr(text, "\"why\":\"a\\n{\\\"event\\\":\\\"log.forged\\\"}\\r\\u001b[2J\\u202e\\\",\"}"));
}

Test(log, what_is_below_the_level_is_not_written)
{
        log_event(LOG_LEVEL_DEBUG, "x.seen");
        cr_assert_str_eq(one_write(), "");
        log_set_level(LOG_LEVEL_DEBUG);
        log_event(LOG_LEVEL_DEBUG, "x.seen");
        cr_assert_not_null(strstr(one_write(), "\"event\":\"x.seen\"}\n"));
        log_set_level(LOG_LEVEL_ERROR);
        log_event(LOG_LEVEL_WARNING, "x.seen");
        cr_assert_str_eq(one_write(), "");
}

Test(log, a_missing_text_is_empty)
{
        const char *nothing = NULL;

        log_event(LOG_LEVEL_INFO, "x.seen", F_TEXT("who", nothing));
        cr_assert_not_null(strstr(one_write(), "\"who\":\"\"}"));
}

Test(log, a_long_field_is_cut_and_shows_it)
{
        char text[5000];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        log_event(LOG_LEVEL_INFO, "x.seen", F_TEXT("what", text));
        const char *line = one_write();
        cr_assert_lt(strlen(line), 1400);
        cr_assert_not_null(strstr(line, "xxx\\u2026\"}\n"));
}

Test(log, errno_survives_and_a_closed_stderr_is_no_trouble)
{
        close(STDERR_FILENO);
        errno = ERANGE;
        log_event(LOG_LEVEL_INFO, "x.seen");
        cr_assert_eq(errno, ERANGE);
}

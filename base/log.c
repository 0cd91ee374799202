#include "base/log.h"
#include "base/clock.h"
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>

/* Lines stay below PIPE_BUF in the usual case, so that those of several processes on one pipe do not mix. */
#define FIELD_MAX 1024u

static const char *const level_names[] = {
        [LOG_LEVEL_DEBUG] = "debug",     [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_NOTICE] = "notice",
        [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_ERROR] = "error",
};

static _Atomic(const char *) program = "breakglass";
static atomic_int least_level = LOG_LEVEL_INFO;

void log_set_program(const char *name)
{
        program = name;
}

void log_set_level(enum log_level least)
{
        least_level = least;
}

static void add_text(struct bytes *line, const char *name, const char *text)
{
        struct span value = span_text(text);

        bytes_add_byte(line, ',');
        bytes_add_json(line, span_text(name));
        bytes_add_byte(line, ':');
        if (value.n <= FIELD_MAX) {
                bytes_add_json(line, value);
                return;
        }
        bytes_add_json(line, span_of(value.p, FIELD_MAX));
        line->n--; /* the closing quote */
        bytes_add_text(line, "\\u2026\"");
}

static void add_field(struct bytes *line, const struct log_field *field)
{
        if (field->text) {
                add_text(line, field->name, field->text);
                return;
        }
        bytes_add_byte(line, ',');
        bytes_add_json(line, span_text(field->name));
        bytes_printf(line, ":%" PRId64, field->number);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        char now[TIME_TEXT];
        int saved_errno = errno;

        if ((int)level < least_level)
                return;
        bytes_printf(&line, "{\"time\":\"%s\"", time_format(clock_now_ms(), now));
        add_text(&line, "level", level_names[level]);
        add_text(&line, "program", program);
        add_text(&line, "event", event);
        for (; fields && fields->name; fields++)
                add_field(&line, fields);
        bytes_add_text(&line, "}\n");

        /* One write(2) a line. There is nobody to tell when stderr is gone. */
        while (write(STDERR_FILENO, line.p, line.n) < 0 && errno == EINTR)
                ;
        errno = saved_errno;
}

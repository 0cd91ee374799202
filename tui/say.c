#include "tui/say.h"
#include "base/utf8.h"
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#define MARKS_MAX 3u /* combining marks on one character; more only hide what is below them */

unsigned say_width(void)
{
        struct winsize size = {0};
        const char *columns = getenv("COLUMNS");
        unsigned width = 80;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                width = size.ws_col;
        else if (columns)
                width = (unsigned)atoi(columns);
        return width < 20 ? (columns || size.ws_col ? 20 : 80) : width > 200 ? 200 : width;
}

/* One character as it is shown: its bytes and its columns. */
struct glyph {
        struct span bytes;
        unsigned columns;
};

static struct glyph next_glyph(struct span s, unsigned *marks, char escape[16])
{
        uint32_t point = 0;
        size_t n = utf8_next(s, &point);
        int columns = n ? wcwidth((wchar_t)point) : 1;

        if (columns == 0 && ++*marks > MARKS_MAX) {
                int len = snprintf(escape, 16, "\\u{%x}", (unsigned)point);

                return (struct glyph){span_of(escape, (size_t)len), (unsigned)len};
        }
        if (columns != 0)
                *marks = 0;
        /* Not in this C library's tables: assume the usual. */
        return (struct glyph){span_of(s.p, n ? n : 1), columns < 0 ? 1u : (unsigned)columns};
}

/* Piles of marks made visible; afterwards every glyph is its own. */
static void escape_marks(struct span s, struct bytes *ret)
{
        char escape[16];
        unsigned marks = 0;

        for (size_t i = 0; i < s.n;) {
                uint32_t point;
                size_t n = utf8_next(span_of(s.p + i, s.n - i), &point);

                bytes_add_span(ret, next_glyph(span_of(s.p + i, s.n - i), &marks, escape).bytes);
                i += n ? n : 1;
        }
}

static unsigned columns_of(struct span s)
{
        char escape[16];
        unsigned columns = 0, marks = 0;

        for (size_t i = 0; i < s.n;) {
                struct glyph g = next_glyph(span_of(s.p + i, s.n - i), &marks, escape);

                columns += g.columns;
                i += g.bytes.n;
        }
        return columns;
}

struct wrap {
        unsigned column, indent, width;
        bool is_empty; /* nothing on this line yet */
        struct bytes *ret;
};

static void wrap_break(struct wrap *w)
{
        bytes_printf(w->ret, "\n%*s", (int)w->indent, "");
        w->column = w->indent;
        w->is_empty = true;
}

static void wrap_word(struct wrap *w, struct span word)
{
        unsigned columns = columns_of(word), blank = w->is_empty ? 0 : 1, marks = 0;
        char escape[16];

        if (!w->is_empty && w->column + blank + columns > w->width) {
                wrap_break(w);
                blank = 0;
        }
        if (blank)
                bytes_add_byte(w->ret, ' ');
        w->column += blank;
        for (size_t i = 0; i < word.n;) {
                struct glyph g = next_glyph(span_of(word.p + i, word.n - i), &marks, escape);

                if (w->column + g.columns > w->width && !w->is_empty)
                        wrap_break(w);
                bytes_add_span(w->ret, g.bytes);
                w->column += g.columns;
                w->is_empty = false;
                i += g.bytes.n;
        }
}

void wrap_text(struct span utf8, unsigned column, unsigned indent, unsigned width, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes safe = BYTES_NONE, plain = BYTES_NONE;
        struct wrap w = {column, indent, width, true, ret};

        text_escape(utf8, &safe);
        escape_marks(bytes_span(&safe), &plain);
        for (size_t i = 0; i < plain.n;) {
                const unsigned char *blank = memchr(plain.p + i, ' ', plain.n - i);
                size_t n = blank ? (size_t)(blank - (plain.p + i)) : plain.n - i;

                if (n > 0)
                        wrap_word(&w, span_of(plain.p + i, n));
                i += n + 1;
        }
        bytes_add_byte(ret, '\n');
}

static void put(FILE *f, const struct bytes *text)
{
        fwrite(bytes_text(text), 1, text->n, f);
        fflush(f);
}

static void PRINTF_LIKE(2, 0) format_text(struct bytes *ret, const char *format, va_list args)
{
        char *text = NULL;

        if (vasprintf(&text, format, args) >= 0)
                bytes_add_text(ret, text);
        free(text);
}

void say(const char *format, ...)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE, lines = BYTES_NONE;
        va_list args;

        va_start(args, format);
        format_text(&text, format, args);
        va_end(args);
        wrap_text(bytes_span(&text), 0, 0, say_width(), &lines);
        put(stdout, &lines);
}

void note(const char *format, ...)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE, lines = BYTES_NONE;
        va_list args;

        va_start(args, format);
        format_text(&text, format, args);
        va_end(args);
        wrap_text(bytes_span(&text), 0, 0, say_width(), &lines);
        put(stderr, &lines);
}

void say_entry(const char *label, unsigned label_width, const char *text)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;
        unsigned width = say_width(), indent = 2 + label_width + 1;

        /* On a terminal too narrow for two columns the text goes below its label. */
        bool below = indent + 16 > width || columns_of(span_text(label)) > label_width;

        if (below && indent + 16 > width)
                indent = 4;
        if (*label)
                bytes_printf(&lines, "  %s", label);
        if (below && *label)
                bytes_add_byte(&lines, '\n');
        bytes_printf(&lines, "%*s", (int)(below || !*label ? indent : indent - 2 - columns_of(span_text(label))), "");
        wrap_text(span_text(text), indent, indent, width, &lines);
        put(stdout, &lines);
}

void say_token(const char *label, const char *text)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;

        bytes_printf(&line, "  %-*s ", (int)SAY_LABEL, label);
        text_escape(span_text(text), &line);
        bytes_add_byte(&line, '\n');
        put(stdout, &line);
}

void say_field(const char *label, const char *format, ...)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        va_list args;

        va_start(args, format);
        format_text(&text, format, args);
        va_end(args);
        say_entry(label, SAY_LABEL, bytes_text(&text));
}

void say_json(json_t *j)
{
        json_dumpf(j, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        fputc('\n', stdout);
        fflush(stdout);
        json_decref(j);
}

const char *when(int64_t ms, int64_t now_ms, char ret[WHEN_TEXT])
{
        char time[TIME_TEXT], today[TIME_TEXT], distance[DURATION_TEXT];
        bool is_past = ms <= now_ms;

        if (ms == 0)
                return strcpy(ret, "never");
        time_format(ms, time);
        time_format(now_ms, today);
        duration_for_people(is_past ? now_ms - ms : ms - now_ms, distance);
        if (strncmp(time, today, 10) == 0)
                snprintf(ret, WHEN_TEXT, "%.8s UTC (%s%s%s)", time + 11, is_past ? "" : "in ", distance,
                         is_past ? " ago" : "");
        else
                snprintf(ret, WHEN_TEXT, "%.10s %.5s UTC (%s%s%s)", time, time + 11, is_past ? "" : "in ", distance,
                         is_past ? " ago" : "");
        return ret;
}

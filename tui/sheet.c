#include "tui/sheet.h"
#include "tui/say.h"
#include <stdarg.h>
#include <string.h>

static bool is_seen(const struct sheet *s, unsigned y)
{
        return s->canvas && y >= s->scroll && y - s->scroll < s->height;
}

bool sheet_is_away(const struct sheet *s)
{
        return !is_seen(s, s->y);
}

static unsigned put(const struct sheet *s, unsigned x, unsigned width, enum role role, const char *text)
{
        if (!is_seen(s, s->y))
                return 0;
        return canvas_put(s->canvas, s->top + s->y - s->scroll, x, width, role, text);
}

static void focus(struct sheet *s, unsigned lines, unsigned cursor_x)
{
        s->has_focus = true;
        s->focus_from = s->y;
        s->focus_to = s->y + lines;
        if (!is_seen(s, s->y))
                return;
        s->canvas->cursor_y = s->top + s->y - s->scroll;
        s->canvas->cursor_x = cursor_x < s->canvas->columns ? cursor_x : s->canvas->columns - 1;
}

static char *format_text(const char *format, va_list args)
{
        char *text = NULL;

        return vasprintf(&text, format, args) < 0 ? mem_text("") : text;
}

/* Lines of wrapped text from column x on; the paper moves on behind them. */
static void put_lines(struct sheet *s, unsigned x, enum role role, const char *text)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;
        unsigned room = s->width > x + 1 ? s->width - x - 1 : 1;
        char *save = NULL;

        wrap_text(span_text(text), 0, 0, room, &lines);
        for (char *line = strtok_r((char *)lines.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                put(s, x, room, role, line);
                s->y++;
        }
}

void sheet_gap(struct sheet *s)
{
        s->y++;
}

void sheet_heading(struct sheet *s, const char *text)
{
        if (s->y > 0)
                s->y++;
        put(s, 1, s->width, ROLE_TITLE, text);
        s->y++;
}

void sheet_say(struct sheet *s, enum role role, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        CLEANUP_FREE char *text = format_text(format, args);
        va_end(args);
        if (!*text)
                s->y++;
        else
                put_lines(s, 1, role, text);
}

void sheet_field(struct sheet *s, const char *label, enum role role, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        CLEANUP_FREE char *text = format_text(format, args);
        va_end(args);
        put(s, 1, SHEET_LABEL, ROLE_LABEL, label);
        put_lines(s, SHEET_LABEL + 2, role, *text ? text : "-");
}

void sheet_box(struct sheet *s, const char *label, enum role role, unsigned most, const char *text)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;
        unsigned x = SHEET_LABEL + 2, room = s->width > x + 1 ? s->width - x - 1 : 1, n = 0;
        char *save = NULL;

        put(s, 1, SHEET_LABEL, ROLE_LABEL, label);
        wrap_text(span_text(text), 0, 0, room, &lines);
        for (char *line = strtok_r((char *)lines.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save), n++) {
                if (n >= most)
                        continue;
                put(s, x, room, role, line);
                s->y++;
        }
        if (n > most)
                sheet_field(s, "", ROLE_BAD,
                            "[!!] %u more lines of it, nearly all of them escaped characters: the log has it whole",
                            n - most);
}

void sheet_row(struct sheet *s, bool is_selected, enum role role, const char *format, ...)
{
        va_list args;

        if (is_selected)
                focus(s, 1, 0);
        if (!is_seen(s, s->y)) {
                s->y++;
                return;
        }
        va_start(args, format);
        CLEANUP_FREE char *text = format_text(format, args);
        va_end(args);
        if (is_selected)
                canvas_fill(s->canvas, s->top + s->y - s->scroll, 0, s->width, ROLE_SELECTED);
        put(s, 0, 2, is_selected ? ROLE_SELECTED : ROLE_PLAIN, is_selected ? ">" : " ");
        put(s, 2, s->width - 2, is_selected ? ROLE_SELECTED : role, text);
        s->y++;
}

void sheet_input(struct sheet *s, const char *label, const struct input *in, bool is_focused)
{
        unsigned x = SHEET_LABEL + 2, room = s->width > x + 2 ? s->width - x - 2 : 1;
        unsigned column = input_cursor_column(in), line = 0;
        CLEANUP_BYTES struct bytes lines = BYTES_NONE, safe = BYTES_NONE;

        put(s, 1, SHEET_LABEL, is_focused ? ROLE_TITLE : ROLE_LABEL, label);
        if (is_focused)
                put(s, x - 2, 1, ROLE_TITLE, ">");
        /* Hard breaks, so that the cursor's place is arithmetic and blanks stay. */
        text_escape(span_text(in->text), &safe);
        if (is_focused) {
                s->y += column / room;
                focus(s, 1, x + column % room);
                s->y -= column / room;
        }
        for (size_t at = 0; at < safe.n || line == 0; line++) {
                size_t n = safe.n - at;
                CLEANUP_FREE char *rest = mem_text_n((const char *)safe.p + at, n);

                while (n > 0 && canvas_width(rest) > room) {
                        do
                                n--;
                        while (n > 0 && (rest[n] & 0xC0) == 0x80);
                        rest[n] = '\0';
                }
                put(s, x, room, ROLE_PLAIN, rest);
                at += n;
                s->y++;
                if (n == 0)
                        break;
        }
}

void sheet_choice(struct sheet *s, const char *label, const char *text, const char *hint, bool is_focused)
{
        CLEANUP_FREE char *shown = NULL;
        unsigned x = SHEET_LABEL + 2;

        if (asprintf(&shown, is_focused ? "< %s >" : "%s", text) < 0)
                return;
        put(s, 1, SHEET_LABEL, is_focused ? ROLE_TITLE : ROLE_LABEL, label);
        if (is_focused)
                focus(s, 1, x);
        x += put(s, x, s->width - x, is_focused ? ROLE_SELECTED : ROLE_PLAIN, shown);
        if (x + 1 < s->width)
                put(s, x + 1, s->width - x - 1, ROLE_DIM, hint);
        s->y++;
}

void sheet_hole(struct sheet *s, unsigned rows)
{
        unsigned first = s->y < s->scroll ? s->scroll - s->y : 0;

        if (s->canvas && first < rows && is_seen(s, s->y + first)) {
                unsigned y = s->y + first - s->scroll, n = rows - first;

                s->canvas->hole = (struct hole){
                        .y = s->top + y,
                        .x = 4,
                        .rows = n < s->height - y ? n : s->height - y,
                        .columns = s->width - 5,
                        .skip = first,
                };
        }
        s->y += rows;
}

void sheet_bar(struct sheet *s, const char *label, unsigned done, unsigned all, enum role role)
{
        char bar[80] = "";
        unsigned room = s->width > SHEET_LABEL + 20 ? s->width - SHEET_LABEL - 20 : 10;

        if (room > 40)
                room = 40;
        for (unsigned i = 0; i < room; i++)
                bar[i] = all && i < room * done / all ? '#' : '-';
        sheet_field(s, label, role, "[%s] %u of %u", bar, done, all);
}

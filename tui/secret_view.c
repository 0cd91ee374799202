#include "tui/secret_view.h"
#include "base/file.h"
#include "base/utf8.h"
#include "tui/totp.h"
#include <string.h>
#include <wchar.h>

#define LINES_MAX 500u

struct line {
        size_t from, to; /* bytes */
        unsigned columns;
        size_t next;
};

/* The line that begins at `from`; false for what a terminal would take as an order, or hide. */
static bool read_line_at(const struct document_field *f, size_t from, unsigned columns, struct line *ret)
{
        *ret = (struct line){from, from, 0, from};
        while (ret->next < f->len) {
                uint32_t point;
                size_t n = utf8_next(span_of(f->value + ret->next, f->len - ret->next), &point);

                if (n == 1 && point == '\n') {
                        ret->next++;
                        return true;
                }
                int width = n ? wcwidth((wchar_t)point) : -1;

                if (width < 1)
                        return false;
                if (ret->columns + (unsigned)width > columns)
                        return true;
                ret->columns += (unsigned)width;
                ret->next = ret->to = ret->next + n;
        }
        return true;
}

unsigned secret_lines(const struct document_field *f, unsigned columns)
{
        struct line line = {0};
        unsigned n = 0;

        if (columns < 2 || f->len == 0)
                return 0;
        while (line.next < f->len && n <= LINES_MAX) {
                if (!read_line_at(f, line.next, columns, &line))
                        return 0;
                n++;
        }
        return n <= LINES_MAX ? n : 0;
}

static void put(int fd, const void *p, size_t n)
{
        if (fd_write_all(fd, p, n) != OK)
                err_forget(); /* a terminal that went away shows itself at the next read */
}

static void put_blanks(int fd, unsigned n)
{
        static const char blanks[] = "                                                                ";

        while (n > 0) {
                unsigned part = n < sizeof(blanks) - 1 ? n : (unsigned)sizeof(blanks) - 1;

                put(fd, blanks, part);
                n -= part;
        }
}

void secret_write_line(const struct document_field *f, unsigned n, unsigned columns, int fd)
{
        struct line line = {0};

        for (unsigned i = 0; i <= n; i++)
                if ((i > 0 && line.next >= f->len) || !read_line_at(f, line.next, columns, &line))
                        return;
        put(fd, f->value + line.from, line.to - line.from);
        put_blanks(fd, columns - line.columns);
}

void secret_write_code(const struct document_field *f, int64_t now_ms, unsigned columns, int fd)
{
        CLEANUP_SECRET struct secret code = SECRET_NONE;
        unsigned left_s = 0, n = 0;
        char more[32] = "";

        if (columns < TOTP_TEXT + sizeof(more) || totp_code(f, now_ms, &code, &left_s) != OK) {
                err_forget();
                return;
        }
        n = (unsigned)snprintf(more, sizeof(more), "  for %u s more", left_s);
        put(fd, code.bytes, code.len);
        put(fd, more, n);
        put_blanks(fd, columns - TOTP_TEXT - n);
}

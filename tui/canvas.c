#include "tui/canvas.h"
#include "base/utf8.h"
#include <string.h>
#include <wchar.h>

#define MARKS_MAX 3u /* combining marks on one character; more only hide what is below them */

void canvas_init(struct canvas *c, unsigned rows, unsigned columns)
{
        *c = (struct canvas){
                .rows = rows > CANVAS_ROWS_MAX ? CANVAS_ROWS_MAX : rows,
                .columns = columns > CANVAS_COLUMNS_MAX ? CANVAS_COLUMNS_MAX : columns,
        };
        c->cell = mem_new((size_t)c->rows * c->columns + 1, sizeof(*c->cell));
        for (unsigned y = 0; y < c->rows; y++)
                canvas_fill(c, y, 0, c->columns, ROLE_PLAIN);
}

void canvas_done(struct canvas *c)
{
        free(c->cell);
        *c = (struct canvas){0};
}

static struct cell *cell_at(const struct canvas *c, unsigned y, unsigned x)
{
        return &c->cell[(size_t)y * c->columns + x];
}

void canvas_fill(struct canvas *c, unsigned y, unsigned x, unsigned width, enum role role)
{
        for (unsigned i = x; y < c->rows && i < c->columns && i - x < width; i++)
                *cell_at(c, y, i) = (struct cell){" ", (unsigned char)role};
}

/* ---- one glyph after the other ---- */

struct glyph {
        char text[GLYPH_BYTES];
        unsigned columns;
};

static unsigned columns_of(uint32_t point)
{
        int n = wcwidth((wchar_t)point);

        return n < 0 ? 1u : (unsigned)n; /* not in this C library's tables: assume the usual */
}

/* A character and up to MARKS_MAX marks; a mark without a character, or one too many, becomes visible. Gives the
 * bytes taken. */
static size_t next_glyph(struct span s, struct glyph *ret)
{
        uint32_t point = 0;
        size_t n = utf8_next(s, &point), taken = n ? n : 1;
        unsigned marks = 0;

        *ret = (struct glyph){.columns = n ? columns_of(point) : 1};
        if (n == 0) {
                ret->text[0] = '?';
                return 1;
        }
        if (ret->columns == 0) {
                ret->columns = (unsigned)snprintf(ret->text, sizeof(ret->text), "\\u{%x}", (unsigned)point);
                return taken;
        }
        memcpy(ret->text, s.p, n);
        while (taken < s.n && marks < MARKS_MAX) {
                size_t more = utf8_next(span_of(s.p + taken, s.n - taken), &point);

                if (more == 0 || columns_of(point) != 0)
                        break;
                memcpy(ret->text + taken, s.p + taken, more);
                taken += more;
                marks++;
        }
        return taken;
}

static unsigned width_of(struct span safe)
{
        unsigned columns = 0;
        struct glyph g;

        for (size_t i = 0; i < safe.n;) {
                i += next_glyph(span_of(safe.p + i, safe.n - i), &g);
                columns += g.columns;
        }
        return columns;
}

unsigned canvas_width(const char *text)
{
        CLEANUP_BYTES struct bytes safe = BYTES_NONE;

        text_escape(span_text(text), &safe);
        return width_of(bytes_span(&safe));
}

static void set_glyph(struct canvas *c, unsigned y, unsigned x, enum role role, const struct glyph *g)
{
        bool is_escape = g->columns > 2;

        for (unsigned i = 0; i < g->columns; i++) {
                struct cell *cell = cell_at(c, y, x + i);

                *cell = (struct cell){"", (unsigned char)role};
                if (is_escape)
                        cell->glyph[0] = g->text[i];
                else if (i == 0)
                        memcpy(cell->glyph, g->text, GLYPH_BYTES);
        }
}

unsigned canvas_put(struct canvas *c, unsigned y, unsigned x, unsigned width, enum role role, const char *text)
{
        CLEANUP_BYTES struct bytes safe = BYTES_NONE;
        unsigned at = 0;

        if (y >= c->rows || x >= c->columns)
                return 0;
        if (width > c->columns - x)
                width = c->columns - x;
        text_escape(span_text(text), &safe);
        bool is_cut = width_of(bytes_span(&safe)) > width;
        unsigned room = is_cut && width > 2 ? width - 2 : width;

        for (size_t i = 0; i < safe.n;) {
                struct glyph g;

                i += next_glyph(span_of(safe.p + i, safe.n - i), &g);
                if (at + g.columns > room)
                        break;
                set_glyph(c, y, x + at, role, &g);
                at += g.columns;
        }
        for (unsigned i = 0; is_cut && i < 2 && at < width; i++, at++)
                set_glyph(c, y, x + at, role, &(struct glyph){".", 1});
        return at;
}

void canvas_text(const struct canvas *c, struct bytes *ret)
{
        for (unsigned y = 0; y < c->rows; y++) {
                for (unsigned x = 0; x < c->columns; x++)
                        bytes_add_text(ret, cell_at(c, y, x)->glyph);
                while (ret->n > 0 && ret->p[ret->n - 1] == ' ')
                        ret->n--;
                bytes_add_byte(ret, '\n');
        }
}

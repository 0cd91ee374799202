/* A screen of character cells, before any terminal sees it. Whatever is put here is escaped and counted in columns,
 * so that no name or reason moves the cursor, forges a label or leaves its box.
 *
 * A canvas never holds a secret: it has a *hole* where the terminal itself writes what is shown from locked memory.
 */
#pragma once
#include "base/bytes.h"

#define CANVAS_ROWS_MAX    400u
#define CANVAS_COLUMNS_MAX 400u
#define GLYPH_BYTES        20u /* a character with its marks */

/* What a text means; colours belong to the terminal, and nothing is said by them alone. */
enum role { ROLE_PLAIN, ROLE_TITLE, ROLE_LABEL, ROLE_GOOD, ROLE_WARN, ROLE_BAD, ROLE_SELECTED, ROLE_DIM, ROLE_COUNT };

struct cell {
        char glyph[GLYPH_BYTES]; /* UTF-8; empty: the right half of a wide character */
        unsigned char role;
};

struct hole {
        unsigned y, x, rows, columns; /* rows 0: none */
        unsigned skip;                /* lines of the secret that were scrolled away above */
};

struct canvas {
        unsigned rows, columns;
        struct cell *cell;
        unsigned cursor_y, cursor_x;
        struct hole hole;
};

void canvas_init(struct canvas *c, unsigned rows, unsigned columns); /* blank */
void canvas_done(struct canvas *c);
/* Puts one line's text at (y, x), at most `width` columns of it (".." shows that there is more); what lies outside
 * the canvas is left out. Gives the columns used. */
unsigned canvas_put(struct canvas *c, unsigned y, unsigned x, unsigned width, enum role role, const char *text);
void canvas_fill(struct canvas *c, unsigned y, unsigned x, unsigned width, enum role role);
/* The columns that a text takes once escaped. */
unsigned canvas_width(const char *text);
/* The whole canvas as lines of text without blanks at their ends. */
void canvas_text(const struct canvas *c, struct bytes *ret);

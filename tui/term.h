/* The terminal, and nothing else, behind curses. What it shows comes as a canvas; a secret is written straight from
 * locked memory into the canvas's hole, past all buffers of curses, which never see it. */
#pragma once
#include "base/err.h"
#include "tui/canvas.h"

/* Writes line `line` of what is shown, at most `columns` wide and padded to it, to fd. */
typedef void term_fill(void *context, unsigned line, unsigned columns, int fd);

/* Whether screens can be shown here, without touching anything. Errors: ERR_USAGE with what is wrong. */
MUST_CHECK enum err term_check(void);
/* Takes the terminal of stdin and stdout. Errors: ERR_USAGE with what is wrong with it. */
MUST_CHECK enum err term_open(void);
void term_draw(const struct canvas *c, term_fill *fill, void *context);
void term_size(unsigned *ret_rows, unsigned *ret_columns);
/* The terminal may show rubbish: the next drawing paints everything. */
void term_redraw(void);
/* Gives the terminal to another program for a while, wiped of what it showed; takes it again. */
void term_leave(void);
void term_return(void);
/* Wipes what is shown from the terminal and from curses' memory, and puts the terminal back. Twice does no harm. */
void term_close(void);

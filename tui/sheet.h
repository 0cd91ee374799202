/* Endless paper under a window of the canvas: screens write line after line from the top, and only what the window
 * shows is kept. The selected row is always in sight. */
#pragma once
#include "tui/canvas.h"
#include "tui/input.h"

#define SHEET_LABEL 12u

struct sheet {
        struct canvas *canvas; /* NULL: only counts */
        unsigned top, height;  /* the window on the canvas */
        unsigned width;
        unsigned scroll; /* the paper's line at the window's top */
        unsigned y;      /* the next line */
        bool has_focus;
        unsigned focus_from, focus_to; /* the selected lines */
};

/* Whether the next line lies outside the window (then formatting it is a waste). */
bool sheet_is_away(const struct sheet *s);
void sheet_gap(struct sheet *s);
void sheet_heading(struct sheet *s, const char *text);
/* A paragraph, wrapped. */
void sheet_say(struct sheet *s, enum role role, const char *format, ...) PRINTF_LIKE(3, 4);
/* "  label       text", wrapped behind the label. */
void sheet_field(struct sheet *s, const char *label, enum role role, const char *format, ...) PRINTF_LIKE(4, 5);
/* The same for a text of somebody else's, at most `most` lines of it: more is said, not shown. */
void sheet_box(struct sheet *s, const char *label, enum role role, unsigned most, const char *text);
/* One line of a list, cut at the edge; the selected one is marked, and the cursor parks there. */
void sheet_row(struct sheet *s, bool is_selected, enum role role, const char *format, ...) PRINTF_LIKE(4, 5);
/* A line that is typed; focused: the cursor stands in it. */
void sheet_input(struct sheet *s, const char *label, const struct input *in, bool is_focused);
/* A picked value, "< E1 >" when focused, and a hint behind it. */
void sheet_choice(struct sheet *s, const char *label, const char *text, const char *hint, bool is_focused);
/* Keeps `rows` lines free for the terminal to write a secret into. */
void sheet_hole(struct sheet *s, unsigned rows);
/* Large letters (digits, A–Z, hyphen), four lines high; plain when the paper is too narrow. */
void sheet_large(struct sheet *s, const char *text);
/* "[########------] 3 of 5" */
void sheet_bar(struct sheet *s, const char *label, unsigned done, unsigned all, enum role role);

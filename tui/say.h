/* Words on the terminal: wrapped to its width, with other people's text made harmless, so that no name or reason can
 * move the cursor, forge a label or hide a character. */
#pragma once
#include "base/bytes.h"
#include "base/clock.h"
#include <jansson.h>

#define SAY_LABEL 12u /* columns of a label */

/* Columns of stdout's terminal (or $COLUMNS), 20…200; 80 when it is none. */
unsigned say_width(void);
/* Pure: breaks one paragraph at blanks (a longer word anywhere) into lines of at most `width` columns, every line but
 * the first beginning with `indent` blanks; `column` is where the first one begins. Text is escaped first: control,
 * bidi and zero-width characters, and piles of combining marks, become visible. Ends with a newline. */
void wrap_text(struct span utf8, unsigned column, unsigned indent, unsigned width, struct bytes *ret);

/* A paragraph on stdout; an empty one is an empty line. The whole text is escaped: a format holds no newline. */
void say(const char *format, ...) PRINTF_LIKE(1, 2);
/* "  label       text", wrapped behind the label. */
void say_field(const char *label, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for what is copied whole (a hash, a key): never broken. */
void say_token(const char *label, const char *text);
/* The same with a label column of so many columns. */
void say_entry(const char *label, unsigned label_width, const char *text);
/* A paragraph on stderr: what goes on, not what was asked for. */
void note(const char *format, ...) PRINTF_LIKE(1, 2);
/* One JSON document on one line of stdout; takes the reference. */
void say_json(json_t *j);

/* "03:34:05 UTC (in 30 min)", "2026-11-22 03:34 UTC (2 days ago)"; "never" for 0. */
#define WHEN_TEXT 96
const char *when(int64_t ms, int64_t now_ms, char ret[WHEN_TEXT]);

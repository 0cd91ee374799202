/* A line of text that somebody types. Plain data, pure. */
#pragma once
#include "tui/keys.h"

#define INPUT_BYTES 2048u /* 500 characters of any kind fit */

struct input {
        char text[INPUT_BYTES];
        size_t n, cursor; /* in bytes */
        bool was_pasted;  /* a line break came with a paste: it must not confirm anything */
};

void input_clear(struct input *in);
void input_set(struct input *in, const char *text);
/* Characters, Backspace, Del, Left, Right, Home, End, ^A, ^E, ^U, ^W; false when the key means nothing to a line. */
bool input_take(struct input *in, struct key_press k);
/* The columns before the cursor. */
unsigned input_cursor_column(const struct input *in);

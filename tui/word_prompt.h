/* Asking for the 48 words of an envelope (quorum/paper.h), one at a time, on one line of the terminal that is
 * rewritten and wiped: nothing of it reaches the scrollback.
 *
 * Letters are typed; when they are one word's alone, its other letters are shown. Space, Enter or Tab takes the word,
 * Backspace before the first letter goes back to the one before, ^U drops the letters, ^C ends it all. A set whose
 * checksum does not hold is told at once, and stays to be gone back through. */
#pragma once
#include "quorum/paper.h"

/* At /dev/tty. ret: PAPER_BYTES. Errors: ERR_USAGE (no terminal), ERR_ABORTED, ERR_MEMORY. */
MUST_CHECK enum err word_prompt(struct secret *ret);
MUST_CHECK enum err word_prompt_at(int tty, struct secret *ret);

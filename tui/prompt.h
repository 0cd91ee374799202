/* Asking a person at the terminal. The terminal's modes are put back on every way out, signals included; what was
 * typed ahead of the question never answers it. */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#define PROMPT_MAX 1024u /* bytes of an answer */

/* Whether there is a terminal to ask at. */
bool prompt_possible(void);

/* Asks at /dev/tty without showing what is typed. Errors: ERR_USAGE (no terminal, too long), ERR_ABORTED (^C, ^D, a
 * signal), ERR_MEMORY. An empty answer is OK and empty. */
MUST_CHECK enum err prompt_secret(const char *question, struct secret *ret);
/* Shows what is typed. ret_pasted (may be NULL): the answer came with newlines pasted in, or more text behind it: it
 * must not confirm anything. Errors as above. */
MUST_CHECK enum err prompt_line(const char *question, struct bytes *ret, bool *ret_pasted);

/* The same on a given terminal. */
MUST_CHECK enum err prompt_secret_at(int tty, const char *question, struct secret *ret);
MUST_CHECK enum err prompt_line_at(int tty, const char *question, struct bytes *ret, bool *ret_pasted);

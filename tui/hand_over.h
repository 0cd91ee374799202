/* The few ways by which an opened secret leaves locked memory, each on purpose: to the terminal, to a private file,
 * or to a program's descriptor. Never by environment or argument, never through a buffer of ours that is not locked.
 */
#pragma once
#include "quorum/document.h"

#define HAND_OVER_FD 3 /* the first field's descriptor in a program; the others follow in order */

/* To stdout: with field, its bytes and nothing else (a newline only at a terminal); without, each field under its
 * name. A value that would garble a terminal is not printed to one. Errors: ERR_IO. */
MUST_CHECK enum err hand_over_show(const struct document *d, const char *field);

/* What --output needs, before anything is opened: a folder, no file of that name, memory under it unless on_disk.
 * Errors: ERR_NO_ENTRY, ERR_DUPLICATE, ERR_UNSAFE_ENVIRONMENT. */
MUST_CHECK enum err hand_over_check_file(const char *path, bool on_disk);
/* New files, 0600: path (one field) or path.NAME for each of several. Errors: ERR_DUPLICATE, ERR_IO. */
MUST_CHECK enum err hand_over_file(const struct document *d, const char *field, const char *path);

/* Whether there is such a program, before anything is opened. Errors: ERR_NO_ENTRY. */
MUST_CHECK enum err hand_over_check_program(const char *name);
/* Runs argv[0…n) with every field (or only that one) on a pipe of its own, from descriptor 3 on in the document's
 * order;
 * "{NAME}" in an argument becomes /dev/fd/N. No other descriptor than these and 0–2 is inherited. Each can be read
 * once. ret_code: the program's exit code, 128 + signal. Errors: ERR_NO_ENTRY (it can't be run), ERR_IO. */
MUST_CHECK enum err hand_over_exec(const struct document *d, const char *field, const char *const argv[], size_t n,
                                   int *ret_code);

/* Lines of text out of memory or a descriptor, through one buffer that holds the longest of them. */
#pragma once
#include "base/bytes.h"

struct export_lines {
        struct span memory; /* what is left of it, when fd is −1 */
        int fd;
        struct bytes buffer; /* what was read and not taken yet begins at `at` */
        size_t at;
        uint64_t base; /* where in the file the buffer begins */
        bool is_ended;
};
void export_lines_done(struct export_lines *l);

/* What is there, at least n bytes of it unless the file ends before. Errors: ERR_IO. */
MUST_CHECK enum err export_lines_peek(struct export_lines *l, size_t n, struct span *ret);
/* Takes a line without its newline; it holds until the next. Errors: ERR_NO_ENTRY when no newline is left,
 * ERR_TOO_LARGE (longer than LINE_MAX_BYTES), ERR_IO. */
MUST_CHECK enum err export_lines_take(struct export_lines *l, struct span *ret);
/* Where in the file the line that was just taken begins. */
uint64_t export_lines_place(const struct export_lines *l, struct span taken);

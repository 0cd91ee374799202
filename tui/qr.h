/* QR codes of a block's parts (quorum/block_parts.h): as many as it takes for each to fit where it is shown. */
#pragma once
#include "quorum/block_parts.h"

#define QR_QUIET 4u   /* modules of light around the code (ISO/IEC 18004) */
#define QR_MOST  177u /* modules of the largest code */

struct qr {
        unsigned modules; /* on a side */
        bool *is_dark;    /* row by row */
};

struct qr_set {
        size_t n;
        struct qr code[PARTS_MAX];
};

void qr_set_done(struct qr_set *s);
/* The codes of the first block in an armored text, in as few parts as fit codes of at most so many modules a side.
 * Errors: ERR_TOO_LARGE (more than PARTS_MAX), ERR_MEMORY, those of block_read(). */
MUST_CHECK enum err qr_of_block(const struct bytes *text, enum block_kind kind, unsigned most_modules,
                                struct qr_set *ret);
bool qr_is_dark(const struct qr *q, int row, int column); /* light outside of it */

/* A picture in a new file: *.svg, else a PBM. Only for a set of one. Errors: ERR_DUPLICATE, ERR_IO. */
MUST_CHECK enum err qr_write_file(const struct qr_set *s, const char *path);
/* Shows one after the other at the terminal, on a page that is wiped. Errors: ERR_USAGE (no terminal). */
MUST_CHECK enum err qr_show(const struct bytes *text, enum block_kind kind, const char *title);

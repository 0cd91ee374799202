/* A block in numbered parts, each short enough for a QR code that fits a terminal. A part is one line of the
 * characters that QR codes hold most tightly (upper-case letters, digits, `/` and `:`), just as any phone's reader
 * gives it:
 *
 *   BG1:3/12:K7QX:MFZG6Y3M…
 *
 * BG1   the format; 3/12: the third of twelve, 1…PARTS_MAX without leading zeros
 * K7QX  which block: the first 20 bits, in base32, of the SHA-256 of the block's content
 * then  the content (quorum/block.h, before its base64), in base32 (RFC 4648, no padding), cut into twelve pieces
 *
 * Reading finds parts anywhere in a text, in any order and doubled; what parts of one block don't fit is told. */
#pragma once
#include "quorum/block.h"

#define PARTS_MAX  99u
#define PARTS_HEAD 15u /* "BG1:12/12:K7QX:" */
#define PARTS_SETS 32u /* different blocks in one text */

/* The parts, a line each, of at most so many characters (more than PARTS_HEAD). ret_n: how many. Errors:
 * ERR_TOO_LARGE (more than PARTS_MAX). */
MUST_CHECK enum err block_parts_write(const struct block *b, size_t line_max, struct bytes *ret_lines, size_t *ret_n);
/* Appends every block that is there in whole, as block_write() would write it. Errors: ERR_BAD_STATEMENT with what is
 * missing or wrong of the first that is not whole; those that are whole are in ret_text all the same. */
MUST_CHECK enum err block_parts_join(struct span in, struct bytes *ret_text);
/* Whether there are parts in it, and none is missing. */
bool block_parts_are_whole(struct span in);

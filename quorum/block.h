/* Blocks: a signed statement (and what travels beside it) as a short text that goes through a chat, a mail, a printer
 * or a stick.
 *
 *   -----BEGIN BREAKGLASS REQUEST-----
 *   base64 of  breakglass-block/v1 request PAYLOAD-BYTES SIGNATURE-BYTES FILE-BYTES\n
 *              payload, signature, file, and the first 4 bytes of the SHA-256 of all that
 *   -----END BREAKGLASS REQUEST-----
 *
 * Reading is forgiving about how it travelled (line breaks, quoting, text around it), about nothing else: the
 * checksum tells damage from a forgery, which the signature is for. */
#pragma once
#include "quorum/envelope.h"

enum block_kind { BLOCK_REQUEST, BLOCK_ANSWER };

struct block {
        enum block_kind kind;
        struct envelope envelope; /* a request or an approval, one signature */
        struct bytes file; /* an answer's re-sealed share; in a request one holder's sealed share, or nothing */
};

#define CLEANUP_BLOCK __attribute__((cleanup(block_done)))

void block_done(struct block *b);
void block_write(const struct block *b, struct bytes *ret_text);
/* What stands between the two lines, before base64; and those lines around such content. */
void block_write_content(const struct block *b, struct bytes *ret);
void block_armor(enum block_kind kind, struct span content, struct bytes *ret_text);
/* The kind that the content names. Errors: ERR_BAD_STATEMENT. */
MUST_CHECK enum err block_kind_of(struct span content, enum block_kind *ret);
/* Takes the next block of this kind out of the text (*rest moves behind it). Errors: ERR_NOT_FOUND (none is left),
 * ERR_BAD_STATEMENT (damaged or cut; *rest moves on all the same). */
MUST_CHECK enum err block_read(struct span *rest, enum block_kind kind, struct block *ret);

/* Reads single values out of JSON that may hold secrets, without copying the rest: RFC 6901 pointers over the
 * scanner.
 *
 * "/data/keys/0/secret"; "" is the whole. Keys that are written with an escape are never matched. */
#pragma once
#include "base/secret.h"
#include "rotators/hooks/scan.h"

/* Where the value stands, with its quotes or brackets. False: it is not there, or this is no JSON. */
MUST_CHECK bool pointer_find(struct span json, const char *pointer, struct span *ret);
/* The n-th item of a list. False: there is none. */
MUST_CHECK bool pointer_item(struct span list, size_t n, struct span *ret);
/* The text there, decoded, or a number or word as it is written; NUL-ended in locked memory, its NUL counted.
 * Errors: ERR_NO_ENTRY (not there, a list or an object), ERR_BAD_STATEMENT (malformed, or with a NUL inside),
 * ERR_MEMORY. */
MUST_CHECK enum err pointer_text(struct span json, const char *pointer, struct secret *ret);
/* The same for what is no secret, appended to ret; false when it is not there. */
MUST_CHECK bool pointer_plain(struct span json, const char *pointer, struct bytes *ret);
/* Whether a text stands there that is exactly this one. */
bool pointer_is(struct span json, const char *pointer, struct span text);

/* The request's code: what the requester reads out and the approver types, `XXXX-XXXX` in Crockford base32. It ties a
 * voice to a request; it is not a secret, but is never shown on an approver's screen or in a page. */
#pragma once
#include "base/bytes.h"

#define CODE_TEXT 10 /* with the NUL */

void code_of(const struct hash *request, char ret[CODE_TEXT]);
/* What a person typed: case, the hyphen, spaces, and O/0, I/L/1 don't matter. */
bool code_matches(const struct hash *request, const char *typed);

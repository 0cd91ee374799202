/* One code point at a time, for the modules of base that walk over text. */
#pragma once
#include "base/bytes.h"

/* The length of the well-formed code point that s begins with (RFC 3629), or 0. */
size_t utf8_next(struct span s, uint32_t *ret_point);

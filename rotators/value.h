/* New secret values, uniform over an alphabet. */
#pragma once
#include "base/secret.h"
#include <stdbool.h>

#define VALUE_LENGTH_MAX 1024u
#define VALUE_BITS_MIN   64.0 /* of entropy: less can be guessed at the target */

struct value_rules {
        unsigned length;
        const char *alphabet; /* distinct printable ASCII characters */
};

/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err value_check(const struct value_rules *r);
/* Errors: as above, ERR_MEMORY. */
MUST_CHECK enum err value_new(const struct value_rules *r, struct secret *ret);

/* A vault file: one line, the Argon2id hash of the only value that it lets in. The smallest honest target there is.
 */
#pragma once
#include "base/bytes.h"
#include "rotators/hooks/hook_input.h"

enum vault_verdict { VAULT_REFUSED = 0, VAULT_OPENS };

/* Makes path let in exactly this value; atomic and durable. Errors: ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err vault_set(const char *path, const struct hook_field *value);
/* Errors: ERR_NO_ENTRY, ERR_UNSAFE_FILE, ERR_IO, ERR_BAD_CONTAINER (not a vault file). */
MUST_CHECK enum err vault_try(const char *path, const struct hook_field *value, enum vault_verdict *ret);
/* "sha256:HEX" of the stored hash. Errors as above. */
MUST_CHECK enum err vault_handle(const char *path, struct bytes *ret);

/* What a MariaDB server is to store for a password: mysql_native_password's `*HEX(SHA-1(SHA-1))`, or ed25519's public
 * key (SHA-512 of the password, clamped, times the base point) in base64 without padding.
 *
 * What lies between the password and that, SHA-1 or SHA-512 of it, is all that a login needs: it is in locked memory
 * alone. Errors: ERR_MEMORY, ERR_INTERNAL. */
#pragma once
#include "rotators/hooks/hook_input.h"

MUST_CHECK enum err mysql_verifier_native(const struct hook_field *value, struct bytes *ret);
MUST_CHECK enum err mysql_verifier_ed25519(const struct hook_field *value, struct bytes *ret);

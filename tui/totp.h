/* One-time codes from a field that holds an `otpauth://totp/…` address, as authenticator apps export them (RFC 6238;
 * parameters secret, algorithm SHA1/SHA256/SHA512, digits 6–8, period 1–300 s). Seed and code stay in locked memory.
 */
#pragma once
#include "quorum/document.h"

#define TOTP_TEXT 10u /* "123 456" … "1234 5678", padded with blanks */

/* Whether the field is such an address in full; else it is shown as any other text. */
bool totp_is_in(const struct document_field *f);
/* The code at this moment, TOTP_TEXT bytes, and how long it goes on. Errors: ERR_RANGE (no such address),
 * ERR_MEMORY. */
MUST_CHECK enum err totp_code(const struct document_field *f, int64_t now_ms, struct secret *ret,
                              unsigned *ret_left_s);

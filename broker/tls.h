/* TLS for the API: making the key pair, its pin, and a handshake with ourselves at the start, so that a configuration
 * that no client could use is found out before anybody needs it. */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#define TLS_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3"
#define TLS_PIN_TEXT   53 /* "sha256//" + 44 base64 characters + NUL */

/* An Ed25519 key and a self-signed certificate (only the key's pin counts), as PEM files of mode 0600.
 * Errors: ERR_IO, ERR_INTERNAL. */
MUST_CHECK enum err tls_make_pair(const char *key_path, const char *cert_path, char ret_pin[TLS_PIN_TEXT]);
/* Both files for MHD: NUL-ended PEM. Errors: those of file_read_private(). */
MUST_CHECK enum err tls_load(const char *key_path, const char *cert_path, struct secret *ret_key,
                             struct bytes *ret_cert);
/* The pin of a PEM certificate. Errors: ERR_CONFIG. */
MUST_CHECK enum err tls_pin(const char *cert_pem, char ret_pin[TLS_PIN_TEXT]);
/* Connects to the listener at this port and completes a handshake with TLS 1.3 and this pin. Errors: ERR_CONFIG. */
MUST_CHECK enum err tls_try(const char *host, unsigned port, const char *pin);

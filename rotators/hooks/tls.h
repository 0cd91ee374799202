/* The client's side of one TLS connection over an open socket: the server has to prove its name before anything is
 * said to it. */
#pragma once
#include "base/attr.h"
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls {
        gnutls_session_t session;
        gnutls_certificate_credentials_t trust;
        int fd, timeout_ms;
};

enum tls_outcome {
        TLS_AWAY = 0, /* it does not speak TLS, or went silent */
        TLS_OPEN,
        TLS_NO_AUTHORITY, /* ca_file cannot be used */
        TLS_NOT_TRUSTED,  /* the certificate is none for this host, or nobody trusted has signed it */
};

/* host: a name or an address, both have to stand in the certificate. ca_file: whom to believe, NULL for the system's
 * authorities. fd stays the caller's. */
MUST_CHECK enum tls_outcome tls_open(struct tls *ret, int fd, const char *host, const char *ca_file, int timeout_ms);
void tls_close(struct tls *t);
/* All of it, or false. */
MUST_CHECK bool tls_send(struct tls *t, const void *bytes, size_t n);
/* At most n bytes as they come; ≤ 0 when the connection has ended, or nothing comes in time. */
MUST_CHECK ssize_t tls_receive(struct tls *t, void *to, size_t n);

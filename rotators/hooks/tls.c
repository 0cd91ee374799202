#include "rotators/hooks/tls.h"
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>

#define PRIORITY       "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define HANDSHAKE_PART 3 /* of the time: what speaks no TLS mostly waits for more, and is to be told from it */

static bool is_address(const char *host)
{
        unsigned char room[sizeof(struct in6_addr)];
        return inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1;
}

MUST_CHECK static enum tls_outcome read_authorities(struct tls *t, const char *ca_file)
{
        if (gnutls_certificate_allocate_credentials(&t->trust) != GNUTLS_E_SUCCESS)
                return TLS_NO_AUTHORITY;
        int n = ca_file ? gnutls_certificate_set_x509_trust_file(t->trust, ca_file, GNUTLS_X509_FMT_PEM)
                        : gnutls_certificate_set_x509_system_trust(t->trust);
        return n > 0 ? TLS_OPEN : TLS_NO_AUTHORITY;
}

MUST_CHECK static bool prepare(struct tls *t, const char *host)
{
        if (gnutls_init(&t->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) != GNUTLS_E_SUCCESS ||
            gnutls_priority_set_direct(t->session, PRIORITY, NULL) != GNUTLS_E_SUCCESS ||
            gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->trust) != GNUTLS_E_SUCCESS)
                return false;
        if (!is_address(host) &&
            gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, host, strlen(host)) != GNUTLS_E_SUCCESS)
                return false;
        gnutls_session_set_verify_cert(t->session, host, 0);
        gnutls_transport_set_int(t->session, t->fd);
        gnutls_handshake_set_timeout(t->session, (unsigned)t->timeout_ms / HANDSHAKE_PART);
        return true;
}

enum tls_outcome tls_open(struct tls *ret, int fd, const char *host, const char *ca_file, int timeout_ms)
{
        int got;
        *ret = (struct tls){.fd = fd, .timeout_ms = timeout_ms};
        enum tls_outcome outcome = read_authorities(ret, ca_file);
        if (outcome != TLS_OPEN)
                return outcome;
        if (!prepare(ret, host))
                return TLS_AWAY;
        do
                got = gnutls_handshake(ret->session);
        while (got == GNUTLS_E_INTERRUPTED || got == GNUTLS_E_WARNING_ALERT_RECEIVED);
        if (got == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
                return TLS_NOT_TRUSTED;
        return got == GNUTLS_E_SUCCESS ? TLS_OPEN : TLS_AWAY;
}

void tls_close(struct tls *t)
{
        if (t->session)
                gnutls_deinit(t->session);
        if (t->trust)
                gnutls_certificate_free_credentials(t->trust);
        *t = (struct tls){.fd = -1};
}

bool tls_send(struct tls *t, const void *bytes, size_t n)
{
        for (const unsigned char *at = bytes, *end = at + n; at < end;) {
                ssize_t sent = gnutls_record_send(t->session, at, (size_t)(end - at));
                if (sent < 0 && sent != GNUTLS_E_INTERRUPTED)
                        return false;
                at += sent > 0 ? sent : 0;
        }
        return true;
}

/* What is no answer yet (a session ticket) is told from silence by the socket. */
ssize_t tls_receive(struct tls *t, void *to, size_t n)
{
        for (;;) {
                struct pollfd readable = {t->fd, POLLIN, 0};
                if (gnutls_record_check_pending(t->session) == 0 && poll(&readable, 1, t->timeout_ms) <= 0)
                        return -1;
                ssize_t got = gnutls_record_recv(t->session, to, n);
                if (got != GNUTLS_E_INTERRUPTED && got != GNUTLS_E_AGAIN)
                        return got;
        }
}

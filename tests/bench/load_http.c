#include "tests/bench/load_http.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CHUNK 16384u

struct load_connection {
        int fd;
        gnutls_session_t tls; /* NULL: plain */
        gnutls_certificate_credentials_t credentials;
        struct bytes in;
};

void load_fail(const char *what, const char *why)
{
        fprintf(stderr, "load: %s: %s\n", what, why);
        exit(1);
}

static int connect_unix(const char *path)
{
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
                load_fail("connect", path);
        return fd;
}

static int connect_loopback(const char *port)
{
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)atoi(port)),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
                load_fail("connect", port);
        return fd;
}

static void shake_hands(struct load_connection *c)
{
        int r;
        if (gnutls_certificate_allocate_credentials(&c->credentials) < 0 || gnutls_init(&c->tls, GNUTLS_CLIENT) < 0 ||
            gnutls_priority_set_direct(c->tls, "SECURE128:-VERS-ALL:+VERS-TLS1.3", NULL) < 0 ||
            gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, c->credentials) < 0)
                load_fail("tls", "set-up");
        gnutls_transport_set_int(c->tls, c->fd);
        do
                r = gnutls_handshake(c->tls);
        while (r < 0 && !gnutls_error_is_fatal(r));
        if (r < 0)
                load_fail("handshake", gnutls_strerror(r));
}

struct load_connection *load_connect(const char *address)
{
        struct load_connection *c = mem_new(1, sizeof *c);
        if (!strncmp(address, "unix:", 5)) {
                c->fd = connect_unix(address + 5);
        } else if (!strncmp(address, "tls:", 4)) {
                c->fd = connect_loopback(address + 4);
                shake_hands(c);
        } else {
                load_fail("address", address);
        }
        return c;
}

void load_disconnect(struct load_connection *c)
{
        if (c->tls) {
                gnutls_bye(c->tls, GNUTLS_SHUT_WR);
                gnutls_deinit(c->tls);
                gnutls_certificate_free_credentials(c->credentials);
        }
        close(c->fd);
        bytes_done(&c->in);
        free(c);
}

static void send_all(struct load_connection *c, struct span s)
{
        for (size_t sent = 0; sent < s.n;) {
                ssize_t n = c->tls ? gnutls_record_send(c->tls, s.p + sent, s.n - sent)
                                   : send(c->fd, s.p + sent, s.n - sent, MSG_NOSIGNAL);
                if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
                        continue;
                if (n <= 0)
                        load_fail("send", "the broker hung up");
                sent += (size_t)n;
        }
}

static void receive_some(struct load_connection *c)
{
        ssize_t n;
        bytes_reserve(&c->in, CHUNK);
        do
                n = c->tls ? gnutls_record_recv(c->tls, c->in.p + c->in.n, CHUNK)
                           : recv(c->fd, c->in.p + c->in.n, CHUNK, 0);
        while (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED);
        if (n <= 0)
                load_fail("receive", "the broker hung up");
        c->in.n += (size_t)n;
        c->in.p[c->in.n] = '\0';
}

/* The end of the headers, and how long the body is. */
static size_t read_head(struct load_connection *c, size_t *ret_length)
{
        const char *end, *length;
        while (!(end = c->in.n ? strstr((const char *)c->in.p, "\r\n\r\n") : NULL))
                receive_some(c);
        length = strcasestr((const char *)c->in.p, "\r\nContent-Length:");
        if (!length || length > end)
                load_fail("answer", "no Content-Length");
        *ret_length = strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
        return (size_t)(end - (const char *)c->in.p) + 4;
}

int load_call(struct load_connection *c, struct span request, struct bytes *ret_body)
{
        size_t length;
        int status = 0;
        bytes_clear(&c->in);
        send_all(c, request);
        size_t head = read_head(c, &length);
        while (c->in.n < head + length)
                receive_some(c);
        if (sscanf((const char *)c->in.p, "HTTP/1.1 %d", &status) != 1)
                load_fail("answer", "no status");
        if (ret_body) {
                bytes_clear(ret_body);
                bytes_add(ret_body, c->in.p + head, length);
        }
        return status;
}

void load_request(const char *path, const char *token, const struct span *body, struct bytes *ret)
{
        bytes_printf(ret, "%s %s HTTP/1.1\r\nHost: broker\r\n", body ? "POST" : "GET", path);
        if (token)
                bytes_printf(ret, "Authorization: Bearer %s\r\n", token);
        if (body)
                bytes_printf(ret, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body->n);
        bytes_add_text(ret, "\r\n");
        if (body)
                bytes_add_span(ret, *body);
}

/* Pages a syslog server over TLS (`address`, host:port; RFC 5424, 5425). Syslog answers nothing: accepted means that
 * the server's host has acknowledged every byte and did not end the connection over it. */
#include "base/clock.h"
#include "base/file.h"
#include "base/transfer.h"
#include "notifiers/syslog_message.h"
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SEND_TIMEOUT_MS 10000
#define OBJECTION_MS    500 /* a server that refuses our certificate says so after the handshake */
#define HOSTNAME_SIZE   256u

struct syslog {
        struct bytes url;
        const char *ca_file, *proxy_url, *cert_file, *key_file;
        char own_name[HOSTNAME_SIZE];
        struct syslog_origin origin;
};

MUST_CHECK static enum err read_certificate(const struct delivery *d, struct syslog *ret)
{
        enum err e;
        if ((e = config_text(d, "cert_file", NULL, &ret->cert_file)) != OK ||
            (e = config_text(d, "key_file", NULL, &ret->key_file)) != OK)
                return e;
        if (!ret->cert_file != !ret->key_file)
                return err_because(ERR_CONFIG, "config: `cert_file` and `key_file` belong together");
        if (ret->key_file && (e = file_check_private(ret->key_file)) != OK)
                return err_because(ERR_CONFIG, "config: `key_file`: %s", err_sentence(e));
        return OK;
}

MUST_CHECK static enum err read_origin(const struct delivery *d, struct syslog *ret)
{
        const char *facility;
        enum err e = config_text(d, "facility", "authpriv", &facility);
        if (e == OK)
                e = syslog_facility(facility, &ret->origin.facility);
        if (e != OK)
                return e;
        if (gethostname(ret->own_name, HOSTNAME_SIZE - 1) != 0)
                ret->own_name[0] = 0;
        ret->origin.default_ms = clock_now_ms();
        return config_text(d, "hostname", ret->own_name, &ret->origin.hostname);
}

MUST_CHECK static enum err read_config(const struct delivery *d, struct syslog *ret)
{
        static const char *const known[] = {"address",  "facility", "hostname",  "cert_file",
                                            "key_file", "ca_file",  "proxy_url", NULL};
        const char *address;
        enum err e;
        if ((e = config_check(d, known)) != OK)
                return e;
        if ((e = config_host_port(d, "address", &address)) != OK)
                return e;
        bytes_printf(&ret->url, "https://%s", address); /* to libcurl: TLS, and nothing spoken inside it yet */
        if ((e = config_peer(d, &ret->ca_file, &ret->proxy_url)) != OK)
                return e;
        if ((e = read_certificate(d, ret)) != OK)
                return e;
        return read_origin(d, ret);
}

MUST_CHECK static bool prepare(CURL *c, const struct syslog *s)
{
        struct transfer t = {.url = bytes_text(&s->url),
                             .protocols = "https",
                             .ca_file = s->ca_file,
                             .proxy_url = s->proxy_url,
                             .timeout_ms = TRANSFER_TIMEOUT_MS};
        bool ok = transfer_prepare(c, &t);
        SET(CURLOPT_CONNECT_ONLY, 1L);
        SET(CURLOPT_SSL_ENABLE_ALPN, 0L);
        if (s->cert_file) {
                SET(CURLOPT_SSLCERT, s->cert_file);
                SET(CURLOPT_SSLKEY, s->key_file);
        }
        return ok;
}

/* False when the time is over. */
static bool wait_for(curl_socket_t fd, short events, int64_t until_ms)
{
        struct pollfd p = {.fd = fd, .events = events};
        int64_t left = until_ms - clock_monotonic_ms();
        return left > 0 && (poll(&p, 1, (int)left) > 0 || errno == EINTR);
}

/* Whether all bytes went into the connection; *ret_sent says how many did. */
static bool send_all(CURL *c, curl_socket_t fd, struct span frame, int64_t until_ms, size_t *ret_sent)
{
        while (*ret_sent < frame.n) {
                size_t n = 0;
                CURLcode code = curl_easy_send(c, frame.p + *ret_sent, frame.n - *ret_sent, &n);
                *ret_sent += n;
                if (code != CURLE_OK && (code != CURLE_AGAIN || !wait_for(fd, POLLOUT, until_ms)))
                        return false;
        }
        return true;
}

/* Until the other host's kernel has acknowledged every byte. */
static bool wait_acknowledged(curl_socket_t fd, int64_t until_ms)
{
        int waiting = 0;
        while (ioctl(fd, SIOCOUTQ, &waiting) == 0) {
                if (waiting == 0)
                        return true;
                if (clock_monotonic_ms() >= until_ms)
                        return false;
                poll(NULL, 0, 5); /* the kernel wakes nobody for this */
        }
        return false;
}

/* Anything but silence and TLS's own messages: an alert, an end. */
static bool has_objected(CURL *c, curl_socket_t fd)
{
        int64_t until = clock_monotonic_ms() + OBJECTION_MS;
        while (wait_for(fd, POLLIN, until)) {
                char answer[256];
                size_t n = 0;
                CURLcode code = curl_easy_recv(c, answer, sizeof answer, &n);
                if (code != CURLE_AGAIN && (code != CURLE_OK || n == 0))
                        return true;
        }
        return false;
}

static void talk(CURL *c, struct span frame, struct outcome *o)
{
        int64_t until = clock_monotonic_ms() + SEND_TIMEOUT_MS;
        curl_socket_t fd = CURL_SOCKET_BAD;
        size_t sent = 0;
        if (curl_easy_getinfo(c, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
                outcome_fail(o, PLUGIN_TRY_AGAIN, "not sent (the connection is gone)");
        else if (!send_all(c, fd, frame, until, &sent))
                outcome_fail(o, PLUGIN_TRY_AGAIN, "the connection broke after %zu of %zu bytes", sent, frame.n);
        else if (!wait_acknowledged(fd, until) || has_objected(c, fd))
                outcome_fail(o, PLUGIN_UNKNOWN,
                             "sent, but the server ended the connection or took no bytes; does it "
                             "want a client's certificate?");
        else
                o->exit = PLUGIN_OK;
}

static void send_frame(const struct syslog *s, struct span frame, struct outcome *o)
{
        CURL *c = transfer_new();
        if (!c || !prepare(c, s)) {
                outcome_fail(o, PLUGIN_MISCONFIGURED, "the connection could not be prepared; see address, ca_file");
        } else {
                CURLcode code = curl_easy_perform(c);
                if (code == CURLE_OK)
                        talk(c, frame, o);
                else
                        o->exit = outcome_of_transfer(transfer_judge(code, false, &o->why));
        }
        curl_easy_cleanup(c);
}

static void deliver(const struct delivery *d, struct outcome *ret)
{
        CLEANUP_BYTES struct bytes frame = BYTES_NONE;
        struct syslog s = {0};
        if (read_config(d, &s) == OK) {
                syslog_frame(d, &s.origin, &frame);
                send_frame(&s, bytes_span(&frame), ret);
        } else {
                outcome_fail(ret, PLUGIN_MISCONFIGURED, "%s", err_reason());
        }
        if (ret->exit == PLUGIN_OK)
                bytes_add_text(&ret->id, event_text(d, "dedup_key"));
        bytes_done(&s.url);
}

int main(void)
{
        return deliver_main("syslog", deliver);
}

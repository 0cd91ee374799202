#include "broker/tls.h"
#include "base/file.h"
#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#define PEM_MAX       65536u
#define CERT_LIFE     (100LL * 365 * 24 * 60 * 60) /* nobody looks at the dates of a pinned key */
#define TRY_TIMEOUT_S 5

static enum err gnutls_error(int code, const char *doing)
{
        return err_because(ERR_INTERNAL, "%s: %s", doing, gnutls_strerror(code));
}

static int self_sign(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key)
{
        unsigned char serial[16];
        int r;
        randombytes_buf(serial, sizeof serial);
        serial[0] = (unsigned char)(0x01 | (serial[0] & 0x7f)); /* positive and not zero */
        if ((r = gnutls_x509_crt_set_version(cert, 3)) < 0 ||
            (r = gnutls_x509_crt_set_serial(cert, serial, sizeof serial)) < 0 ||
            (r = gnutls_x509_crt_set_activation_time(cert, 0)) < 0 ||
            (r = gnutls_x509_crt_set_expiration_time(cert, (time_t)CERT_LIFE)) < 0 ||
            (r = gnutls_x509_crt_set_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, "breakglassd", 11)) < 0 ||
            (r = gnutls_x509_crt_set_key(cert, key)) < 0)
                return r;
        return gnutls_x509_crt_sign2(cert, cert, key, GNUTLS_DIG_SHA512, 0);
}

static enum err write_pem(gnutls_datum_t *pem, const char *path)
{
        enum err e = file_create(path, 0600, span_of(pem->data, pem->size));
        sodium_memzero(pem->data, pem->size);
        gnutls_free(pem->data);
        return e;
}

static enum err write_pair(gnutls_x509_privkey_t key, gnutls_x509_crt_t cert, const char *key_path,
                           const char *cert_path)
{
        gnutls_datum_t pem = {NULL, 0};
        int r = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);
        if (r < 0)
                return gnutls_error(r, "key");
        enum err e = write_pem(&pem, key_path);
        if (e != OK)
                return e;
        r = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem);
        return r < 0 ? gnutls_error(r, "certificate") : write_pem(&pem, cert_path);
}

static enum err pin_of(gnutls_x509_crt_t cert, char ret_pin[TLS_PIN_TEXT])
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        gnutls_pubkey_t key = NULL;
        gnutls_datum_t der = {NULL, 0};
        int r = gnutls_pubkey_init(&key);
        if (r >= 0)
                r = gnutls_pubkey_import_x509(key, cert, 0);
        if (r >= 0)
                r = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der);
        gnutls_pubkey_deinit(key);
        if (r < 0)
                return gnutls_error(r, "pin");
        struct hash h = hash_of(span_of(der.data, der.size));
        gnutls_free(der.data);
        bytes_add_text(&text, "sha256//");
        bytes_add_base64(&text, span_of(h.b, sizeof h.b));
        snprintf(ret_pin, TLS_PIN_TEXT, "%s", bytes_text(&text));
        return OK;
}

enum err tls_make_pair(const char *key_path, const char *cert_path, char ret_pin[TLS_PIN_TEXT])
{
        gnutls_x509_privkey_t key = NULL;
        gnutls_x509_crt_t cert = NULL;
        int r;
        enum err e;
        if ((r = gnutls_x509_privkey_init(&key)) < 0 || (r = gnutls_x509_crt_init(&cert)) < 0 ||
            (r = gnutls_x509_privkey_generate2(key, GNUTLS_PK_EDDSA_ED25519, 0, 0, NULL, 0)) < 0 ||
            (r = self_sign(cert, key)) < 0)
                e = gnutls_error(r, "key pair");
        else if ((e = write_pair(key, cert, key_path, cert_path)) == OK)
                e = pin_of(cert, ret_pin);
        gnutls_x509_crt_deinit(cert);
        gnutls_x509_privkey_deinit(key);
        return e;
}

enum err tls_load(const char *key_path, const char *cert_path, struct secret *ret_key, struct bytes *ret_cert)
{
        enum err e = file_read_private(key_path, PEM_MAX, ret_key);
        if (e == OK)
                e = secret_resize(ret_key, ret_key->len + 1); /* the NUL that MHD wants */
        return e == OK ? file_read(cert_path, PEM_MAX, ret_cert) : e;
}

enum err tls_pin(const char *cert_pem, char ret_pin[TLS_PIN_TEXT])
{
        gnutls_x509_crt_t cert = NULL;
        gnutls_datum_t pem = {(unsigned char *)(uintptr_t)cert_pem, (unsigned)strlen(cert_pem)};
        int r = gnutls_x509_crt_init(&cert);
        if (r >= 0)
                r = gnutls_x509_crt_import(cert, &pem, GNUTLS_X509_FMT_PEM);
        enum err e = r < 0 ? err_because(ERR_CONFIG, "tls_cert: %s", gnutls_strerror(r)) : pin_of(cert, ret_pin);
        gnutls_x509_crt_deinit(cert);
        return e;
}

/* ---- the handshake with ourselves ---- */

static int connect_to(const char *host, unsigned port)
{
        struct sockaddr_storage to = {0};
        socklen_t n = sizeof(struct sockaddr_in);
        struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;
        if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons((uint16_t)port);
                if (v4->sin_addr.s_addr == htonl(INADDR_ANY))
                        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        } else {
                n = sizeof *v6;
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons((uint16_t)port);
                if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
                        return -1;
                if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
                        v6->sin6_addr = in6addr_loopback;
        }
        int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&to, n) != 0) {
                close(fd);
                return -1;
        }
        return fd;
}

static enum err check_peer(gnutls_session_t session, const char *pin)
{
        unsigned n = 0;
        char got[TLS_PIN_TEXT];
        gnutls_x509_crt_t cert = NULL;
        const gnutls_datum_t *peer = gnutls_certificate_get_peers(session, &n);
        if (!peer || !n || gnutls_x509_crt_init(&cert) < 0)
                return err_because(ERR_CONFIG, "the TLS listener shows no certificate");
        enum err e = gnutls_x509_crt_import(cert, peer, GNUTLS_X509_FMT_DER) < 0 ? ERR_CONFIG : pin_of(cert, got);
        gnutls_x509_crt_deinit(cert);
        if (e == OK && (strcmp(got, pin) != 0 || gnutls_protocol_get_version(session) != GNUTLS_TLS1_3))
                return err_because(ERR_CONFIG, "the TLS listener does not show the configured key");
        return e;
}

static enum err shake_hands(int fd, gnutls_session_t session, gnutls_certificate_credentials_t credentials,
                            const char *pin)
{
        int r;
        if ((r = gnutls_priority_set_direct(session, TLS_PRIORITIES, NULL)) < 0 ||
            (r = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials)) < 0)
                return gnutls_error(r, "handshake");
        gnutls_transport_set_int(session, fd);
        gnutls_handshake_set_timeout(session, TRY_TIMEOUT_S * 1000);
        do
                r = gnutls_handshake(session);
        while (r < 0 && !gnutls_error_is_fatal(r));
        if (r < 0)
                return err_because(ERR_CONFIG, "nobody could connect by TLS: %s", gnutls_strerror(r));
        enum err e = check_peer(session, pin);
        gnutls_bye(session, GNUTLS_SHUT_WR);
        return e;
}

enum err tls_try(const char *host, unsigned port, const char *pin)
{
        gnutls_session_t session = NULL;
        gnutls_certificate_credentials_t credentials = NULL;
        CLEANUP_FD int fd = connect_to(host, port);
        if (fd < 0)
                return err_because(ERR_CONFIG, "the TLS listener can't be reached");
        enum err e = ERR_INTERNAL;
        if (gnutls_certificate_allocate_credentials(&credentials) >= 0 && gnutls_init(&session, GNUTLS_CLIENT) >= 0)
                e = shake_hands(fd, session, credentials, pin);
        if (session)
                gnutls_deinit(session);
        if (credentials)
                gnutls_certificate_free_credentials(credentials);
        return e;
}

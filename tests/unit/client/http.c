#include "client/http.h"
#include "peer.h"
#include <criterion/criterion.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <string.h>

/* Answers by the target's name. */
static enum peer_verdict say(void *context, const struct peer_request *q, struct bytes *ret_raw)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;

        if (strcmp(q->target, "/hang-up") == 0)
                return PEER_HANG_UP;
        if (strcmp(q->target, "/endless") == 0) {
                bytes_add_text(ret_raw, "HTTP/1.1 200 X\r\n\r\n");
                return PEER_ENDLESS;
        }
        if (strcmp(q->target, "/endless-head") == 0) {
                bytes_add_text(ret_raw, "HTTP/1.1 200 X\r\n");
                for (int i = 0; i < 4000; i++)
                        bytes_add_text(ret_raw, "X-Filler: ffffffffffffffffffffffffffff\r\n");
                return PEER_ENDLESS;
        }
        if (strcmp(q->target, "/redirect") == 0) {
                bytes_add_text(ret_raw, "HTTP/1.1 302 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
                return PEER_ANSWER;
        }
        if (strcmp(q->target, "/refusal") == 0) {
                bytes_add_text(ret_raw, "HTTP/1.1 429 X\r\nRetry-After: 7\r\nContent-Length: 37\r\n\r\n"
                                        "{\"error\":\"rate\",\"message\":\"too many\"}");
                return PEER_ANSWER;
        }
        bytes_printf(&body, "%s %s [%s] ", q->method, q->target, q->authorization);
        bytes_add_span(&body, q->body);
        peer_say(ret_raw, 200, "text/plain", bytes_span(&body));
        return PEER_ANSWER;
}

static struct peer peer;
static struct http *http;

static void start(void)
{
        peer_start(&peer, say, NULL);
        cr_assert_eq(http_new((const char *[]){peer.address}, 1, &http), OK);
}

static void stop(void)
{
        http_free(http);
        peer_stop(&peer);
}

TestSuite(http, .init = start, .fini = stop);

static enum err call(const char *path, const char *body, struct http_answer *ret)
{
        struct span s = span_text(body);

        return http_call(http, path, body ? &s : NULL, 10000, ret);
}

Test(http, get_and_post_share_one_warm_connection)
{
        CLEANUP_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_NONE;

        cr_assert_eq(call("/a", NULL, &a), OK);
        cr_assert_str_eq(bytes_text(&a.body), "GET /a [] ");
        http_answer_done(&a);
        cr_assert_eq(call("/b", "{}", &a), OK);
        cr_assert_str_eq(bytes_text(&a.body), "POST /b [] {}");
        cr_assert_eq(a.status, 200);
        cr_assert_eq(peer.connections, 1);
}

Test(http, the_token_is_sent_until_it_is_forgotten)
{
        CLEANUP_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_NONE;

        http_set_token(http, "abc");
        cr_assert_eq(call("/a", NULL, &a), OK);
        cr_assert_str_eq(bytes_text(&a.body), "GET /a [Bearer abc] ");
        http_answer_done(&a);
        http_set_token(http, NULL);
        cr_assert_eq(call("/a", NULL, &a), OK);
        cr_assert_str_eq(bytes_text(&a.body), "GET /a [] ");
}

Test(http, a_redirect_is_not_followed)
{
        CLEANUP_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_NONE;

        cr_assert_eq(call("/redirect", NULL, &a), OK);
        cr_assert_eq(a.status, 302);
        cr_assert_eq(peer.requests, 1);
}

Test(http, a_refusal_is_its_code_word)
{
        CLEANUP_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_NONE;

        cr_assert_eq(call("/refusal", NULL, &a), OK);
        cr_assert_eq(http_refusal(&a), ERR_RATE);
        cr_assert_eq(a.retry_after_s, 7);
        cr_assert_str_eq(err_reason(), "too many (again in 7 s)");
}

Test(http, a_broker_cannot_claim_our_own_errors)
{
        struct http_answer a = {.status = 500};

        bytes_add_text(&a.body, "{\"error\":\"aborted\",\"message\":\"x\"}");
        cr_assert_eq(http_refusal(&a), ERR_INTERNAL);
        bytes_clear(&a.body);
        bytes_add_text(&a.body, "<html>");
        cr_assert_eq(http_refusal(&a), ERR_UNREACHABLE);
        http_answer_done(&a);
}

Test(http, an_endless_answer_is_cut)
{
        struct http_answer a = HTTP_ANSWER_NONE;

        cr_assert_eq(call("/endless", NULL, &a), ERR_LYING_BROKER);
        cr_assert_null(a.body.p);
}

Test(http, an_endless_head_is_cut)
{
        struct http_answer a = HTTP_ANSWER_NONE;

        cr_assert_eq(call("/endless-head", NULL, &a), ERR_LYING_BROKER);
}

Test(http, no_answer_to_what_was_sent_leaves_its_state_unknown)
{
        struct http_answer a = HTTP_ANSWER_NONE;

        cr_assert_eq(call("/hang-up", "{}", &a), ERR_STATE_UNKNOWN);
        cr_assert_eq(call("/hang-up", NULL, &a), ERR_UNREACHABLE);
}

Test(http, addresses_are_tried_in_turn)
{
        CLEANUP_HTTP_ANSWER struct http_answer a = HTTP_ANSWER_NONE;
        const char *brokers[] = {"unix:/nowhere/at/all", peer.address};
        struct http *two;

        cr_assert_eq(http_new(brokers, 2, &two), OK);
        cr_assert_eq(http_call(two, "/a", NULL, 10000, &a), OK);
        http_free(two);
        cr_assert_eq(http_new(brokers, 1, &two), OK);
        cr_assert_eq(http_call(two, "/a", &(struct span){0}, 10000, &a), ERR_UNREACHABLE);
        http_free(two);
}

Test(http, only_plain_addresses_are_taken)
{
        static const char *const bad[] = {
                "http://host", "https://user@host", "https://host/path", "https://", "https://host?q=1",
                "unix:",       "file:///etc/passwd"};
        struct http *none = NULL;

        for (size_t i = 0; i < COUNT_OF(bad); i++)
                cr_assert_eq(http_new(&bad[i], 1, &none), ERR_USAGE, "%s", bad[i]);
}

/* ---- TLS ---- */

struct tls_peer {
        struct MHD_Daemon *daemon;
        gnutls_datum_t key, certificate;
        char address[64];
        char pin[64];
};

static enum MHD_Result greet(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                             const char *version, const char *upload, size_t *upload_size, void **state)
{
        struct MHD_Response *r = MHD_create_response_from_buffer(5, (void *)"hello", MHD_RESPMEM_PERSISTENT);
        enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, r);

        MHD_destroy_response(r);
        return result;
}

static void make_certificate(struct tls_peer *t)
{
        gnutls_x509_privkey_t key;
        gnutls_x509_crt_t crt;
        gnutls_pubkey_t public;
        gnutls_datum_t spki;
        CLEANUP_BYTES struct bytes pin = BYTES_NONE;

        gnutls_x509_privkey_init(&key);
        cr_assert_eq(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                     0);
        gnutls_x509_crt_init(&crt);
        gnutls_x509_crt_set_version(crt, 3);
        gnutls_x509_crt_set_serial(crt, "\1", 1);
        /* Long expired, and for nobody: only the key counts. */
        gnutls_x509_crt_set_activation_time(crt, 1000000);
        gnutls_x509_crt_set_expiration_time(crt, 2000000);
        gnutls_x509_crt_set_key(crt, key);
        cr_assert_eq(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
        gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &t->certificate);
        gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &t->key);
        gnutls_pubkey_init(&public);
        gnutls_pubkey_import_x509(public, crt, 0);
        gnutls_pubkey_export2(public, GNUTLS_X509_FMT_DER, &spki);
        struct hash h = hash_of(span_of(spki.data, spki.size));

        bytes_add_text(&pin, "sha256//");
        bytes_add_base64(&pin, span_of(h.b, HASH_BYTES));
        snprintf(t->pin, sizeof(t->pin), "%s", bytes_text(&pin));
        gnutls_free(spki.data);
        gnutls_pubkey_deinit(public);
        gnutls_x509_crt_deinit(crt);
        gnutls_x509_privkey_deinit(key);
}

static void tls_start(struct tls_peer *t)
{
        make_certificate(t);
        t->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_TLS, 0, NULL, NULL, greet, NULL,
                                     MHD_OPTION_HTTPS_MEM_KEY, (char *)t->key.data, MHD_OPTION_HTTPS_MEM_CERT,
                                     (char *)t->certificate.data, MHD_OPTION_END);
        cr_assert_not_null(t->daemon);
        snprintf(t->address, sizeof(t->address), "https://127.0.0.1:%u",
                 MHD_get_daemon_info(t->daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
}

static void tls_stop(struct tls_peer *t)
{
        MHD_stop_daemon(t->daemon);
        gnutls_free(t->key.data);
        gnutls_free(t->certificate.data);
}

static enum err ask(struct http *h)
{
        struct http_answer a = HTTP_ANSWER_NONE;
        enum err e = http_call(h, "/", NULL, 10000, &a);

        if (e == OK)
                cr_assert_str_eq(bytes_text(&a.body), "hello");
        http_answer_done(&a);
        return e;
}

Test(tls, only_the_pinned_key_is_spoken_to)
{
        struct tls_peer t, other;
        struct http *h;

        tls_start(&t);
        make_certificate(&other);
        cr_assert_eq(http_new((const char *[]){t.address}, 1, &h), OK);
        cr_expect_eq(ask(h), ERR_NO_PIN);
        cr_assert_eq(http_set_pin(h, t.pin), OK);
        cr_expect_eq(ask(h), OK);
        cr_expect_not(http_met_other_key(h));
        cr_assert_eq(http_set_pin(h, other.pin), OK);
        cr_expect_eq(ask(h), ERR_LYING_BROKER, "a warm connection under the old pin must not be used again");
        cr_expect(http_met_other_key(h));
        http_pin_later(h);
        cr_expect_eq(ask(h), OK);
        cr_assert_eq(http_set_pin(h, other.pin), OK);
        cr_expect_eq(ask(h), ERR_LYING_BROKER);
        http_free(h);
        tls_stop(&t);
        gnutls_free(other.key.data);
        gnutls_free(other.certificate.data);
}

Test(tls, a_pin_is_a_digest_and_never_a_file_or_a_list)
{
        static const char *const bad[] = {"/etc/passwd", "sha256//", "sha256//AAAA",
                                          ("sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=;sha256//"
                                           "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")};
        struct http *h;

        cr_assert_eq(http_new((const char *[]){"https://127.0.0.1:1"}, 1, &h), OK);
        for (size_t i = 0; i < COUNT_OF(bad); i++)
                cr_assert_eq(http_set_pin(h, bad[i]), ERR_BAD_ROSTER, "%s", bad[i]);
        http_free(h);
}

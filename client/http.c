#include "client/http.h"
#include "base/json.h"
#include <assert.h>
#include <curl/curl.h>
#include <sodium.h>
#include <string.h>

#define HEADERS_MAX        (64u * 1024u)
#define CONNECT_TIMEOUT_MS 5000
#define SILENCE_MAX_S      40L /* longer than the longest poll */
#define UNIX_PATH_MAX      107u
#define REFUSAL_MAX        500u

struct http {
        CURL *easy;
        size_t n_brokers, current; /* current: the one that answered last */
        char **brokers;
        char *pin;
        bool is_pin_later;
        char *authorization; /* header line, or NULL */
        struct http_answer *answer;
        size_t header_bytes;
        bool is_too_long, met_other_key;
};

/* ---- making ---- */

static bool is_host_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(".:[]_-", c);
}

/* Nothing but host and port: no user, path, query or space that could change where a token goes. */
static bool is_https_address(const char *a)
{
        if (strncmp(a, "https://", 8) != 0 || !a[8])
                return false;
        for (const char *p = a + 8; *p; p++)
                if (!is_host_char(*p) && !(*p == '/' && !p[1]))
                        return false;
        return true;
}

static bool is_unix_address(const char *a)
{
        return strncmp(a, "unix:", 5) == 0 && a[5] && strlen(a + 5) <= UNIX_PATH_MAX;
}

static enum err add_broker(struct http *h, const char *address)
{
        size_t n = strlen(address);

        if (!is_https_address(address) && !is_unix_address(address))
                return err_because(ERR_USAGE, "a broker's address is https://HOST:PORT or unix:PATH");
        if (is_https_address(address) && address[n - 1] == '/')
                n--;
        h->brokers[h->n_brokers++] = mem_text_n(address, n);
        return OK;
}

enum err http_new(const char *const brokers[], size_t n, struct http **ret)
{
        struct http *h = mem_new(1, sizeof(*h));
        enum err e = OK;

        h->brokers = mem_new(n ? n : 1, sizeof(*h->brokers));
        for (size_t i = 0; i < n && e == OK; i++)
                e = add_broker(h, brokers[i]);
        if (e == OK && n == 0)
                e = err_because(ERR_USAGE, "no broker's address is known");
        if (e == OK && !(h->easy = curl_easy_init()))
                e = err_because(ERR_UNSAFE_ENVIRONMENT, "libcurl does not start");
        if (e != OK)
                http_free(h);
        else
                *ret = h;
        return e;
}

void http_free(struct http *h)
{
        if (!h)
                return;
        http_set_token(h, NULL);
        curl_easy_cleanup(h->easy);
        for (size_t i = 0; i < h->n_brokers; i++)
                free(h->brokers[i]);
        free(h->brokers);
        free(h->pin);
        free(h);
}

struct http *http_twin(const struct http *h)
{
        struct http *twin = mem_new(1, sizeof(*twin));

        twin->easy = curl_easy_init();
        assert(twin->easy);
        twin->brokers = mem_new(h->n_brokers, sizeof(*twin->brokers));
        for (; twin->n_brokers < h->n_brokers; twin->n_brokers++)
                twin->brokers[twin->n_brokers] = mem_text(h->brokers[twin->n_brokers]);
        http_follow(twin, h);
        return twin;
}

void http_follow(struct http *twin, const struct http *h)
{
        enum err e = http_set_pin(twin, h->pin);

        assert(e == OK); /* h has checked it */
        twin->current = h->current;
}

/* ---- pin and token ---- */

/* libcurl takes anything else for the name of a file, and a `;` for a second pin. */
static bool is_pin(const char *pin)
{
        CLEANUP_BYTES struct bytes digest = BYTES_NONE;

        return strncmp(pin, "sha256//", 8) == 0 && base64_decode(span_text(pin + 8), &digest) == OK &&
               digest.n == HASH_BYTES;
}

/* A connection made under another pin must not be used again. */
static void drop_connection(struct http *h)
{
        CURL *fresh = curl_easy_init();

        assert(fresh);
        curl_easy_cleanup(h->easy);
        h->easy = fresh;
}

enum err http_set_pin(struct http *h, const char *tls_pin)
{
        bool is_same = !h->is_pin_later && (tls_pin ? h->pin && strcmp(h->pin, tls_pin) == 0 : !h->pin);

        if (is_same)
                return OK;
        if (tls_pin && !is_pin(tls_pin))
                return err_because(ERR_BAD_ROSTER, "broker.tls is no `sha256//BASE64` pin");
        drop_connection(h);
        free(h->pin);
        h->pin = tls_pin ? mem_text(tls_pin) : NULL;
        h->is_pin_later = false;
        return OK;
}

void http_pin_later(struct http *h)
{
        drop_connection(h);
        h->is_pin_later = true;
}

bool http_met_other_key(const struct http *h)
{
        return h->met_other_key;
}

void http_set_token(struct http *h, const char *bearer)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;

        if (h->authorization)
                sodium_memzero(h->authorization, strlen(h->authorization));
        free(h->authorization);
        h->authorization = NULL;
        if (!bearer)
                return;
        bytes_printf(&line, "Authorization: Bearer %s", bearer);
        h->authorization = mem_text(bytes_text(&line));
        sodium_memzero(line.p, line.n);
}

/* ---- one exchange ---- */

static size_t on_body(char *p, size_t size, size_t count, void *context)
{
        struct http *h = context;
        size_t n = size * count;

        if (h->answer->body.n + n > HTTP_ANSWER_MAX) {
                h->is_too_long = true;
                return 0;
        }
        bytes_add(&h->answer->body, p, n);
        return n;
}

static size_t on_header(char *p, size_t size, size_t count, void *context)
{
        struct http *h = context;
        size_t n = size * count;

        (void)p;
        h->header_bytes += n;
        if (h->header_bytes > HEADERS_MAX) {
                h->is_too_long = true;
                return 0;
        }
        return n;
}

#define SET(h, option, value)                                                                                        \
        do {                                                                                                         \
                CURLcode set_ = curl_easy_setopt((h)->easy, (option), (value));                                      \
                if (set_ != CURLE_OK)                                                                                \
                        return err_because(ERR_UNSAFE_ENVIRONMENT, "libcurl lacks %s", #option);                     \
        } while (0)

/* What every exchange has in common; an option that libcurl lacks is no exchange. */
static enum err set_common(struct http *h, int64_t timeout_ms)
{
        SET(h, CURLOPT_NOSIGNAL, 1L);
        SET(h, CURLOPT_FOLLOWLOCATION, 0L);
        SET(h, CURLOPT_PROXY, "");
        SET(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
        SET(h, CURLOPT_USERAGENT, "breakglass/" BREAKGLASS_VERSION);
        SET(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
        SET(h, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
        SET(h, CURLOPT_LOW_SPEED_LIMIT, 1L);
        SET(h, CURLOPT_LOW_SPEED_TIME, SILENCE_MAX_S);
        SET(h, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_ANSWER_MAX);
        SET(h, CURLOPT_WRITEFUNCTION, on_body);
        SET(h, CURLOPT_WRITEDATA, h);
        SET(h, CURLOPT_HEADERFUNCTION, on_header);
        SET(h, CURLOPT_HEADERDATA, h);
        return OK;
}

static enum err set_unix(struct http *h, const char *path, const char *socket_path)
{
        CLEANUP_BYTES struct bytes url = BYTES_NONE;

        bytes_printf(&url, "http://breakglass%s", path);
        SET(h, CURLOPT_PROTOCOLS_STR, "http");
        SET(h, CURLOPT_UNIX_SOCKET_PATH, socket_path);
        SET(h, CURLOPT_URL, bytes_text(&url));
        return OK;
}

/* Certificate authority, host name and dates are not asked, because the pin alone decides: without one there is no
 * exchange. */
static enum err set_https(struct http *h, const char *path, const char *broker)
{
        CLEANUP_BYTES struct bytes url = BYTES_NONE;

        if (!h->pin && !h->is_pin_later)
                return err_because(ERR_NO_PIN, "the roster names no TLS key for the broker; use its unix socket");
        bytes_printf(&url, "%s%s", broker, path);
        SET(h, CURLOPT_PROTOCOLS_STR, "https");
        SET(h, CURLOPT_UNIX_SOCKET_PATH, NULL);
        SET(h, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
        SET(h, CURLOPT_PINNEDPUBLICKEY, h->is_pin_later ? NULL : h->pin);
        SET(h, CURLOPT_SSL_VERIFYPEER, 0L);
        SET(h, CURLOPT_SSL_VERIFYHOST, 0L);
        SET(h, CURLOPT_URL, bytes_text(&url));
        return OK;
}

static enum err set_body(struct http *h, const struct span *body)
{
        if (!body) {
                SET(h, CURLOPT_HTTPGET, 1L);
                return OK;
        }
        SET(h, CURLOPT_POST, 1L);
        SET(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->n);
        SET(h, CURLOPT_POSTFIELDS, body->n ? (const char *)body->p : "");
        return OK;
}

/* "Expect: 100-continue" would cost a round trip or a second of waiting for each share. */
static struct curl_slist *headers_of(const struct http *h, bool has_body)
{
        struct curl_slist *list = NULL;

        list = curl_slist_append(list, "Expect:");
        if (has_body)
                list = curl_slist_append(list, "Content-Type: application/json");
        if (h->authorization && !h->is_pin_later)
                list = curl_slist_append(list, h->authorization);
        return list;
}

static enum err judge(struct http *h, CURLcode code, bool has_body, const char *broker)
{
        long sent = 0;

        if (code == CURLE_OK)
                return OK;
        h->met_other_key = code == CURLE_SSL_PINNEDPUBKEYNOTMATCH;
        if (h->met_other_key)
                return err_because(
                        ERR_LYING_BROKER,
                        "%s shows another TLS key than the roster names; another address can be named with "
                        "--broker",
                        broker);
        if (h->is_too_long || code == CURLE_FILESIZE_EXCEEDED)
                return err_because(ERR_LYING_BROKER, "%s sends an endless answer; cut at %u MiB", broker,
                                   HTTP_ANSWER_MAX / 1024u / 1024u);
        curl_easy_getinfo(h->easy, CURLINFO_REQUEST_SIZE, &sent);
        return err_because(sent > 0 && has_body ? ERR_STATE_UNKNOWN : ERR_UNREACHABLE, "%s: %s", broker,
                           curl_easy_strerror(code));
}

static void take_result(struct http *h)
{
        curl_off_t retry_after = 0;
        long status = 0;

        curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &retry_after);
        h->answer->status = (int)status;
        h->answer->retry_after_s = (int64_t)retry_after;
}

static enum err exchange(struct http *h, const char *broker, const char *path, const struct span *body,
                         int64_t timeout_ms)
{
        struct curl_slist *headers = headers_of(h, body != NULL);
        CURLcode code = CURLE_FAILED_INIT;
        enum err e;

        curl_easy_reset(h->easy); /* keeps the connection */
        e = set_common(h, timeout_ms);
        if (e == OK)
                e = broker[0] == 'u' ? set_unix(h, path, broker + 5) : set_https(h, path, broker);
        if (e == OK)
                e = set_body(h, body);
        if (e == OK && (!headers || curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK))
                e = err_because(ERR_INTERNAL, "libcurl takes no headers");
        if (e == OK) {
                code = curl_easy_perform(h->easy);
                e = judge(h, code, body != NULL, broker);
        }
        if (e == OK)
                take_result(h);
        /* The handle must not keep pointers to what dies here. */
        curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
        curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, NULL);
        curl_slist_free_all(headers);
        return e;
}

/* Which failure counts when every address failed: that something may have been done outweighs the rest. */
static bool is_graver(enum err e, enum err than)
{
        return than == OK || (than != ERR_STATE_UNKNOWN && e == ERR_STATE_UNKNOWN);
}

enum err http_call(struct http *h, const char *path, const struct span *body, int64_t timeout_ms,
                   struct http_answer *ret)
{
        struct http_answer answer = HTTP_ANSWER_NONE;
        enum err worst = OK;

        h->answer = &answer;
        h->met_other_key = false;
        for (size_t i = 0; i < h->n_brokers; i++) {
                size_t at = (h->current + i) % h->n_brokers;
                enum err e;

                bytes_clear(&answer.body);
                h->header_bytes = 0;
                h->is_too_long = false;
                e = exchange(h, h->brokers[at], path, body, timeout_ms);
                if (e == OK) {
                        h->current = at;
                        *ret = answer;
                        return OK;
                }
                if (e == ERR_LYING_BROKER) {
                        http_answer_done(&answer);
                        return e;
                }
                if (is_graver(e, worst))
                        worst = e;
        }
        http_answer_done(&answer);
        return worst;
}

void http_answer_done(struct http_answer *a)
{
        bytes_done(&a->body);
        *a = HTTP_ANSWER_NONE;
}

enum err http_refusal(const struct http_answer *a)
{
        CLEANUP_JSON json_t *object = NULL;
        struct json_fields f;
        const char *word, *message;
        enum err e;

        if (json_read(bytes_span(&a->body), 2, &object) != OK)
                return err_because(ERR_UNREACHABLE, "HTTP status %d without a reason", a->status);
        json_fields_begin(&f, object);
        word = json_take_text(&f, "error", 1, REFUSAL_MAX);
        message = json_take_text(&f, "message", 0, REFUSAL_MAX);
        if (json_fields_end(&f) != OK)
                return err_because(ERR_UNREACHABLE, "HTTP status %d without a reason", a->status);
        e = err_from_word(word);
        /* Only words of the protocol: a broker can't claim what only we can know. */
        if (!err_is_public(e))
                return err_because(ERR_INTERNAL, "the broker says `%s`: %s", word, message);
        if (a->retry_after_s > 0)
                return err_because(e, "%s (again in %lld s)", message, (long long)a->retry_after_s);
        return err_because(e, "%s", message);
}

#include "notifiers/http.h"
#include <curl/curl.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 8000L
#define LOW_SPEED_BYTES    10L
#define LOW_SPEED_SECONDS  10L
#define RETRY_AFTER_MAX_S  86400

struct reply {
        struct http_answer *answer;
        size_t header_bytes;
        bool is_endless;
};

void http_answer_done(struct http_answer *a)
{
        bytes_done(&a->body);
}

static size_t on_body(char *p, size_t size, size_t n, void *context)
{
        struct reply *r = context;
        if (r->answer->body.n + n * size > HTTP_ANSWER_MAX) {
                r->is_endless = true;
                return 0;
        }
        bytes_add(&r->answer->body, p, n * size);
        return n * size;
}

static size_t on_header(char *p UNUSED, size_t size, size_t n, void *context)
{
        struct reply *r = context;
        r->header_bytes += n * size;
        r->is_endless = r->is_endless || r->header_bytes > HTTP_ANSWER_MAX;
        return r->is_endless ? 0 : n * size;
}

#define SET(option, value) ok = ok && curl_easy_setopt(c, option, value) == CURLE_OK

MUST_CHECK static bool set_peer(CURL *c, const struct http_post *p)
{
        bool ok = true;
        SET(CURLOPT_URL, p->url);
        SET(CURLOPT_PROTOCOLS_STR, "https");
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_PROXY, p->proxy_url ? p->proxy_url : "");
        SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);
        if (p->ca_file) {
                SET(CURLOPT_CAINFO, p->ca_file);
                SET(CURLOPT_CAPATH, NULL); /* otherwise the system's authorities would still count */
        }
        return ok;
}

MUST_CHECK static bool set_limits(CURL *c, const struct http_post *p)
{
        bool ok = true;
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
        SET(CURLOPT_TIMEOUT_MS, (long)p->timeout_ms);
        SET(CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
        SET(CURLOPT_LOW_SPEED_TIME, LOW_SPEED_SECONDS);
        return ok;
}

MUST_CHECK static bool set_message(CURL *c, const struct http_post *p, struct curl_slist *headers, struct reply *r)
{
        bool ok = true;
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, (const char *)p->body.p);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->body.n);
        SET(CURLOPT_HTTPHEADER, headers);
        SET(CURLOPT_USERAGENT, "breakglass/" BREAKGLASS_VERSION);
        if (p->bearer) {
                SET(CURLOPT_HTTPAUTH, (unsigned long)CURLAUTH_BEARER);
                SET(CURLOPT_XOAUTH2_BEARER, p->bearer);
        }
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, r);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, r);
        return ok;
}

/* Whether the other side may have acted on it: the whole body left us. */
static bool has_left(CURL *c, const struct http_post *p)
{
        curl_off_t sent = 0;
        return curl_easy_getinfo(c, CURLINFO_SIZE_UPLOAD_T, &sent) == CURLE_OK && sent >= (curl_off_t)p->body.n;
}

static bool is_wrong_peer(CURLcode code)
{
        switch ((int)code) {
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_CRL_BADFILE: return true;
        default: return false;
        }
}

static bool is_our_mistake(CURLcode code)
{
        switch ((int)code) {
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
        case CURLE_SSL_CACERT_BADFILE: return true;
        default: return false;
        }
}

static enum plugin_exit judge_transfer(CURL *c, CURLcode code, const struct http_post *p, const struct reply *r,
                                       struct outcome *o)
{
        const char *said = curl_easy_strerror(code); /* a fixed sentence: names neither URL nor token */
        if (code == CURLE_OK)
                return PLUGIN_OK;
        if (r->is_endless)
                outcome_fail(o, PLUGIN_FAILED, "the answer was longer than %u bytes", HTTP_ANSWER_MAX);
        else if (is_wrong_peer(code))
                outcome_fail(o, PLUGIN_FAILED, "the server is not who it must be (%s); nothing was sent to it", said);
        else if (is_our_mistake(code))
                outcome_fail(o, PLUGIN_MISCONFIGURED, "%s: the URL must be https, ca_file a PEM file", said);
        else if (has_left(c, p))
                outcome_fail(o, PLUGIN_UNKNOWN, "sent, but no whole answer came (%s)", said);
        else
                outcome_fail(o, PLUGIN_TRY_AGAIN, "not sent (%s)", said);
        return o->exit;
}

static void read_answer(CURL *c, struct http_answer *ret)
{
        curl_off_t after = 0;
        if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret->status) != CURLE_OK)
                ret->status = 0;
        if (curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
                ret->retry_after_s = after < RETRY_AFTER_MAX_S ? (int64_t)after : RETRY_AFTER_MAX_S;
}

enum plugin_exit http_post(const struct http_post *p, struct http_answer *ret, struct outcome *o)
{
        struct reply r = {.answer = ret};
        struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
        CURL *c = curl_easy_init();
        if (!c || !headers || !set_peer(c, p) || !set_limits(c, p) || !set_message(c, p, headers, &r)) {
                outcome_fail(o, PLUGIN_MISCONFIGURED,
                             "the request could not be prepared; see url, ca_file, proxy_url");
        } else if (judge_transfer(c, curl_easy_perform(c), p, &r, o) == PLUGIN_OK) {
                read_answer(c, ret);
                o->exit = PLUGIN_OK;
        }
        curl_easy_cleanup(c);
        curl_slist_free_all(headers);
        return o->exit;
}

static enum plugin_exit meaning_of(long status)
{
        if (status == 408 || status == 429 || status >= 500)
                return PLUGIN_TRY_AGAIN;
        if (status == 401 || status == 403)
                return PLUGIN_REFUSED;
        if (status == 404 || status == 410)
                return PLUGIN_MISCONFIGURED;
        return PLUGIN_FAILED;
}

void http_judge(const struct http_answer *a, const char *detail, struct outcome *o)
{
        enum plugin_exit exit = meaning_of(a->status);
        const char *note = a->status >= 300 && a->status < 400 ? " (redirects are not followed)" : "";
        outcome_fail(o, exit, "answered %ld%s%s%s", a->status, note, *detail ? ": " : "", detail);
        if (exit == PLUGIN_TRY_AGAIN)
                o->retry_after_s = a->retry_after_s;
}
#undef SET

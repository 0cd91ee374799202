#include "notifiers/http.h"
#include "notifiers/transfer.h"
#include <string.h>

#define RETRY_AFTER_MAX_S 86400

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

static enum plugin_exit judge_transfer(CURL *c, CURLcode code, const struct http_post *p, const struct reply *r,
                                       struct outcome *o)
{
        if (code == CURLE_OK)
                return PLUGIN_OK;
        if (r->is_endless)
                outcome_fail(o, PLUGIN_FAILED, "the answer was longer than %u bytes", HTTP_ANSWER_MAX);
        else
                transfer_judge(code, has_left(c, p), o);
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

/* NULL when memory is out. */
static struct curl_slist *list_headers(const struct http_post *p)
{
        struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
        for (size_t i = 0; list && i < HTTP_HEADERS_MAX && p->headers[i]; i++) {
                struct curl_slist *longer = curl_slist_append(list, p->headers[i]);
                if (!longer)
                        curl_slist_free_all(list);
                list = longer;
        }
        return list;
}

enum plugin_exit http_post(const struct http_post *p, struct http_answer *ret, struct outcome *o)
{
        struct reply r = {.answer = ret};
        struct transfer t = {.url = p->url,
                             .protocols = "https",
                             .ca_file = p->ca_file,
                             .proxy_url = p->proxy_url,
                             .timeout_ms = p->timeout_ms ? p->timeout_ms : TRANSFER_TIMEOUT_MS};
        struct curl_slist *headers = list_headers(p);
        CURL *c = curl_easy_init();
        if (!c || !headers || !transfer_prepare(c, &t) || !set_message(c, p, headers, &r)) {
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

#include "base/https.h"
#include "base/transfer.h"
#include <string.h>

#define RETRY_AFTER_MAX_S 86400
#define ROOM_FIRST        4096u

struct reply {
        struct https_answer *answer;
        size_t max, header_bytes;
        bool is_endless, is_out_of_memory;
};

void https_answer_done(struct https_answer *a)
{
        secret_wipe(&a->room);
        *a = (struct https_answer){0};
}

/* Room for n more bytes and the NUL. */
MUST_CHECK static bool make_room(struct https_answer *a, size_t n)
{
        size_t len = a->room.len ? a->room.len : ROOM_FIRST;
        while (len < a->n + n + 1)
                len *= 2;
        return len == a->room.len || secret_resize(&a->room, len) == OK;
}

static size_t on_body(char *p, size_t size, size_t n, void *context)
{
        struct reply *r = context;
        struct https_answer *a = r->answer;
        r->is_endless = r->is_endless || n * size > r->max - a->n;
        r->is_out_of_memory = !r->is_endless && !make_room(a, n * size);
        if (r->is_endless || r->is_out_of_memory)
                return 0;
        memcpy(a->room.bytes + a->n, p, n * size);
        a->n += n * size;
        return n * size;
}

static size_t on_header(char *p UNUSED, size_t size, size_t n, void *context)
{
        struct reply *r = context;
        r->header_bytes += n * size;
        r->is_endless = r->is_endless || r->header_bytes > HTTPS_ANSWER_MAX;
        return r->is_endless ? 0 : n * size;
}

/* The list's nodes point to the caller's texts: libcurl only reads them. */
static struct curl_slist *list_headers(const struct https_call *call, struct curl_slist nodes[])
{
        size_t n = 0;
        for (; n < HTTPS_HEADERS_MAX && call->headers[n]; n++) {
                nodes[n] = (struct curl_slist){(char *)call->headers[n], NULL};
                if (n > 0)
                        nodes[n - 1].next = &nodes[n];
        }
        return n ? nodes : NULL;
}

MUST_CHECK static bool set_method(CURL *c, const struct https_call *call)
{
        bool ok = true;
        if (call->body.p) {
                SET(CURLOPT_POST, 1L);
                SET(CURLOPT_POSTFIELDS, (const char *)call->body.p);
                SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
        }
        SET(CURLOPT_CUSTOMREQUEST, call->method);
        return ok;
}

MUST_CHECK static bool set_message(CURL *c, const struct https_call *call, struct curl_slist *headers,
                                   struct reply *r)
{
        bool ok = set_method(c, call);
        SET(CURLOPT_HTTPHEADER, headers);
        SET(CURLOPT_USERAGENT, "breakglass/" BREAKGLASS_VERSION);
        if (call->bearer) {
                SET(CURLOPT_HTTPAUTH, (unsigned long)CURLAUTH_BEARER);
                SET(CURLOPT_XOAUTH2_BEARER, call->bearer);
        }
        if (call->signer) {
                SET(CURLOPT_AWS_SIGV4, call->signer->provider);
                SET(CURLOPT_USERNAME, call->signer->key_id);
                SET(CURLOPT_PASSWORD, call->signer->secret);
        }
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, r);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, r);
        return ok;
}

/* Whether the other side may have acted on it: the headers and the whole body left us. */
static bool has_left(CURL *c, const struct https_call *call)
{
        curl_off_t sent = 0;
        long header_bytes = 0;
        return curl_easy_getinfo(c, CURLINFO_REQUEST_SIZE, &header_bytes) == CURLE_OK && header_bytes > 0 &&
               curl_easy_getinfo(c, CURLINFO_SIZE_UPLOAD_T, &sent) == CURLE_OK && sent >= (curl_off_t)call->body.n;
}

static enum plugin_exit judge(CURL *c, CURLcode code, const struct https_call *call, const struct reply *r,
                              struct bytes *ret_why)
{
        if (code == CURLE_OK)
                return PLUGIN_OK;
        if (r->is_out_of_memory) {
                bytes_add_text(ret_why, "no locked memory for the answer; raise RLIMIT_MEMLOCK");
                return PLUGIN_UNKNOWN;
        }
        if (!r->is_endless)
                return transfer_judge(code, has_left(c, call), ret_why);
        bytes_printf(ret_why, "the answer was longer than %zu bytes", r->max);
        return PLUGIN_FAILED;
}

static void read_answer(CURL *c, struct https_answer *ret)
{
        curl_off_t after = 0;
        if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret->status) != CURLE_OK)
                ret->status = 0;
        if (curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &after) == CURLE_OK && after > 0)
                ret->retry_after_s = after < RETRY_AFTER_MAX_S ? (int64_t)after : RETRY_AFTER_MAX_S;
}

enum plugin_exit https_call(const struct https_call *call, struct https_answer *ret, struct bytes *ret_why)
{
        struct curl_slist nodes[HTTPS_HEADERS_MAX];
        struct reply r = {.answer = ret, .max = call->answer_max ? call->answer_max : HTTPS_ANSWER_MAX};
        struct transfer t = {.url = call->url,
                             .protocols = "https",
                             .ca_file = call->ca_file,
                             .proxy_url = call->proxy_url,
                             .timeout_ms = call->timeout_ms ? call->timeout_ms : TRANSFER_TIMEOUT_MS};
        enum plugin_exit exit = PLUGIN_MISCONFIGURED;
        CURL *c = transfer_new();
        https_answer_done(ret);
        if (!c || !transfer_prepare(c, &t) || !set_message(c, call, list_headers(call, nodes), &r)) {
                bytes_add_text(ret_why, "the request could not be prepared; see url, ca_file, proxy_url");
        } else {
                exit = judge(c, curl_easy_perform(c), call, &r, ret_why);
                read_answer(c, ret);
        }
        curl_easy_cleanup(c);
        return exit;
}

enum plugin_exit https_meaning(long status)
{
        if (status == 408 || status == 429 || status >= 500)
                return PLUGIN_TRY_AGAIN;
        if (status == 401 || status == 403)
                return PLUGIN_REFUSED;
        if (status == 404 || status == 410)
                return PLUGIN_MISCONFIGURED;
        return PLUGIN_FAILED;
}

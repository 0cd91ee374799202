/* One HTTPS POST of a page to a service on the internet (base/https.h), and what its answer means for the page. A
 * token travels in the body or a header, never in a log. */
#pragma once
#include "base/https.h"
#include "notifiers/deliver.h"

#define HTTP_HEADERS_MAX 4u

struct http_post {
        const char *url;
        const char *bearer;                    /* or NULL */
        const char *headers[HTTP_HEADERS_MAX]; /* further ones, "Name: value"; NULL where there is none */
        const char *ca_file;                   /* instead of the system's authorities; or NULL */
        const char *proxy_url;                 /* or NULL: none, whatever the environment says */
        int64_t timeout_ms;                    /* 0: TRANSFER_TIMEOUT_MS */
        struct span body;                      /* JSON */
};

/* Posts. Returns PLUGIN_OK when a whole answer came (of any status); otherwise `o` says what is known, as of
 * https_call(). */
enum plugin_exit http_post(const struct http_post *p, struct https_answer *ret, struct outcome *o);
/* Judges a status that is not the service's success by https_meaning(), but 3xx as misconfigured. detail:
 * what the service said, or "". */
void http_judge(const struct https_answer *a, const char *detail, struct outcome *o);

/* One HTTPS POST to a service on the internet, and what its answer means for the page.
 *
 * Verification is always on, redirects are never followed, only https is spoken, no proxy unless configured, replies
 * are capped. A token travels in the body or a header, never in a log. */
#pragma once
#include "notifiers/deliver.h"

#define HTTP_ANSWER_MAX  (64u * 1024u)
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

struct http_answer {
        long status; /* 0: none came */
        struct bytes body;
        int64_t retry_after_s;
};

void http_answer_done(struct http_answer *a);
/* Posts. Returns PLUGIN_OK when a whole answer came (of any status); otherwise `o` says what is known: TRY_AGAIN (it
 * did not leave us), UNKNOWN (it did, no answer came), FAILED (the peer is not who it must be, or answers without
 * end), MISCONFIGURED (no https URL). */
enum plugin_exit http_post(const struct http_post *p, struct http_answer *ret, struct outcome *o);
/* Judges a status that is not the service's success: 429, 408 and 5xx try again, 401 and 403 refused, 404 and 410
 * misconfigured, everything else failed (3xx: redirects are not followed). detail: what the service said, or "". */
void http_judge(const struct http_answer *a, const char *detail, struct outcome *o);

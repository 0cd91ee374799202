/* One HTTPS exchange with a service: TLS that always verifies, only https, no redirect followed, no proxy unless
 * configured, answers capped. What is sent is borrowed and never copied; the answer comes in locked memory, because
 * it may hold a secret. */
#pragma once
#include "base/bytes.h"
#include "base/plugin.h"
#include "base/secret.h"

#define HTTPS_HEADERS_MAX 16u
#define HTTPS_ANSWER_MAX  (64u * 1024u) /* where the call says nothing else */

/* AWS Signature Version 4 over the whole request. */
struct https_signer {
        const char *provider; /* "aws:amz:REGION:SERVICE" */
        const char *key_id, *secret;
};

struct https_call {
        const char *method; /* "GET", "POST", … */
        const char *url;
        const char *headers[HTTPS_HEADERS_MAX]; /* "Name: value", up to the first NULL */
        const char *bearer;                     /* or NULL */
        const struct https_signer *signer;      /* or NULL */
        const char *ca_file;                    /* instead of the system's authorities; or NULL */
        const char *proxy_url;                  /* or NULL: none, whatever the environment says */
        int64_t timeout_ms;                     /* 0: TRANSFER_TIMEOUT_MS */
        struct span body;                       /* p NULL: none */
        size_t answer_max;                      /* 0: HTTPS_ANSWER_MAX */
};

struct https_answer {
        long status; /* 0: none came */
        struct secret room;
        size_t n; /* bytes of the body in room, with a NUL behind them */
        int64_t retry_after_s;
};

#define CLEANUP_HTTPS_ANSWER __attribute__((cleanup(https_answer_done)))

void https_answer_done(struct https_answer *a);
static inline struct span https_body(const struct https_answer *a)
{
        return span_of(a->room.bytes, a->n);
}
static inline const char *https_text(const struct https_answer *a) /* "" when empty */
{
        return a->n ? (const char *)a->room.bytes : "";
}
/* Returns PLUGIN_OK when a whole answer came, of any status (it replaces what was in ret); otherwise ret_why says
 * what is known: TRY_AGAIN (it did not leave us), UNKNOWN (it did, no answer came), FAILED (the peer is not who it
 * must be: status 0; or it answers without end: its status), MISCONFIGURED (no https URL, no such ca_file). */
MUST_CHECK enum plugin_exit https_call(const struct https_call *call, struct https_answer *ret,
                                       struct bytes *ret_why);
/* What a status means that is not the service's success: 429, 408 and 5xx try again, 401 and 403 refused, 404 and 410
 * misconfigured, everything else failed. */
enum plugin_exit https_meaning(long status);

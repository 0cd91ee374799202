/* What every conversation with a service over libcurl shares, whatever protocol it speaks: TLS that always verifies,
 * no proxy and no redirect that nobody configured, limits, and the verdict over a transfer that got no answer.
 *
 * libcurl keeps its own copies of what it is given in ordinary memory. It is given an allocator that wipes everything
 * when it is freed. */
#pragma once
#include "base/bytes.h"
#include "base/plugin.h"
#include <curl/curl.h>

#define TRANSFER_TIMEOUT_MS 20000

struct transfer {
        const char *url;
        const char *protocols; /* as libcurl names them: "https" or "smtp,smtps" */
        const char *ca_file;   /* instead of the system's authorities; or NULL */
        const char *proxy_url; /* or NULL: none, whatever the environment says */
        int64_t timeout_ms;
};

/* Sets an option of `c` while `ok` holds. */
#define SET(option, value) ok = ok && curl_easy_setopt(c, option, value) == CURLE_OK

/* A handle for one transfer; NULL when memory is out. Ends with curl_easy_cleanup(). */
CURL *transfer_new(void);
MUST_CHECK bool transfer_prepare(CURL *c, const struct transfer *t);
/* What a failed transfer means: FAILED (the peer is not who it must be), MISCONFIGURED (URL, ca_file), UNKNOWN (the
 * whole message had left us) or TRY_AGAIN. Appends a sentence to ret_why that names neither URL nor token. */
enum plugin_exit transfer_judge(CURLcode code, bool has_left, struct bytes *ret_why);

/* What every conversation with a service shares, whatever protocol it speaks: TLS that always verifies, no proxy and
 * no redirect that nobody configured, limits, and the verdict over a transfer that got no answer. */
#pragma once
#include "notifiers/deliver.h"
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

/* Reads `ca_file` and `proxy_url`, which every channel knows. Errors: ERR_CONFIG. */
MUST_CHECK enum err transfer_config(const struct delivery *d, const char **ret_ca_file, const char **ret_proxy_url);
/* HOST:PORT or [V6]:PORT under this key, with nothing that would mean more in a URL. Errors: ERR_CONFIG. */
MUST_CHECK enum err transfer_host_port(const struct delivery *d, const char *key, const char **ret);
MUST_CHECK bool transfer_prepare(CURL *c, const struct transfer *t);
/* What a failed transfer means: FAILED (the peer is not who it must be), MISCONFIGURED (URL, ca_file), UNKNOWN (the
 * whole page had left us) or TRY_AGAIN. */
void transfer_judge(CURLcode code, bool has_left, struct outcome *o);

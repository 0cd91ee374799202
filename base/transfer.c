#include "base/transfer.h"
#include "base/wipe.h"
#include <string.h>

#define CONNECT_TIMEOUT_MS 8000L
#define LOW_SPEED_BYTES    10L
#define LOW_SPEED_SECONDS  10L

CURL *transfer_new(void)
{
        static bool is_ready;
        if (!is_ready &&
            curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free, wipe_realloc, strdup, calloc) != CURLE_OK)
                return NULL;
        is_ready = true;
        return curl_easy_init();
}

MUST_CHECK static bool set_peer(CURL *c, const struct transfer *t)
{
        bool ok = true;
        SET(CURLOPT_URL, t->url);
        SET(CURLOPT_PROTOCOLS_STR, t->protocols);
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_PROXY, t->proxy_url ? t->proxy_url : "");
        SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);
        if (t->ca_file) {
                SET(CURLOPT_CAINFO, t->ca_file);
                SET(CURLOPT_CAPATH, NULL); /* otherwise the system's authorities would still count */
        }
        return ok;
}

bool transfer_prepare(CURL *c, const struct transfer *t)
{
        bool ok = set_peer(c, t);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
        SET(CURLOPT_TIMEOUT_MS, (long)t->timeout_ms);
        SET(CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
        SET(CURLOPT_LOW_SPEED_TIME, LOW_SPEED_SECONDS);
        return ok;
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
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CACERT_BADFILE: return true;
        default: return false;
        }
}

enum plugin_exit transfer_judge(CURLcode code, bool has_left, struct bytes *ret_why)
{
        const char *said = curl_easy_strerror(code); /* a fixed sentence */
        if (is_wrong_peer(code)) {
                bytes_printf(ret_why, "the server is not who it must be (%s); nothing was sent to it", said);
                return PLUGIN_FAILED;
        }
        if (is_our_mistake(code)) {
                bytes_printf(ret_why, "%s: look at the URL (https), ca_file and other files", said);
                return PLUGIN_MISCONFIGURED;
        }
        bytes_printf(ret_why, has_left ? "sent, but no whole answer came (%s)" : "not sent (%s)", said);
        return has_left ? PLUGIN_UNKNOWN : PLUGIN_TRY_AGAIN;
}

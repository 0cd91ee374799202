#include "notifiers/transfer.h"
#include <string.h>

#define CONNECT_TIMEOUT_MS 8000L
#define LOW_SPEED_BYTES    10L
#define LOW_SPEED_SECONDS  10L

enum err transfer_config(const struct delivery *d, const char **ret_ca_file, const char **ret_proxy_url)
{
        enum err e = config_text(d, "ca_file", NULL, ret_ca_file);
        return e == OK ? config_text(d, "proxy_url", NULL, ret_proxy_url) : e;
}

static bool is_host_port(const char *text)
{
        static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]";
        const char *colon = strrchr(text, ':');
        size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
        return colon && colon != text && digits > 0 && digits <= 5 && colon[1 + digits] == 0 &&
               text[strspn(text, allowed)] == 0;
}

enum err transfer_host_port(const struct delivery *d, const char *key, const char **ret)
{
        enum err e = config_text(d, key, NULL, ret);
        if (e == OK && (!*ret || !is_host_port(*ret)))
                return err_because(ERR_CONFIG, "config: `%s` must be HOST:PORT", key);
        return e;
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

void transfer_judge(CURLcode code, bool has_left, struct outcome *o)
{
        const char *said = curl_easy_strerror(code); /* a fixed sentence: names neither URL nor token */
        if (is_wrong_peer(code))
                outcome_fail(o, PLUGIN_FAILED, "the server is not who it must be (%s); nothing was sent to it", said);
        else if (is_our_mistake(code))
                outcome_fail(o, PLUGIN_MISCONFIGURED, "%s: look at the URL (https), ca_file and other files", said);
        else if (has_left)
                outcome_fail(o, PLUGIN_UNKNOWN, "sent, but no whole answer came (%s)", said);
        else
                outcome_fail(o, PLUGIN_TRY_AGAIN, "not sent (%s)", said);
}

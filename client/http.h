/* HTTP to the broker over libcurl: a list of addresses tried in turn, TLS 1.3 that trusts only the roster's key pin
 * (no CA, host name or date), unix sockets, capped answers. One warm connection is kept. */
#pragma once
#include "base/bytes.h"

#define HTTP_ANSWER_MAX (16u * 1024u * 1024u)

struct http;

/* brokers: "https://HOST:PORT" or "unix:PATH". Errors: ERR_USAGE (malformed address), ERR_UNSAFE_ENVIRONMENT. */
MUST_CHECK enum err http_new(const char *const brokers[], size_t n, struct http **ret);
void http_free(struct http *h);
/* Another connection to the same brokers, for a call beside h's own. It knows h's pin, but sends no token. */
struct http *http_twin(const struct http *h);
/* Takes over the pin that h has now; the connection stays if it is the same. */
void http_follow(struct http *twin, const struct http *h);
/* "sha256//BASE64" of the broker's public key: the only TLS key that is spoken to from now on. NULL: https is refused
 * with ERR_NO_PIN. A changed pin drops the connection. Errors: ERR_BAD_ROSTER (no such pin). */
MUST_CHECK enum err http_set_pin(struct http *h, const char *tls_pin);
/* For /v1/about at first contact only, whose answer proves itself by the genesis pin: any TLS key is spoken to until
 * http_set_pin(). No token is sent meanwhile. */
void http_pin_later(struct http *h);
/* Whether the last call failed because a broker showed another TLS key than the pinned one. */
bool http_met_other_key(const struct http *h);
void http_set_token(struct http *h, const char *bearer); /* NULL to forget */

struct http_answer {
        int status;
        struct bytes body;
        int64_t retry_after_s; /* 0: not said */
};

#define HTTP_ANSWER_NONE    ((struct http_answer){0, BYTES_NONE, 0})
#define CLEANUP_HTTP_ANSWER __attribute__((cleanup(http_answer_done)))

/* body NULL: GET. timeout_ms: for the whole exchange.
 * Errors: ERR_UNREACHABLE (nothing was sent, or a GET without a whole answer), ERR_STATE_UNKNOWN (sent, no whole
 * answer), ERR_LYING_BROKER (endless or over-long answer, or another TLS key), ERR_NO_PIN. A refusal by the broker is
 * OK: look at the status. */
MUST_CHECK enum err http_call(struct http *h, const char *path, const struct span *body, int64_t timeout_ms,
                              struct http_answer *ret);
void http_answer_done(struct http_answer *a);
/* The error of an API refusal: the code word of {"error":…} as enum err, the message as its reason. */
enum err http_refusal(const struct http_answer *a);

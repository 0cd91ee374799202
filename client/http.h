/* HTTP to the broker over libcurl: a list of addresses tried in turn, TLS that trusts only the roster's key pin (no
 * CA, host name or date), unix sockets, capped answers. One warm connection is kept. */
#pragma once
#include "base/bytes.h"

#define HTTP_ANSWER_MAX (16u * 1024u * 1024u)

struct http;

/* brokers: "https://HOST:PORT" or "unix:PATH". tls_pin: "sha256//…" or NULL (then https is refused with ERR_NO_PIN,
 * except that a first contact may pass pin_later and check the pin from the verified roster afterwards). */
MUST_CHECK enum err http_new(const char *const brokers[], size_t n, const char *tls_pin, struct http **ret);
void http_free(struct http *h);
void http_set_pin(struct http *h, const char *tls_pin);
/* First contact only: accepts any certificate once and remembers its pin; compare it with the roster's. */
void http_pin_later(struct http *h);
const char *http_seen_pin(const struct http *h);         /* "sha256//…" of the last TLS peer, or NULL */
void http_set_token(struct http *h, const char *bearer); /* NULL to forget */

struct http_answer {
        int status;
        struct bytes body;
        int64_t retry_after_s; /* 0: not said */
};

/* body NULL: GET. timeout_ms: for the whole exchange.
 * Errors: ERR_UNREACHABLE (nothing was sent), ERR_STATE_UNKNOWN (sent, no whole answer), ERR_LYING_BROKER (endless or
 * over-long answer, or another TLS key). A refusal by the broker is OK: look at the status. */
MUST_CHECK enum err http_call(struct http *h, const char *path, const struct span *body, int64_t timeout_ms,
                              struct http_answer *ret);
void http_answer_done(struct http_answer *a);
/* The error of an API refusal: the code word of {"error":…} as enum err, the message as its reason. */
enum err http_refusal(const struct http_answer *a);

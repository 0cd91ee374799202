/* Whether a call from another incident tool is from who it must be: what signs the raw bytes of its body, before
 * anything in them is looked at. Every comparison takes the same time whatever is wrong. */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#define HOOK_KEY_FILE_MAX 4096u
#define HOOK_ID_MAX       256u
#define HOOK_TOLERANCE_MS (5 * INT64_C(60000)) /* either way, between a call's timestamp and our clock */

/* PagerDuty's webhooks v3: "v1=HEX[,v1=HEX]", HMAC-SHA256 of the body; any one may be right (two while the secret is
 * being changed). header: or NULL. Errors: ERR_AUTH. */
MUST_CHECK enum err hook_check_pagerduty(const struct secret *key, const char *header, struct span body);

/* Standard Webhooks: `webhook-id`, `webhook-timestamp` (seconds), and `webhook-signature`, "v1,BASE64" (HMAC-SHA256)
 * or "v1a,BASE64" (Ed25519) over id.timestamp.body, several separated by blanks. */
struct hook_headers {
        const char *id, *timestamp, *signature; /* or NULL */
};
struct hook_keys {
        const struct secret *hmac;    /* or NULL; the key's own bytes */
        const unsigned char *ed25519; /* or NULL; 32 bytes */
};
/* One signature by one of our keys is enough. Errors: ERR_AUTH (also too old, or of the future), ERR_MEMORY. */
MUST_CHECK enum err hook_check_standard(const struct hook_keys *keys, const struct hook_headers *h, struct span body,
                                        int64_t now_ms);
/* Reads "whsec_" and base64 of 24 to 64 bytes. Errors: ERR_CONFIG, ERR_MEMORY. */
MUST_CHECK enum err hook_read_hmac(const struct secret *text, struct secret *ret);
/* Reads "whpk_" and base64 of an Ed25519 public key. Errors: ERR_CONFIG. */
MUST_CHECK enum err hook_read_ed25519(struct span text, unsigned char ret[32]);

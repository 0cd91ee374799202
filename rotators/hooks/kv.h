/* A secret in HashiCorp Vault's or OpenBao's KV version 2 store, over its HTTP API. */
#pragma once
#include "rotators/hooks/web.h"

struct kv {
        struct web web;
        struct bytes mount, path, namespace_, key; /* mount and path percent-encoded */
        struct secret token;
};

struct kv_now {
        int64_t version; /* the newest one; 0: the secret was never written */
        bool is_live;    /* it is neither deleted nor destroyed */
        bool has_value;  /* key is in it */
        struct secret value;
};

/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err kv_config(const struct hook_input *in, struct kv *ret);
void kv_done(struct kv *k);
void kv_now_done(struct kv_now *n);

/* Each is false with an answer when it did not succeed. */
MUST_CHECK bool kv_read(const struct kv *k, struct kv_now *ret, struct hook_answer *a);
/* Writes the value as the version behind `now`, and only if nobody has written meanwhile; other keys stay. */
MUST_CHECK bool kv_write(const struct kv *k, const struct kv_now *now, const struct hook_field *value,
                         int64_t *ret_version, struct hook_answer *a);
/* Whether the token may do all that a rotation does. */
MUST_CHECK bool kv_may(const struct kv *k, struct hook_answer *a);
/* Destroys every version before this one, and looks that none of them is left. */
MUST_CHECK bool kv_destroy_before(const struct kv *k, int64_t version, struct hook_answer *a);

/* A Secret in Kubernetes over its API, and the workloads that run on it. */
#pragma once
#include "rotators/hooks/web.h"

struct kube {
        struct web web;
        struct bytes namespace_, name, key;
        struct secret token;
        json_t *restart; /* list of "deployment/NAME", "statefulset/NAME", "daemonset/NAME"; or NULL */
};

struct kube_secret {
        struct bytes uid, version; /* metadata.uid, metadata.resourceVersion */
        bool is_immutable, has_value;
        struct secret value; /* of the key, NUL-ended, the NUL counted */
};

/* Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err kube_config(const struct hook_input *in, struct kube *ret);
void kube_done(struct kube *k);
void kube_secret_done(struct kube_secret *s);

/* Each is false with an answer when it did not succeed. */
MUST_CHECK bool kube_read(const struct kube *k, struct kube_secret *ret, struct hook_answer *a);
/* Changes the key of exactly this version of the Secret; now gets its new version. */
MUST_CHECK bool kube_write(const struct kube *k, struct kube_secret *now, const struct hook_field *value,
                           struct hook_answer *a);
/* Whether the token may read and patch the Secret, and patch every workload. */
MUST_CHECK bool kube_may(const struct kube *k, struct hook_answer *a);
/* Starts every workload of `restart` anew, once per mark, and waits until nothing of it runs that began before. */
MUST_CHECK bool kube_restart(const struct kube *k, const char *mark, struct hook_answer *a);

/* For its parts: one call with the token. content_type may be NULL. */
MUST_CHECK bool kube_call(const struct kube *k, struct web_call *call, const char *path, const char *content_type,
                          struct https_answer *ret, struct hook_answer *a);
/* Splits "deployment/NAME" into the API's plural and the name; false when it is none. */
MUST_CHECK bool kube_workload(const char *text, const char **ret_plural, const char **ret_name);

#include "rotators/hooks/kube.h"
#include "rotators/hooks/pointer.h"
#include <sodium.h>
#include <string.h>

#define SECRET_MAX  (4u * 1024u * 1024u) /* 1 MiB of data in base64, and the labels */
#define NAME_MAX_   253u                 /* RFC 1123 subdomain */
#define RESTART_MAX 16u

static const char *const known_keys[] = {"url",     "namespace", "name",   "key", "token_file",
                                         "restart", "field",     WEB_KEYS, NULL};

static bool is_name(const char *text)
{
        size_t n = strlen(text);
        return n > 0 && n <= NAME_MAX_ && text[0] != '.' &&
               strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == n;
}

bool kube_workload(const char *text, const char **ret_plural, const char **ret_name)
{
        static const struct {
                const char *kind, *plural;
        } kinds[] = {{"deployment/", "deployments"}, {"statefulset/", "statefulsets"}, {"daemonset/", "daemonsets"}};
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
                size_t n = strlen(kinds[i].kind);
                if (!strncmp(text, kinds[i].kind, n) && is_name(text + n)) {
                        *ret_plural = kinds[i].plural;
                        *ret_name = text + n;
                        return true;
                }
        }
        return false;
}

MUST_CHECK static enum err read_restart(const struct hook_input *in, struct kube *ret)
{
        const char *plural, *name;
        json_t *item;
        size_t i;
        ret->restart = json_object_get(in->config, "restart");
        if (ret->restart && (!json_is_array(ret->restart) || json_array_size(ret->restart) > RESTART_MAX))
                return err_because(ERR_CONFIG, "config: `restart` is a list of up to %u workloads", RESTART_MAX);
        json_array_foreach (ret->restart, i, item)
                if (!json_is_string(item) || !kube_workload(json_string_value(item), &plural, &name))
                        return err_because(
                                ERR_CONFIG,
                                "config: `restart` lists deployment/NAME, statefulset/NAME or daemonset/NAME");
        return OK;
}

enum err kube_config(const struct hook_input *in, struct kube *ret)
{
        CLEANUP_BYTES struct bytes field = BYTES_NONE;
        enum err e;
        if ((e = hook_config_check(in, known_keys)) != OK || (e = web_read(in, "url", NULL, &ret->web)) != OK ||
            (e = hook_config(in, "namespace", NULL, &ret->namespace_)) != OK ||
            (e = hook_config(in, "name", NULL, &ret->name)) != OK ||
            (e = hook_config(in, "field", "password", &field)) != OK ||
            (e = hook_config(in, "key", bytes_text(&field), &ret->key)) != OK ||
            (e = hook_config_secret(in, "token_file", &ret->token)) != OK || (e = read_restart(in, ret)) != OK)
                return e;
        if (ret->token.len == 0)
                return err_because(ERR_CONFIG, "config: `token_file` is missing");
        if (!is_name(bytes_text(&ret->namespace_)) || !is_name(bytes_text(&ret->name)) || ret->key.n == 0 ||
            strpbrk(bytes_text(&ret->key), "~/"))
                return err_because(ERR_CONFIG,
                                   "config: `namespace`, `name` or `key` is no name that Kubernetes knows");
        ret->web.answer_max = SECRET_MAX;
        return OK;
}

void kube_done(struct kube *k)
{
        web_done(&k->web);
        bytes_done(&k->namespace_);
        bytes_done(&k->name);
        bytes_done(&k->key);
        secret_wipe(&k->token);
}

void kube_secret_done(struct kube_secret *s)
{
        bytes_done(&s->uid);
        bytes_done(&s->version);
        secret_wipe(&s->value);
}

bool kube_call(const struct kube *k, struct web_call *call, const char *path, const char *content_type,
               struct https_answer *ret, struct hook_answer *a)
{
        CLEANUP_DRAFT struct draft token = {0};
        CLEANUP_BYTES struct bytes type = BYTES_NONE;
        web_header(&token, "Authorization", "Bearer ", &k->token);
        if (token.error != OK) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "config: `token_file` holds no token");
                return false;
        }
        bytes_printf(&type, "Content-Type: %s", content_type ? content_type : "application/json");
        call->path = path;
        call->headers[0] = draft_text(&token);
        call->headers[1] = "Accept: application/json";
        call->headers[2] = call->body.p ? bytes_text(&type) : NULL;
        return web_call(&k->web, call, ret, a);
}

static void add_place(const struct kube *k, struct bytes *ret)
{
        bytes_printf(ret, "/api/v1/namespaces/%s/secrets/%s", bytes_text(&k->namespace_), bytes_text(&k->name));
}

/* data holds base64; a value that is none is not ours. */
MUST_CHECK static enum err take_value(const struct kube *k, struct span body, struct kube_secret *ret)
{
        CLEANUP_BYTES struct bytes pointer = BYTES_NONE;
        CLEANUP_SECRET struct secret base64 = SECRET_NONE;
        size_t n = 0;
        enum err e;
        bytes_printf(&pointer, "/data/%s", bytes_text(&k->key));
        if ((e = pointer_text(body, bytes_text(&pointer), &base64)) != OK)
                return e == ERR_NO_ENTRY ? OK : e;
        if ((e = secret_new(base64.len, &ret->value)) != OK)
                return e;
        if (sodium_base642bin(ret->value.bytes, ret->value.len, (const char *)base64.bytes, base64.len - 1, NULL, &n,
                              NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
                return ERR_BAD_STATEMENT;
        ret->has_value = true;
        if ((e = secret_resize(&ret->value, n + 1)) == OK)
                ret->value.bytes[n] = 0;
        return e;
}

MUST_CHECK static bool take_secret(const struct kube *k, struct span body, struct kube_secret *ret,
                                   struct hook_answer *a)
{
        kube_secret_done(ret);
        *ret = (struct kube_secret){0};
        bool is_good = pointer_plain(body, "/metadata/uid", &ret->uid) &&
                       pointer_plain(body, "/metadata/resourceVersion", &ret->version) &&
                       take_value(k, body, ret) == OK;
        ret->is_immutable = pointer_is(body, "/immutable", span_text("true"));
        if (!is_good) /* also after a change: the next look tells what came of it */
                hook_fail(a, PLUGIN_UNKNOWN, "the answer is not a Secret of Kubernetes");
        return is_good;
}

bool kube_read(const struct kube *k, struct kube_secret *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        struct web_call c = {.method = "GET", .is_question = true};
        add_place(k, &path);
        if (!kube_call(k, &c, bytes_text(&path), NULL, &got, a))
                return false;
        if (got.status != 200) {
                web_refuse(&got, &c, "reading the Secret", got.status == 404 ? "there is none of this name" : "", a);
                return false;
        }
        return take_secret(k, https_body(&got), ret, a);
}

/* With its resourceVersion in the patch, a Secret that somebody changed meanwhile is a 409. */
bool kube_write(const struct kube *k, struct kube_secret *now, const struct hook_field *value, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_DRAFT struct draft body = {0};
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        draft_add_text(&body, "{\"metadata\":{\"resourceVersion\":");
        draft_add_json(&body, bytes_span(&now->version));
        draft_add_text(&body, "},\"data\":{");
        draft_add_json(&body, bytes_span(&k->key));
        draft_add_text(&body, ":\"");
        draft_add_base64(&body, span_of(value->value, value->len));
        draft_add_text(&body, "\"}}");
        if (body.error != OK) {
                hook_fail(a, PLUGIN_TRY_AGAIN, "%s", err_sentence(body.error));
                return false;
        }
        struct web_call c = {.method = "PATCH", .body = draft_span(&body)};
        add_place(k, &path);
        if (!kube_call(k, &c, bytes_text(&path), "application/merge-patch+json", &got, a))
                return false;
        if (got.status == 200)
                return take_secret(k, https_body(&got), now, a);
        if (got.status == 409)
                hook_fail(a, PLUGIN_TRY_AGAIN, "somebody else changed the Secret at the same time");
        else
                web_refuse(&got, &c, "changing the Secret", "", a);
        return false;
}

/* ---- rights ---- */

MUST_CHECK static bool may(const struct kube *k, const char *verb, const char *group, const char *plural,
                           const char *name, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        bytes_printf(&body,
                     "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":\"SelfSubjectAccessReview\",\"spec\":"
                     "{\"resourceAttributes\":{\"namespace\":\"%s\",\"verb\":\"%s\",\"group\":\"%s\",\"resource\":"
                     "\"%s\",\"name\":\"%s\"}}}",
                     bytes_text(&k->namespace_), verb, group, plural, name);
        struct web_call c = {.method = "POST", .body = bytes_span(&body), .is_question = true};
        if (!kube_call(k, &c, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", NULL, &got, a))
                return false;
        if (!web_is_good(&got)) {
                web_refuse(&got, &c, "asking for the token's rights", "", a);
                return false;
        }
        if (pointer_is(https_body(&got), "/status/allowed", span_text("true")))
                return true;
        hook_fail(a, PLUGIN_REFUSED, "the token may not %s %s/%s", verb, plural, name);
        return false;
}

bool kube_may(const struct kube *k, struct hook_answer *a)
{
        json_t *item;
        size_t i;
        if (!may(k, "get", "", "secrets", bytes_text(&k->name), a) ||
            !may(k, "patch", "", "secrets", bytes_text(&k->name), a))
                return false;
        json_array_foreach (k->restart, i, item) {
                const char *plural, *name;
                if (!kube_workload(json_string_value(item), &plural, &name) ||
                    !may(k, "get", "apps", plural, name, a) || !may(k, "patch", "apps", plural, name, a))
                        return false;
        }
        return true;
}

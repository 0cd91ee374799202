#include "rotators/hooks/kv.h"
#include "rotators/hooks/pointer.h"
#include <string.h>

#define SECRET_MAX   (2u * 1024u * 1024u) /* Vault itself takes 1 MiB */
#define METADATA_MAX (2u * 1024u * 1024u)

static const char *const known_keys[] = {"url",        "mount", "path",   "namespace", "key",
                                         "token_file", "field", WEB_KEYS, NULL};

enum err kv_config(const struct hook_input *in, struct kv *ret)
{
        CLEANUP_BYTES struct bytes mount = BYTES_NONE, path = BYTES_NONE, field = BYTES_NONE;
        enum err e;
        if ((e = hook_config_check(in, known_keys)) != OK || (e = web_read(in, "url", NULL, &ret->web)) != OK ||
            (e = hook_config(in, "mount", "secret", &mount)) != OK ||
            (e = hook_config(in, "path", NULL, &path)) != OK ||
            (e = hook_config(in, "namespace", "", &ret->namespace_)) != OK ||
            (e = hook_config(in, "field", "password", &field)) != OK ||
            (e = hook_config(in, "key", bytes_text(&field), &ret->key)) != OK ||
            (e = hook_config_secret(in, "token_file", &ret->token)) != OK ||
            (e = web_add_path(&ret->mount, bytes_text(&mount))) != OK ||
            (e = web_add_path(&ret->path, bytes_text(&path))) != OK)
                return e;
        if (ret->token.len == 0)
                return err_because(ERR_CONFIG, "config: `token_file` is missing");
        if (ret->path.n == 0 || ret->path.p[0] == '/' || ret->key.n == 0 || strpbrk(bytes_text(&ret->key), "~/"))
                return err_because(ERR_CONFIG, "config: `path` begins without a slash, and `key` is a plain name");
        ret->web.answer_max = SECRET_MAX;
        return OK;
}

void kv_done(struct kv *k)
{
        web_done(&k->web);
        bytes_done(&k->mount);
        bytes_done(&k->path);
        bytes_done(&k->namespace_);
        bytes_done(&k->key);
        secret_wipe(&k->token);
}

void kv_now_done(struct kv_now *n)
{
        secret_wipe(&n->value);
}

/* One call of the API below /v1/. */
MUST_CHECK static bool call(const struct kv *k, struct web_call *c, const char *format_path, struct https_answer *ret,
                            struct hook_answer *a)
{
        CLEANUP_DRAFT struct draft token = {0};
        CLEANUP_BYTES struct bytes namespace_ = BYTES_NONE;
        size_t n = 0;
        web_header(&token, "X-Vault-Token", "", &k->token);
        if (token.error != OK) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "config: `token_file` holds no token");
                return false;
        }
        c->path = format_path;
        c->headers[n++] = draft_text(&token);
        c->headers[n++] = "X-Vault-Request: true";
        if (c->body.p)
                c->headers[n++] = !strcmp(c->method, "PATCH") ? "Content-Type: application/merge-patch+json"
                                                              : "Content-Type: application/json";
        bytes_printf(&namespace_, "X-Vault-Namespace: %s", bytes_text(&k->namespace_));
        if (k->namespace_.n)
                c->headers[n++] = bytes_text(&namespace_);
        return web_call(&k->web, c, ret, a);
}

static void add_place(const struct kv *k, const char *what, struct bytes *ret)
{
        bytes_printf(ret, "/v1/%s/%s/%s", bytes_text(&k->mount), what, bytes_text(&k->path));
}

/* 473, 472: a standby of another site; 412: a replica that is behind. */
static void refuse(const struct https_answer *got, const struct web_call *c, const char *what, struct hook_answer *a)
{
        if (got->status == 412 || got->status == 472 || got->status == 473)
                hook_fail(a, PLUGIN_TRY_AGAIN, "%s: answered %ld: not the active server", what, got->status);
        else
                web_refuse(got, c, what, "", a);
}

static int64_t number_at(struct span json, const char *pointer)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        return pointer_plain(json, pointer, &text) ? strtoll(bytes_text(&text), NULL, 10) : 0;
}

MUST_CHECK static bool take_value(const struct kv *k, struct span body, struct kv_now *ret)
{
        CLEANUP_BYTES struct bytes pointer = BYTES_NONE;
        bytes_printf(&pointer, "/data/data/%s", bytes_text(&k->key));
        enum err e = pointer_text(body, bytes_text(&pointer), &ret->value);
        ret->has_value = e == OK;
        return e == OK || e == ERR_NO_ENTRY;
}

bool kv_read(const struct kv *k, struct kv_now *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        struct web_call c = {.method = "GET", .is_question = true};
        *ret = (struct kv_now){0};
        add_place(k, "data", &path);
        if (!call(k, &c, bytes_text(&path), &got, a))
                return false;
        if (got.status != 200 && got.status != 404) {
                refuse(&got, &c, "reading the secret", a);
                return false;
        }
        /* A deleted version is a 404 that still names its number; a secret that was never written names none. */
        ret->version = number_at(https_body(&got), "/data/metadata/version");
        ret->is_live = got.status == 200;
        if (ret->is_live && (ret->version < 1 || !take_value(k, https_body(&got), ret))) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "the answer is not that of a KV version 2 store");
                return false;
        }
        return true;
}

static void draft_write(const struct kv *k, int64_t cas, const struct hook_field *value, struct draft *ret)
{
        char options[64];
        snprintf(options, sizeof options, "{\"options\":{\"cas\":%lld},\"data\":{", (long long)cas);
        draft_add_text(ret, options);
        draft_add_json(ret, bytes_span(&k->key));
        draft_add_text(ret, ":");
        draft_add_json(ret, span_of(value->value, value->len));
        draft_add_text(ret, "}}");
}

bool kv_write(const struct kv *k, const struct kv_now *now, const struct hook_field *value, int64_t *ret_version,
              struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_DRAFT struct draft body = {0};
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        draft_write(k, now->version, value, &body);
        if (body.error != OK) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "the value is no UTF-8 text: a KV store cannot hold it");
                return false;
        }
        struct web_call c = {.method = now->is_live ? "PATCH" : "POST", .body = draft_span(&body)};
        add_place(k, "data", &path);
        if (!call(k, &c, bytes_text(&path), &got, a))
                return false;
        *ret_version = number_at(https_body(&got), "/data/version");
        if (got.status == 200 && *ret_version > now->version)
                return true;
        if (got.status == 400)
                hook_fail(a, PLUGIN_TRY_AGAIN,
                          "somebody else wrote the secret at the same time (or the store refuses it)");
        else if (got.status == 200)
                hook_fail(a, PLUGIN_UNKNOWN, "writing the secret: the answer names no new version");
        else
                refuse(&got, &c, "writing the secret", a);
        return false;
}

/* ---- rights ---- */

MUST_CHECK static bool has_right(struct span list, const char *wanted)
{
        struct span item;
        for (size_t i = 0; pointer_item(list, i, &item); i++)
                if (pointer_is(item, "", span_text(wanted)) || pointer_is(item, "", span_text("root")))
                        return true;
        return false;
}

MUST_CHECK static bool find_rights(struct span body, const char *path, struct span *ret)
{
        CLEANUP_BYTES struct bytes pointer = BYTES_NONE;
        for (const char *c = path; *c; c++)
                bytes_add_text(&pointer, *c == '/' ? "~1" : (const char[]){*c, 0});
        CLEANUP_BYTES struct bytes whole = BYTES_NONE;
        bytes_printf(&whole, "/data/%s", bytes_text(&pointer));
        return pointer_find(body, bytes_text(&whole), ret);
}

/* false with an answer naming the first right that is missing. */
MUST_CHECK static bool has_all(struct span body, const char *path, const char *const rights[], struct hook_answer *a)
{
        struct span list = {NULL, 0};
        bool is_listed = find_rights(body, path, &list);
        for (size_t i = 0; rights[i]; i++)
                if (!is_listed || !has_right(list, rights[i])) {
                        hook_fail(a, PLUGIN_REFUSED, "the token may not `%s` %s", rights[i], path);
                        return false;
                }
        return true;
}

bool kv_may(const struct kv *k, struct hook_answer *a)
{
        static const char *const data_rights[] = {"read", "patch", NULL};
        static const char *const metadata_rights[] = {"read", NULL}, *const destroy_rights[] = {"update", NULL};
        static const struct {
                const char *what;
                const char *const *rights;
        } wanted[] = {{"data", data_rights}, {"metadata", metadata_rights}, {"destroy", destroy_rights}};
        struct bytes path[COUNT_OF(wanted)] = {BYTES_NONE, BYTES_NONE, BYTES_NONE};
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        bytes_add_text(&body, "{\"paths\":[");
        for (size_t i = 0; i < COUNT_OF(wanted); i++) {
                bytes_printf(&path[i], "%s/%s/%s", bytes_text(&k->mount), wanted[i].what, bytes_text(&k->path));
                bytes_add_text(&body, i ? "," : "");
                bytes_add_json(&body, bytes_span(&path[i]));
        }
        bytes_add_text(&body, "]}");
        struct web_call c = {.method = "POST", .body = bytes_span(&body), .is_question = true};
        bool is_good = call(k, &c, "/v1/sys/capabilities-self", &got, a);
        if (is_good && got.status != 200) {
                refuse(&got, &c, "asking for the token's rights", a);
                is_good = false;
        }
        for (size_t i = 0; i < COUNT_OF(wanted); i++) {
                is_good = is_good && has_all(https_body(&got), bytes_text(&path[i]), wanted[i].rights, a);
                bytes_done(&path[i]);
        }
        return is_good;
}

/* ---- old versions ---- */

/* The numbers before `version` that are not destroyed, with commas; false with an answer. */
MUST_CHECK static bool list_left(const struct kv *k, int64_t version, struct bytes *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        struct web_call c = {.method = "GET", .is_question = true};
        struct span versions, key;
        add_place(k, "metadata", &path);
        if (!call(k, &c, bytes_text(&path), &got, a))
                return false;
        if (got.status != 200 || !pointer_find(https_body(&got), "/data/versions", &versions)) {
                refuse(&got, &c, "reading the versions", a);
                return false;
        }
        struct scan s = scan_begin(versions);
        scan_enter(&s);
        while (scan_key(&s, &key)) {
                struct span entry = scan_value(&s);
                int64_t number = strtoll((const char *)key.p, NULL, 10); /* a quote stands behind it */
                if (number < version && !pointer_is(entry, "/destroyed", span_text("true")))
                        bytes_printf(ret, "%s%lld", ret->n ? "," : "", (long long)number);
        }
        if (s.error != OK)
                hook_fail(a, PLUGIN_TRY_AGAIN, "the list of versions is malformed");
        return s.error == OK;
}

bool kv_destroy_before(const struct kv *k, int64_t version, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes left = BYTES_NONE, body = BYTES_NONE, path = BYTES_NONE;
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        if (!list_left(k, version, &left, a))
                return false;
        if (left.n == 0)
                return true;
        bytes_printf(&body, "{\"versions\":[%s]}", bytes_text(&left));
        struct web_call c = {.method = "POST", .body = bytes_span(&body)};
        add_place(k, "destroy", &path);
        if (!call(k, &c, bytes_text(&path), &got, a))
                return false;
        if (!web_is_good(&got)) {
                refuse(&got, &c, "destroying the old versions", a);
                return false;
        }
        bytes_clear(&left);
        if (!list_left(k, version, &left, a))
                return false;
        if (left.n > 0)
                hook_fail(a, PLUGIN_TRY_AGAIN, "old versions are still there: %s", bytes_text(&left));
        return left.n == 0;
}

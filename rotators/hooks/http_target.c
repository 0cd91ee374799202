#include "rotators/hooks/http_target.h"
#include "rotators/hooks/http_text.h"
#include "rotators/hooks/pointer.h"
#include <sodium.h>
#include <string.h>

#define ANSWER_MAX (1024u * 1024u)

static const char *const common[] = {"url", "token_file", "field", WEB_KEYS, NULL};

static bool is_in(const char *const list[], const char *key)
{
        for (size_t i = 0; list[i]; i++)
                if (!strcmp(list[i] + (list[i][0] == '!'), key))
                        return true;
        return false;
}

MUST_CHECK static enum err read_config(const struct hook_input *in, const char *const known[],
                                       struct http_target *ret)
{
        const char *key;
        json_t *value;
        enum err e;
        json_object_foreach (in->config, key, value)
                if (!is_in(common, key) && !is_in(known, key))
                        return err_because(ERR_CONFIG, "config: unknown key `%s`", key);
        if ((e = web_read(in, "url", NULL, &ret->web)) != OK ||
            (e = hook_config_secret(in, "token_file", &ret->token)) != OK)
                return e;
        struct hash hash = hash_of(span_text(in->credential));
        memcpy(ret->mark, "breakglass-", 12);
        hex_encode(hash.b, 8, ret->mark + 11);
        ret->web.answer_max = ANSWER_MAX;
        return OK;
}

void http_run(const struct http_hook *h, enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct http_target t = {0};
        if (read_config(in, h->known, &t) == OK && h->check_config(&t) == OK)
                h->run_step(step, &t, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        web_done(&t.web);
        secret_wipe(&t.token);
}

/* ---- descriptions ---- */

static json_t *described(const struct http_target *t, const char *name)
{
        return json_object_get(t->web.in->config, name);
}

bool http_has(const struct http_target *t, const char *name)
{
        return described(t, name) != NULL;
}

bool http_uses(const struct http_target *t, const char *name, const char *word)
{
        return http_text_uses(described(t, name), word);
}

static bool is_method(const char *method)
{
        static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
        return method && is_in(methods, method);
}

MUST_CHECK static enum err check_keys(json_t *call, const char *name, const char *const more[])
{
        static const char *const plain[] = {"method", "path", "headers", "body", "form", NULL};
        const char *key;
        json_t *value;
        json_object_foreach (call, key, value)
                if (!is_in(plain, key) && !is_in(more, key))
                        return err_because(ERR_CONFIG, "config: `%s`: unknown key `%s`", name, key);
        for (size_t i = 0; more[i]; i++)
                if (more[i][0] == '!' && !json_object_get(call, more[i] + 1))
                        return err_because(ERR_CONFIG, "config: `%s` lacks `%s`", name, more[i] + 1);
        return OK;
}

enum err http_check_call(const struct http_target *t, const char *name, const char *const more[])
{
        json_t *call = described(t, name), *headers = json_object_get(call, "headers");
        const char *path = json_string_value(json_object_get(call, "path"));
        enum err e;
        if (!json_is_object(call))
                return err_because(ERR_CONFIG, "config: `%s` must be a map that describes a call", name);
        if ((e = check_keys(call, name, more)) != OK)
                return e;
        if (!is_method(json_string_value(json_object_get(call, "method"))))
                return err_because(ERR_CONFIG, "config: `%s`: `method` is GET, POST, PUT, PATCH or DELETE", name);
        if (!path || path[0] != '/' || strpbrk(path, " #\\\r\n") || strstr(path, "/."))
                return err_because(ERR_CONFIG, "config: `%s`: `path` begins with a slash, and climbs nowhere", name);
        if (strstr(path, "{value}") || strstr(path, "{token}"))
                return err_because(ERR_CONFIG, "config: `%s`: a secret must not be part of a URL", name);
        if ((headers && (!json_is_object(headers) || json_object_size(headers) > HTTP_TEXT_HEADERS_MAX)) ||
            (json_object_get(call, "body") && json_object_get(call, "form")))
                return err_because(ERR_CONFIG, "config: `%s`: `headers` is a small map, and either `body` or `form`",
                                   name);
        return http_text_check(call, name);
}

/* ---- calls ---- */

bool http_do(const struct http_target *t, const char *name, const struct http_words *words, bool may_be_gone,
             struct https_answer *ret, struct hook_answer *a)
{
        bool is_question = !strcmp(name, "probe") || !strcmp(name, "list");
        struct http_message m = {0};
        struct web_call c = {.is_question = is_question};
        bool is_good = http_text_write(t, described(t, name), words, &m, &c) == OK;
        if (!is_good)
                hook_fail(a, PLUGIN_MISCONFIGURED, "config: `%s`: %s", name, err_reason());
        is_good = is_good && web_call(&t->web, &c, ret, a);
        bool is_gone = may_be_gone && (ret->status == 404 || ret->status == 410);
        if (is_good && !web_is_good(ret) && !is_gone) {
                web_refuse(ret, &c, name, "", a);
                is_good = false;
        }
        http_message_done(&m);
        return is_good;
}

static const char *pointer_of(const struct http_target *t, const char *name, const char *key)
{
        return json_string_value(json_object_get(described(t, name), key));
}

static bool is_handle(const struct bytes *id)
{
        for (size_t i = 0; i < id->n; i++)
                if (id->p[i] <= ' ' || id->p[i] > '~')
                        return false;
        return id->n > 0 && id->n <= HANDLE_MAX;
}

/* The answer may be the only time that anybody sees the value. */
bool http_create(const struct http_target *t, struct secret *ret_value, struct bytes *ret_id, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        const struct http_words words = {0};
        if (!http_do(t, "create", &words, false, &got, a))
                return false;
        bool is_good = pointer_text(https_body(&got), pointer_of(t, "create", "value"), ret_value) == OK &&
                       ret_value->len > 1 && pointer_plain(https_body(&got), pointer_of(t, "create", "id"), ret_id) &&
                       is_handle(ret_id);
        if (!is_good)
                hook_fail(a, PLUGIN_UNKNOWN, "create: the answer has no usable value and id where the pointers say");
        return is_good;
}

MUST_CHECK static bool take_item(const struct http_target *t, struct span item, struct http_item *ret)
{
        CLEANUP_BYTES struct bytes id = BYTES_NONE;
        if (!pointer_plain(item, pointer_of(t, "list", "id"), &id) || !is_handle(&id))
                return false;
        memcpy(ret->id, id.p, id.n + 1);
        ret->is_marked = pointer_is(item, pointer_of(t, "list", "mark"), span_text(t->mark));
        return true;
}

bool http_list(const struct http_target *t, struct http_items *ret, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        const struct http_words words = {0};
        const char *more = pointer_of(t, "list", "more");
        struct span items, item;
        ret->n = 0;
        if (!http_do(t, "list", &words, false, &got, a))
                return false;
        bool is_good = pointer_find(https_body(&got), pointer_of(t, "list", "items"), &items) && items.n > 0 &&
                       items.p[0] == '[' && !(more && pointer_is(https_body(&got), more, span_text("true")));
        for (size_t i = 0; is_good && pointer_item(items, i, &item); i++)
                is_good = ret->n < HTTP_ITEMS_MAX && take_item(t, item, &ret->item[ret->n++]);
        if (!is_good)
                hook_fail(a, PLUGIN_MISCONFIGURED, "list: the answer is no whole list where the pointers say");
        return is_good;
}

static bool is_dead(const struct http_target *t, long status)
{
        json_t *dead = json_object_get(described(t, "probe"), "dead"), *item;
        size_t i;
        if (!dead)
                return status == 401 || status == 403;
        json_array_foreach (dead, i, item)
                if (json_integer_value(item) == status)
                        return true;
        return false;
}

enum http_verdict http_probe(const struct http_target *t, struct span value, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        const struct http_words words = {.value = value, .is_probe = true};
        if (http_do(t, "probe", &words, false, &got, a))
                return HTTP_WORKS;
        return is_dead(t, got.status) ? HTTP_DEAD : HTTP_UNSURE;
}

bool http_probe_tells(const struct http_target *t, struct hook_answer *a)
{
        unsigned char random[16];
        char nobodys[sizeof random * 2 + 1];
        randombytes_buf(random, sizeof random);
        hex_encode(random, sizeof random, nobodys);
        enum http_verdict v = http_probe(t, span_text(nobodys), a);
        if (v == HTTP_WORKS)
                hook_fail(a, PLUGIN_MISCONFIGURED, "config: `probe` lets any value in: it proves nothing");
        return v == HTTP_DEAD;
}

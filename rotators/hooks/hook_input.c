#include "rotators/hooks/hook_input.h"
#include "base/file.h"
#include "rotators/hooks/scan.h"
#include <sodium.h>
#include <string.h>

#define CONFIG_TEXT_MAX 1024u
#define INPUT_DEPTH     6u
#define SECRET_FILE_MAX 8192u

static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

static bool name_is_good(struct span name)
{
        if (name.n == 0 || name.n > HOOK_FIELD_NAME_MAX)
                return false;
        for (size_t i = 0; i < name.n; i++)
                if (!name.p[i] || !strchr(name_bytes, name.p[i]))
                        return false;
        return true;
}

const struct hook_field *hook_field(const struct hook_fields *f, const char *name)
{
        for (size_t i = 0; i < f->n; i++)
                if (!strcmp(f->field[i].name, name))
                        return &f->field[i];
        return NULL;
}

/* Decodes one value into the arena behind the earlier ones; the arena is as long as all base64 texts together, which
 * is always enough for the bytes and their NULs. */
MUST_CHECK static enum err add_field(struct hook_fields *f, size_t *used, struct span name, struct span base64)
{
        struct hook_field *field = &f->field[f->n];
        if (f->n == HOOK_FIELDS_MAX || !name_is_good(name))
                return err_because(ERR_BAD_STATEMENT, "a field's name is malformed, or there are too many");
        memcpy(field->name, name.p, name.n);
        if (hook_field(f, field->name))
                return err_because(ERR_BAD_STATEMENT, "a field is given twice");
        unsigned char *to = f->arena.bytes + *used;
        if (base64.n > 0 && sodium_base642bin(to, f->arena.len - *used, (const char *)base64.p, base64.n, NULL,
                                              &field->len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
                return err_because(ERR_BAD_STATEMENT, "a field's value is not base64");
        to[field->len] = 0;
        field->value = to;
        *used += field->len + 1;
        f->n++;
        return OK;
}

enum err hook_fields_read(struct span object, struct hook_fields *ret)
{
        struct scan s = scan_begin(object);
        struct span name;
        size_t used = 0;
        enum err e = OK;
        if (ret->is_given)
                return err_because(ERR_BAD_STATEMENT, "fields are given twice");
        ret->is_given = true;
        if ((e = secret_new(object.n + HOOK_FIELDS_MAX, &ret->arena)) != OK)
                return e;
        scan_enter(&s);
        while (e == OK && scan_key(&s, &name)) {
                struct span value = scan_plain_text(&s);
                e = s.error == OK ? add_field(ret, &used, name, value) : s.error;
        }
        scan_end(&s);
        return e != OK ? e : s.error;
}

static struct hook_fields *fields_of(struct span key, const struct hook_secrets parts[], size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (span_is(key, parts[i].key))
                        return parts[i].to;
        return NULL;
}

enum err hook_split(struct span object, const struct hook_secrets parts[], size_t n, struct bytes *rest)
{
        struct scan s = scan_begin(object);
        struct span key;
        enum err e = OK;
        scan_enter(&s);
        bytes_add_byte(rest, '{');
        while (e == OK && scan_key(&s, &key)) {
                struct span value = scan_value(&s);
                struct hook_fields *to = fields_of(key, parts, n);
                if (s.error == OK && to) {
                        e = hook_fields_read(value, to);
                } else if (s.error == OK) {
                        bytes_add_text(rest, rest->n > 1 ? ",\"" : "\"");
                        bytes_add_span(rest, key);
                        bytes_add_text(rest, "\":");
                        bytes_add_span(rest, value);
                }
        }
        bytes_add_byte(rest, '}');
        scan_end(&s);
        return e != OK ? e : s.error;
}

MUST_CHECK static enum err read_public(struct span text, struct hook_input *ret)
{
        struct json_fields f;
        enum err e = json_read(text, INPUT_DEPTH, &ret->public_);
        if (e != OK)
                return e;
        json_fields_begin(&f, ret->public_);
        ret->credential = json_take_text(&f, "credential", 1, 128);
        ret->idempotency_key = json_take_text(&f, "idempotency_key", 1, 200);
        ret->handle = json_take_text_if(&f, "handle", 0, 200);
        ret->old_handle = json_take_text_if(&f, "old_handle", 0, 200);
        ret->config = json_take_object(&f, "config");
        ret->is_old_by_hand = json_has(&f, "old_by_hand") && json_take_bool(&f, "old_by_hand");
        ret->deadline_ms = json_has(&f, "deadline") ? json_take_int(&f, "deadline", 0, JSON_INT_MAX) : 0;
        ret->sequence = json_has(&f, "sequence") ? json_take_int(&f, "sequence", 0, JSON_INT_MAX) : 0;
        ret->step = json_take_text_if(&f, "step", 0, 20);
        return f.error; /* what a later rotator says beside it is not for us */
}

enum err hook_input_read(struct span text, struct hook_input *ret)
{
        CLEANUP_BYTES struct bytes rest = BYTES_NONE;
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        const struct hook_secrets secrets[] = {{"pending", &in.pending}, {"opened", &in.opened}};
        enum err e = hook_split(text, secrets, COUNT_OF(secrets), &rest);
        if (e != OK)
                return err_because(e, "stdin is not a hook's request");
        if ((e = read_public(bytes_span(&rest), &in)) != OK)
                return e;
        *ret = in;
        in = (struct hook_input){0};
        return OK;
}

void hook_fields_done(struct hook_fields *f)
{
        secret_wipe(&f->arena);
}

void hook_input_done(struct hook_input *i)
{
        hook_fields_done(&i->pending);
        hook_fields_done(&i->opened);
        json_decref(i->public_);
        i->public_ = NULL;
}

enum err hook_config(const struct hook_input *i, const char *key, const char *fallback, struct bytes *ret)
{
        json_t *value = json_object_get(i->config, key);
        bytes_clear(ret);
        if (!value && fallback)
                bytes_add_text(ret, fallback);
        else if (json_is_integer(value))
                bytes_printf(ret, "%lld", (long long)json_integer_value(value));
        else if (json_is_string(value) && json_string_length(value) <= CONFIG_TEXT_MAX)
                bytes_add_text(ret, json_string_value(value));
        else
                return err_because(ERR_CONFIG, "config: `%s` is %s", key, value ? "no short text" : "missing");
        return OK;
}

enum err hook_config_texts(const struct hook_input *in, const struct hook_text texts[], size_t n)
{
        enum err e = OK;
        for (size_t i = 0; e == OK && i < n; i++)
                e = hook_config(in, texts[i].key, texts[i].fallback, texts[i].to);
        return e;
}

enum err hook_config_yes(const struct hook_input *i, const char *key, bool fallback, bool *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = hook_config(i, key, fallback ? "yes" : "no", &text);
        if (e != OK)
                return e;
        *ret = span_is(bytes_span(&text), "yes");
        if (!*ret && !span_is(bytes_span(&text), "no"))
                return err_because(ERR_CONFIG, "config: `%s` is yes or no", key);
        return OK;
}

enum err hook_config_secret(const struct hook_input *i, const char *key, struct secret *ret)
{
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        CLEANUP_SECRET struct secret file = SECRET_NONE;
        enum err e;
        if ((e = hook_config(i, key, "", &path)) != OK || path.n == 0)
                return e;
        if ((e = file_read_private(bytes_text(&path), SECRET_FILE_MAX, &file)) != OK)
                return err_because(ERR_CONFIG, "config: `%s`: %s", key, err_sentence(e));
        size_t n = file.len;
        while (n > 0 && (file.bytes[n - 1] == '\n' || file.bytes[n - 1] == '\r'))
                n--;
        if (n == 0 || memchr(file.bytes, 0, n))
                return err_because(ERR_CONFIG, "config: the file of `%s` is empty or no text", key);
        if ((e = secret_new(n + 1, ret)) != OK)
                return e;
        memcpy(ret->bytes, file.bytes, n);
        return OK;
}

enum err hook_config_check(const struct hook_input *i, const char *const known[])
{
        const char *key;
        json_t *value;
        json_object_foreach (i->config, key, value) {
                bool is_known = false;
                for (size_t k = 0; known[k] && !is_known; k++)
                        is_known = !strcmp(known[k], key);
                if (!is_known)
                        return err_because(ERR_CONFIG, "config: unknown key `%s`", key);
        }
        return OK;
}

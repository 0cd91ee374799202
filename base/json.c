#include "base/json.h"
#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* Looks at depth, signs and NULs before anything is built, so that hostile text costs one pass. */
static enum err scan(struct span text, unsigned max_depth)
{
        bool in_string = false;
        unsigned depth = 0;

        for (size_t i = 0; i < text.n; i++) {
                unsigned char c = text.p[i];

                if (c == '\0')
                        return err_because(ERR_BAD_STATEMENT, "a NUL at byte %zu", i);
                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = false;
                        continue;
                }
                if (c == '"')
                        in_string = true;
                else if (c == '-')
                        return err_because(ERR_BAD_STATEMENT, "a negative number at byte %zu", i);
                else if ((c == '{' || c == '[') && ++depth > max_depth)
                        return err_because(ERR_BAD_STATEMENT, "nested deeper than %u", max_depth);
                else if ((c == '}' || c == ']') && depth > 0)
                        depth--;
        }
        return OK;
}

/* Depth is bounded by scan(). */
static enum err check_numbers(json_t *value)
{
        const char *key;
        json_t *child;
        size_t i;
        enum err e;

        if (json_is_real(value))
                return err_because(ERR_BAD_STATEMENT, "a number that is no integer");
        if (json_is_integer(value) && (json_integer_value(value) < 0 || json_integer_value(value) > JSON_INT_MAX))
                return err_because(ERR_BAD_STATEMENT, "an integer beyond 2^53-1");
        if (json_is_object(value))
                json_object_foreach (value, key, child)
                        if ((e = check_numbers(child)) != OK)
                                return e;
        if (json_is_array(value))
                json_array_foreach (value, i, child)
                        if ((e = check_numbers(child)) != OK)
                                return e;
        return OK;
}

enum err json_read(struct span text, unsigned max_depth, json_t **ret)
{
        CLEANUP_JSON json_t *value = NULL;
        json_error_t error;
        enum err e;

        if ((e = scan(text, max_depth)) != OK)
                return e;
        value = json_loadb(text.p ? (const char *)text.p : "", text.n, JSON_REJECT_DUPLICATES, &error);
        if (!value)
                return err_because(ERR_BAD_STATEMENT, "byte %d: %s", error.position, error.text);
        if ((e = check_numbers(value)) != OK)
                return e;
        *ret = value;
        value = NULL;
        return OK;
}

void json_fields_begin(struct json_fields *f, json_t *object)
{
        *f = (struct json_fields){.object = object};
        if (!json_is_object(object))
                json_fail(f, "an object was expected");
}

bool json_has(const struct json_fields *f, const char *key)
{
        return json_object_get(f->object, key) != NULL;
}

void json_fail(struct json_fields *f, const char *reason)
{
        if (f->error == OK)
                f->error = err_because(ERR_BAD_STATEMENT, "%s", reason);
}

static void fail_key(struct json_fields *f, const char *key, const char *what)
{
        if (f->error == OK)
                f->error = err_because(ERR_BAD_STATEMENT, "`%s`: %s", key, what);
}

static bool is_taken(const struct json_fields *f, const char *key)
{
        for (size_t i = 0; i < f->n_taken; i++)
                if (strcmp(f->taken[i], key) == 0)
                        return true;
        return false;
}

json_t *json_take_any(struct json_fields *f, const char *key)
{
        if (f->error != OK)
                return NULL;
        void *at = json_object_iter_at(f->object, key);

        if (!at)
                return NULL;
        if (!is_taken(f, key)) {
                assert(f->n_taken < JSON_FIELDS_MAX);
                f->taken[f->n_taken++] = json_object_iter_key(at); /* lives as long as the object */
        }
        return json_object_iter_value(at);
}

static json_t *take_required(struct json_fields *f, const char *key)
{
        json_t *value = json_take_any(f, key);

        if (!value)
                fail_key(f, key, "missing");
        return value;
}

static const char *text_of(struct json_fields *f, const char *key, const json_t *value, size_t min, size_t max)
{
        size_t points;

        if (!json_is_string(value)) {
                fail_key(f, key, "a text was expected");
                return NULL;
        }
        if (!utf8_valid(span_of(json_string_value(value), json_string_length(value)), &points)) {
                fail_key(f, key, "not UTF-8, or a NUL in it");
                return NULL;
        }
        if (points < min || points > max) {
                fail_key(f, key, points < min ? "too short" : "too long");
                return NULL;
        }
        return json_string_value(value);
}

const char *json_take_text(struct json_fields *f, const char *key, size_t min, size_t max)
{
        json_t *value = take_required(f, key);

        return value ? text_of(f, key, value, min, max) : NULL;
}

const char *json_take_text_if(struct json_fields *f, const char *key, size_t min, size_t max)
{
        json_t *value = json_take_any(f, key);

        return value ? text_of(f, key, value, min, max) : NULL;
}

int64_t json_take_int(struct json_fields *f, const char *key, int64_t min, int64_t max)
{
        json_t *value = take_required(f, key);

        if (!value)
                return 0;
        if (!json_is_integer(value)) {
                fail_key(f, key, "an integer was expected");
                return 0;
        }
        if (json_integer_value(value) < min || json_integer_value(value) > max) {
                fail_key(f, key, "out of range");
                return 0;
        }
        return json_integer_value(value);
}

bool json_take_bool(struct json_fields *f, const char *key)
{
        json_t *value = take_required(f, key);

        if (value && !json_is_boolean(value))
                fail_key(f, key, "true or false was expected");
        return json_is_true(value);
}

void json_take_hex(struct json_fields *f, const char *key, unsigned char *ret, size_t len)
{
        const char *text = json_take_text(f, key, 2 * len, 2 * len);

        memset(ret, 0, len);
        if (text && hex_decode(span_text(text), ret, len) != OK)
                fail_key(f, key, "lower-case hex was expected");
}

void json_take_hash(struct json_fields *f, const char *key, struct hash *ret)
{
        json_take_hex(f, key, ret->b, HASH_BYTES);
}

json_t *json_take_list(struct json_fields *f, const char *key, size_t min, size_t max)
{
        json_t *value = take_required(f, key);

        if (!value)
                return NULL;
        if (!json_is_array(value)) {
                fail_key(f, key, "a list was expected");
                return NULL;
        }
        if (json_array_size(value) < min || json_array_size(value) > max) {
                fail_key(f, key, json_array_size(value) < min ? "too few items" : "too many items");
                return NULL;
        }
        return value;
}

json_t *json_take_object(struct json_fields *f, const char *key)
{
        json_t *value = take_required(f, key);

        if (value && !json_is_object(value)) {
                fail_key(f, key, "an object was expected");
                return NULL;
        }
        return value;
}

enum err json_fields_end(struct json_fields *f)
{
        const char *key;
        json_t *value;

        if (f->error != OK || f->n_taken == json_object_size(f->object))
                return f->error;
        json_object_foreach (f->object, key, value)
                if (!is_taken(f, key))
                        fail_key(f, key, "unknown key");
        return f->error;
}

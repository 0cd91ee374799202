#include "quorum/statement_take.h"
#include <string.h>

void payload_fail(struct json_fields *f, enum err e, const char *key, const char *what)
{
        if (f->error == OK)
                f->error = err_because(e, "`%s`: %s", key, what);
}

const char *payload_checked(struct json_fields *f, const char *key, const char *text, bool (*is_valid)(const char *))
{
        if (text && !is_valid(text))
                payload_fail(f, ERR_BAD_STATEMENT, key, "not a valid name");
        return text;
}

const char *payload_name(struct json_fields *f, const char *key)
{
        return payload_checked(f, key, json_take_text(f, key, 1, NAME_MAX_CHARS), name_is_valid);
}

const char *payload_label(struct json_fields *f, const char *key)
{
        return payload_checked(f, key, json_take_text(f, key, 1, NAME_MAX_CHARS), label_is_valid);
}

const char *payload_open_key(struct json_fields *f, const char *key)
{
        const char *text = json_take_text(f, key, 1, TEXT_MAX);
        struct key parsed;

        if (text && open_key_parse(span_text(text), &parsed) != OK)
                payload_fail(f, ERR_BAD_KEY, key, "not an opening key, or a weak one");
        return text;
}

unsigned payload_word(struct json_fields *f, const char *key, const char *const words[])
{
        const char *text = json_take_text(f, key, 1, TEXT_MAX);

        for (unsigned i = 0; text && words[i]; i++)
                if (strcmp(words[i], text) == 0)
                        return i;
        payload_fail(f, ERR_BAD_STATEMENT, key, "not one of its words");
        return 0;
}

bool payload_true(struct json_fields *f, const char *key)
{
        bool value = json_take_bool(f, key);

        if (!value)
                payload_fail(f, ERR_BAD_STATEMENT, key, "may only be true, or be left out");
        return value;
}

/* ---- lists of ids and labels ---- */

static int by_text(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, because 1000 items must not cost half a million comparisons. */
static void refuse_twice(struct json_fields *f, const char *key, const char *const text[], size_t n)
{
        CLEANUP_FREE const char **sorted = mem_new(n + 1, sizeof(*sorted));

        for (size_t i = 0; i < n; i++)
                sorted[i] = text[i];
        qsort(sorted, n, sizeof(*sorted), by_text);
        for (size_t i = 1; i < n; i++)
                if (strcmp(sorted[i - 1], sorted[i]) == 0)
                        payload_fail(f, ERR_BAD_STATEMENT, key, "the same twice");
}

const char **payload_texts(struct json_fields *f, const char *key, size_t min, size_t max, size_t *ret_n)
{
        json_t *list = json_take_list(f, key, min, JSON_LIST_MAX), *item;
        const char **text;
        size_t i, points;

        *ret_n = 0;
        if (!list)
                return NULL;
        text = mem_new(json_array_size(list) + 1, sizeof(*text));
        json_array_foreach (list, i, item) {
                if (!json_is_string(item) ||
                    !utf8_valid(span_of(json_string_value(item), json_string_length(item)), &points) || points < 1 ||
                    points > max)
                        payload_fail(f, ERR_BAD_STATEMENT, key, "a list of short texts was expected");
                else
                        text[i] = json_string_value(item);
        }
        if (f->error != OK) {
                free(text);
                return NULL;
        }
        *ret_n = json_array_size(list);
        refuse_twice(f, key, text, *ret_n);
        return text;
}

void payload_ids(struct json_fields *f, const char *key, struct hash_list *ret)
{
        size_t n;
        CLEANUP_FREE const char **text = payload_texts(f, key, 1, HASH_HEX, &n);

        ret->h = mem_new(n + 1, sizeof(*ret->h));
        ret->n = n;
        for (size_t i = 0; i < n; i++)
                if (hash_from_hex(span_text(text[i]), &ret->h[i]) != OK)
                        payload_fail(f, ERR_BAD_STATEMENT, key, "not an id");
}

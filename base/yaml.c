#include "base/yaml.h"
#include "base/clock.h"
#include <stdarg.h>
#include <string.h>

void yaml_tree_free(struct yaml_node *n)
{
        while (n) {
                struct yaml_node *next = n->next;

                yaml_tree_free(n->child); /* depth is bounded by the reader */
                free(n->text);
                free(n->key);
                free(n);
                n = next;
        }
}

struct yaml_node *yaml_get(struct yaml_node *map, const char *key)
{
        if (!map || map->kind != YAML_MAP)
                return NULL;
        for (struct yaml_node *c = map->child; c; c = c->next)
                if (strcmp(c->key, key) == 0) {
                        c->is_taken = true;
                        return c;
                }
        return NULL;
}

const struct yaml_node *yaml_untaken(const struct yaml_node *n)
{
        for (const struct yaml_node *c = n->child; c; c = c->next) {
                const struct yaml_node *below;

                if (n->kind == YAML_MAP && !c->is_taken)
                        return c;
                if ((below = yaml_untaken(c)))
                        return below;
        }
        return NULL;
}

enum err yaml_because(enum err e, const struct yaml_node *where, const char *format, ...)
{
        bool at_key = where->key && !where->is_taken;
        char what[512];
        va_list arguments;

        va_start(arguments, format);
        if (vsnprintf(what, sizeof(what), format, arguments) < 0)
                what[0] = '\0';
        va_end(arguments);
        return err_because(e, "line %u, column %u: %s", at_key ? where->key_line : where->line,
                           at_key ? where->key_column : where->column, what);
}

/* The text of a node, or NULL with the reason kept. */
static const char *text_of(const struct yaml_node *n, enum err e)
{
        if (!n)
                err_because(e, "a value that must be there is missing");
        else if (n->kind != YAML_TEXT)
                yaml_because(e, n, "a text was expected, not a %s", n->kind == YAML_MAP ? "map" : "list");
        return n ? n->text : NULL;
}

enum err yaml_text(const struct yaml_node *n, enum err e, size_t min, size_t max, const char **ret)
{
        const char *text = text_of(n, e);
        size_t points;

        if (!text)
                return e;
        if (!utf8_valid(span_text(text), &points))
                return yaml_because(e, n, "not UTF-8");
        if (points < min || points > max)
                return yaml_because(e, n, "%zu characters where %zu to %zu are allowed", points, min, max);
        *ret = text;
        return OK;
}

enum err yaml_bool(const struct yaml_node *n, enum err e, bool *ret)
{
        const char *text = text_of(n, e);

        if (!text)
                return e;
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
                return yaml_because(e, n, "true or false was expected");
        *ret = text[0] == 't';
        return OK;
}

/* Decimal digits without sign or leading zero. */
static bool parse_number(const char *text, int64_t *ret)
{
        int64_t number = 0;

        if (!*text || (text[0] == '0' && text[1]))
                return false;
        for (; *text; text++) {
                if (*text < '0' || *text > '9' || number > (INT64_MAX - 9) / 10)
                        return false;
                number = number * 10 + (*text - '0');
        }
        *ret = number;
        return true;
}

enum err yaml_int(const struct yaml_node *n, enum err e, int64_t min, int64_t max, int64_t *ret)
{
        const char *text = text_of(n, e);
        int64_t number;

        if (!text)
                return e;
        if (!parse_number(text, &number) || number < min || number > max)
                return yaml_because(e, n, "a whole number from %lld to %lld was expected", (long long)min,
                                    (long long)max);
        *ret = number;
        return OK;
}

enum err yaml_duration(const struct yaml_node *n, enum err e, int64_t *ret_ms)
{
        const char *text = text_of(n, e);
        int64_t ms;

        if (!text)
                return e;
        if (duration_parse(text, &ms) != OK)
                return yaml_because(e, n, "a duration such as 30m, 2h or 5d was expected");
        *ret_ms = ms;
        return OK;
}

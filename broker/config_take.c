#include "base/json.h"
#include "broker/config_read.h"

#define PATH_LENGTH_MAX 4096u

enum err config_take_text(struct yaml_node *map, const char *key, bool is_needed, char **ret)
{
        const struct yaml_node *n = yaml_get(map, key);
        const char *text;
        if (!n)
                return is_needed ? yaml_because(ERR_CONFIG, map, "`%s` is missing", key) : OK;
        enum err e = yaml_text(n, ERR_CONFIG, 1, PATH_LENGTH_MAX, &text);
        if (e == OK)
                *ret = mem_text(text);
        return e;
}

enum err config_take_path(struct yaml_node *map, const char *key, bool is_needed, char **ret)
{
        enum err e = config_take_text(map, key, is_needed, ret);
        if (e == OK && *ret && **ret != '/')
                return yaml_because(ERR_CONFIG, yaml_get(map, key), "`%s` must be an absolute path", key);
        return e;
}

enum err config_take_int(struct yaml_node *map, const char *key, int64_t min, int64_t max, int64_t *ret)
{
        const struct yaml_node *n = map ? yaml_get(map, key) : NULL;
        return n ? yaml_int(n, ERR_CONFIG, min, max, ret) : OK;
}

enum err config_take_duration(struct yaml_node *map, const char *key, int64_t *ret)
{
        const struct yaml_node *n = map ? yaml_get(map, key) : NULL;
        return n ? yaml_duration(n, ERR_CONFIG, ret) : OK;
}

enum err config_take_map(struct yaml_node *map, const char *key, bool is_needed, struct yaml_node **ret)
{
        *ret = yaml_get(map, key);
        if (!*ret)
                return is_needed ? yaml_because(ERR_CONFIG, map, "`%s` is missing", key) : OK;
        return (*ret)->kind == YAML_MAP ? OK : yaml_because(ERR_CONFIG, *ret, "`%s` must be a map", key);
}

static enum err write_json(struct yaml_node *n, struct bytes *ret)
{
        bool flag;
        int64_t number;
        n->is_taken = true;
        if (n->kind == YAML_TEXT) {
                if (!n->is_quoted && yaml_bool(n, ERR_CONFIG, &flag) == OK)
                        bytes_add_text(ret, flag ? "true" : "false");
                else if (!n->is_quoted && yaml_int(n, ERR_CONFIG, 0, JSON_INT_MAX, &number) == OK)
                        bytes_printf(ret, "%lld", (long long)number);
                else
                        bytes_add_json(ret, span_text(n->text));
                return OK;
        }
        bytes_add_byte(ret, n->kind == YAML_MAP ? '{' : '[');
        for (struct yaml_node *c = n->child; c; c = c->next) {
                if (c != n->child)
                        bytes_add_byte(ret, ',');
                if (n->kind == YAML_MAP) {
                        bytes_add_json(ret, span_text(c->key));
                        bytes_add_byte(ret, ':');
                }
                enum err e = write_json(c, ret);
                if (e != OK)
                        return e;
        }
        bytes_add_byte(ret, n->kind == YAML_MAP ? '}' : ']');
        return OK;
}

enum err config_take_json(struct yaml_node *map, const char *key, struct bytes *ret)
{
        struct yaml_node *free_map;
        enum err e = config_take_map(map, key, false, &free_map);
        if (e == OK && !free_map)
                bytes_add_text(ret, "{}");
        return e == OK && free_map ? write_json(free_map, ret) : e;
}

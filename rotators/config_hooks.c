/* The configuration's `hooks`: programs, the targets' admin access, and what new values look like. */
#include "base/file.h"
#include "base/yaml.h"
#include "rotators/config.h"
#include <string.h>

#define TEXT_MAX_CHARS   4096u
#define CONFIG_MAX_BYTES (256u * 1024u)

MUST_CHECK static enum err take_nested(struct yaml_node *n, json_t **ret);

/* Inside a map or a list, unquoted numbers and true or false are what they look like, as in a roster. */
MUST_CHECK static enum err take_scalar(struct yaml_node *n, json_t **ret)
{
        const char *text;
        int64_t number;
        enum err e = yaml_text(n, ERR_CONFIG, 0, TEXT_MAX_CHARS, &text);
        if (e != OK)
                return e;
        n->is_taken = true;
        if (!n->is_quoted && (!strcmp(text, "true") || !strcmp(text, "false")))
                *ret = json_boolean(text[0] == 't');
        else if (!n->is_quoted && yaml_int(n, ERR_RANGE, 0, JSON_INT_MAX, &number) == OK)
                *ret = json_integer(number);
        else
                *ret = json_string(text);
        return *ret ? OK : yaml_because(ERR_CONFIG, n, "not a text");
}

/* Depth is bounded by the reader. */
enum err take_nested(struct yaml_node *n, json_t **ret)
{
        if (n->kind == YAML_TEXT)
                return take_scalar(n, ret);
        *ret = n->kind == YAML_MAP ? json_object() : json_array();
        n->is_taken = true;
        for (struct yaml_node *c = n->child; c; c = c->next) {
                json_t *value = NULL;
                enum err e = take_nested(c, &value);
                if (e == OK && (n->kind == YAML_MAP ? json_object_set_new(*ret, c->key, value)
                                                    : json_array_append_new(*ret, value)) != 0)
                        e = ERR_CONFIG;
                if (e != OK)
                        return e;
        }
        return OK;
}

/* A map, as it stands: what the keys mean is the hook's business. At its top every scalar is a text. */
MUST_CHECK static enum err take_hook_config(struct yaml_node *map, json_t *ret)
{
        for (struct yaml_node *n = map ? map->child : NULL; n; n = n->next) {
                const char *text;
                json_t *value = NULL;
                enum err e = n->kind == YAML_TEXT ? yaml_text(n, ERR_CONFIG, 0, TEXT_MAX_CHARS, &text)
                                                  : take_nested(n, &value);
                if (e == OK && n->kind == YAML_TEXT)
                        value = json_string(text);
                n->is_taken = true;
                if (e == OK && json_object_set_new(ret, n->key, value) != 0)
                        e = yaml_because(ERR_CONFIG, n, "not a text");
                else if (e != OK)
                        json_decref(value);
                if (e != OK)
                        return e;
        }
        return OK;
}

/* ---- value: {kind, field, length, alphabet, forbidden, words} ---- */

MUST_CHECK static enum err take_own_text(struct yaml_node *map, const char *key, char **ret)
{
        const struct yaml_node *n = yaml_get(map, key);
        const char *text;
        enum err e = n ? yaml_text(n, ERR_CONFIG, 1, TEXT_MAX_CHARS, &text) : OK;
        if (e == OK && n)
                *ret = mem_text(text);
        return e;
}

MUST_CHECK static enum err take_count(struct yaml_node *map, const char *key, unsigned max, unsigned *ret)
{
        const struct yaml_node *n = yaml_get(map, key);
        int64_t number = 0;
        enum err e = n ? yaml_int(n, ERR_CONFIG, 1, max, &number) : OK;
        if (e == OK && n)
                *ret = (unsigned)number;
        return e;
}

MUST_CHECK static enum err take_kind(struct yaml_node *map, struct hook_entry *ret)
{
        const struct yaml_node *n = yaml_get(map, "kind");
        const char *word;
        if (!n)
                return OK;
        enum err e = yaml_text(n, ERR_CONFIG, 1, TEXT_MAX_CHARS, &word);
        if (e != OK)
                return e;
        ret->has_kind = true;
        /* What the target makes is the hook's to say. */
        return value_kind_from_word(word, &ret->rules.kind) && ret->rules.kind != VALUE_TARGET
                       ? OK
                       : yaml_because(ERR_CONFIG, n, "`kind` is characters, passphrase or ssh-ed25519");
}

MUST_CHECK static enum err take_value(struct yaml_node *map, struct hook_entry *ret)
{
        enum err e;
        if (!map)
                return OK;
        if (map->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, map, "`value` must be a map");
        if ((e = take_kind(map, ret)) != OK)
                return e;
        if ((e = take_own_text(map, "field", &ret->field)) != OK)
                return e;
        if ((e = take_own_text(map, "alphabet", &ret->alphabet)) != OK)
                return e;
        if ((e = take_own_text(map, "forbidden", &ret->forbidden)) != OK)
                return e;
        if ((e = take_count(map, "length", VALUE_LENGTH_MAX, &ret->rules.length)) != OK)
                return e;
        return take_count(map, "words", VALUE_WORDS_MAX, &ret->rules.words);
}

/* ---- all ---- */

MUST_CHECK static enum err take_hook(struct yaml_node *map, struct hook_entry *ret)
{
        enum err e;
        struct yaml_node *program = yaml_get(map, "program"), *config = yaml_get(map, "config");
        ret->name = map->key;
        ret->config = json_object();
        if (map->kind != YAML_MAP || !program)
                return yaml_because(ERR_CONFIG, map, "a hook is {program: /PATH, config: {…}, value: {…}}");
        if (config && config->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, config, "`config` must be a map");
        if ((e = yaml_text(program, ERR_CONFIG, 1, TEXT_MAX_CHARS, &ret->program)) != OK)
                return e;
        if ((e = take_value(yaml_get(map, "value"), ret)) != OK)
                return e;
        if ((e = file_check_program(ret->program)) != OK)
                return e;
        return take_hook_config(config, ret->config);
}

enum err config_take_hooks(struct yaml_node *map, struct config *ret)
{
        if (!map || map->kind != YAML_MAP || map->n == 0 || map->n > HOOKS_MAX)
                return err_because(ERR_CONFIG, "`hooks` must be a map of 1 to %u hooks", HOOKS_MAX);
        for (struct yaml_node *n = map->child; n; n = n->next) {
                n->is_taken = true;
                enum err e = take_hook(n, &ret->hooks[ret->n_hooks++]);
                if (e != OK)
                        return e;
        }
        return OK;
}

enum err config_read_hook(const char *path, json_t **ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct yaml_node *root = NULL;
        enum err e = OK;
        *ret = json_object();
        if (!path)
                return OK;
        if ((e = file_check_private(path)) != OK)
                return e;
        if ((e = file_read(path, CONFIG_MAX_BYTES, &text)) != OK)
                return e;
        if (yaml_read(bytes_span(&text), &root) != OK)
                return ERR_CONFIG; /* the reason names line and column */
        e = root->kind == YAML_MAP ? take_hook_config(root, *ret)
                                   : yaml_because(ERR_CONFIG, root, "a hook's configuration must be a map");
        yaml_free(root);
        return e;
}

void hook_entry_done(struct hook_entry *h)
{
        json_decref(h->config);
        free(h->field);
        free(h->alphabet);
        free(h->forbidden);
        for (size_t i = 0; i < h->n_open; i++)
                free(h->open_field[i]);
}

void config_hooks_done(struct config *c)
{
        for (size_t i = 0; i < c->n_hooks; i++)
                hook_entry_done(&c->hooks[i]);
}

struct hook_entry *config_hook(const struct config *c, const char *name)
{
        for (size_t i = 0; name && i < c->n_hooks; i++)
                if (!strcmp(c->hooks[i].name, name))
                        return (struct hook_entry *)&c->hooks[i];
        return NULL;
}

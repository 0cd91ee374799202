#include "rotators/config.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/yaml.h"
#include <string.h>

#define CONFIG_MAX_BYTES (256u * 1024u)
#define TEXT_MAX_CHARS   4096u

#define HOOK_TIMEOUT_MS  MINUTE_MS
#define BACKOFF_FIRST_MS (5 * SECOND_MS)
#define BACKOFF_MOST_MS  (15 * MINUTE_MS)

MUST_CHECK static enum err take_text(struct yaml_node *map, const char *key, bool is_needed, char **ret)
{
        struct yaml_node *n = yaml_get(map, key);
        const char *text;
        if (!n)
                return is_needed ? yaml_because(ERR_CONFIG, map, "`%s` is missing", key) : OK;
        enum err e = yaml_text(n, ERR_CONFIG, 1, TEXT_MAX_CHARS, &text);
        if (e == OK)
                *ret = mem_text(text);
        return e;
}

MUST_CHECK static enum err take_duration(struct yaml_node *map, const char *key, int64_t *ret_ms)
{
        struct yaml_node *n = yaml_get(map, key);
        return n ? yaml_duration(n, ERR_CONFIG, ret_ms) : OK;
}

/* A flat map of texts, as it stands: what the keys mean is the hook's business. */
MUST_CHECK static enum err take_hook_config(struct yaml_node *map, json_t *ret)
{
        for (struct yaml_node *n = map ? map->child : NULL; n; n = n->next) {
                const char *text;
                enum err e = yaml_text(n, ERR_CONFIG, 0, TEXT_MAX_CHARS, &text);
                if (e != OK)
                        return e;
                n->is_taken = true;
                if (json_object_set_new(ret, n->key, json_string(text)) != 0)
                        return yaml_because(ERR_CONFIG, n, "not a text");
        }
        return OK;
}

MUST_CHECK static enum err take_hook(struct yaml_node *map, struct hook_entry *ret)
{
        enum err e;
        struct yaml_node *program = yaml_get(map, "program"), *config = yaml_get(map, "config");
        ret->name = map->key;
        ret->config = json_object();
        if (map->kind != YAML_MAP || !program)
                return yaml_because(ERR_CONFIG, map, "a hook is {program: /PATH, config: {…}}");
        if (config && config->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, config, "`config` must be a map");
        if ((e = yaml_text(program, ERR_CONFIG, 1, TEXT_MAX_CHARS, &ret->program)) != OK)
                return e;
        if ((e = file_check_program(ret->program)) != OK)
                return e;
        return take_hook_config(config, ret->config);
}

MUST_CHECK static enum err take_hooks(struct yaml_node *map, struct config *ret)
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

MUST_CHECK static enum err take_times(struct yaml_node *root, struct config *ret)
{
        enum err e;
        struct yaml_node *backoff = yaml_get(root, "backoff");
        ret->hook_timeout_ms = HOOK_TIMEOUT_MS;
        ret->backoff_first_ms = BACKOFF_FIRST_MS;
        ret->backoff_most_ms = BACKOFF_MOST_MS;
        if ((e = take_duration(root, "hook_timeout", &ret->hook_timeout_ms)) != OK || !backoff)
                return e;
        if (backoff->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, backoff, "`backoff` is {first: 5s, most: 15m}");
        if ((e = take_duration(backoff, "first", &ret->backoff_first_ms)) != OK)
                return e;
        return take_duration(backoff, "most", &ret->backoff_most_ms);
}

MUST_CHECK static enum err take_brokers(struct yaml_node *list, struct config *ret)
{
        if (!list || list->kind != YAML_LIST || list->n == 0 || list->n > BROKERS_MAX)
                return err_because(ERR_CONFIG, "`brokers` must be a list of 1 to %u addresses", BROKERS_MAX);
        for (struct yaml_node *n = list->child; n; n = n->next) {
                enum err e = yaml_text(n, ERR_CONFIG, 1, TEXT_MAX_CHARS, &ret->brokers[ret->n_brokers]);
                if (e != OK)
                        return e;
                if (strpbrk(ret->brokers[ret->n_brokers++], ",#"))
                        return yaml_because(ERR_CONFIG, n, "one address each, without a pin");
                n->is_taken = true;
        }
        return OK;
}

MUST_CHECK static enum err take_genesis(struct yaml_node *root, struct config *ret)
{
        CLEANUP_FREE char *hex = NULL;
        enum err e = take_text(root, "genesis", true, &hex);
        if (e != OK)
                return e;
        return hash_from_hex(span_text(hex), &ret->genesis) == OK
                       ? OK
                       : yaml_because(ERR_CONFIG, root, "`genesis` is the first roster's SHA-256, 64 hex digits");
}

MUST_CHECK static enum err take_all(struct yaml_node *root, struct config *ret)
{
        enum err e;
        if (root->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, root, "the configuration must be a map");
        if ((e = take_brokers(yaml_get(root, "brokers"), ret)) != OK)
                return e;
        if ((e = take_genesis(root, ret)) != OK)
                return e;
        if ((e = take_text(root, "installation", false, &ret->installation)) != OK)
                return e;
        if ((e = take_text(root, "identity", true, &ret->identity)) != OK)
                return e;
        if ((e = take_text(root, "state", true, &ret->state)) != OK)
                return e;
        if ((e = take_times(root, ret)) != OK)
                return e;
        if ((e = take_hooks(yaml_get(root, "hooks"), ret)) != OK)
                return e;
        const struct yaml_node *unknown = yaml_untaken(root);
        if (unknown)
                return yaml_because(ERR_CONFIG, unknown, "unknown key `%s`", unknown->key ? unknown->key : "");
        if (ret->identity[0] != '/' || ret->state[0] != '/')
                return yaml_because(ERR_CONFIG, root, "`identity` and `state` must be absolute paths");
        return OK;
}

enum err config_read(const char *path, struct config *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct yaml_node *root = NULL;
        enum err e;
        *ret = (struct config){0};
        if ((e = file_check_private(path)) != OK)
                return e;
        if ((e = file_read(path, CONFIG_MAX_BYTES, &text)) != OK)
                return e;
        if (yaml_read(bytes_span(&text), &root) != OK)
                return ERR_CONFIG; /* the reason names line and column */
        ret->owned_ = root;
        if ((e = take_all(root, ret)) != OK)
                config_done(ret);
        return e;
}

void config_done(struct config *c)
{
        for (size_t i = 0; i < c->n_hooks; i++) {
                json_decref(c->hooks[i].config);
                free(c->hooks[i].field);
                free(c->hooks[i].alphabet);
                free(c->hooks[i].forbidden);
                for (size_t k = 0; k < c->hooks[i].n_open; k++)
                        free(c->hooks[i].open_field[k]);
        }
        free(c->installation);
        free(c->identity);
        free(c->state);
        yaml_free(c->owned_);
        *c = (struct config){0};
}

struct hook_entry *config_hook(const struct config *c, const char *name)
{
        for (size_t i = 0; name && i < c->n_hooks; i++)
                if (!strcmp(c->hooks[i].name, name))
                        return (struct hook_entry *)&c->hooks[i];
        return NULL;
}

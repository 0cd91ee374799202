#include "rotators/config.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/spawn.h"
#include "base/yaml.h"
#include <string.h>

#define CONFIG_MAX_BYTES (256u * 1024u)
#define TEXT_MAX_CHARS   4096u

#define HOOK_TIMEOUT_MS   MINUTE_MS
#define LEASE_MS          HOUR_MS
#define HOOKS_AT_ONCE     8u
#define HOOKS_PER_TARGET  4u
#define HOOKS_AT_ONCE_MAX 64
#define BACKOFF_FIRST_MS  (5 * SECOND_MS)
#define BACKOFF_MOST_MS   (15 * MINUTE_MS)

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

/* Whoever takes over after us must find no hook of ours still running. */
MUST_CHECK static enum err take_lease(struct yaml_node *root, struct config *ret)
{
        ret->lease_ms = LEASE_MS;
        enum err e = take_duration(root, "lease", &ret->lease_ms);
        if (e != OK)
                return e;
        ret->margin_ms = ret->hook_timeout_ms + SPAWN_GRACE_MS + SECOND_MS;
        if (ret->lease_ms < 2 * ret->margin_ms)
                return yaml_because(ERR_CONFIG, root, "`lease` must be at least twice (`hook_timeout` + 6 s)");
        return OK;
}

MUST_CHECK static enum err take_number(struct yaml_node *map, const char *key, unsigned *ret)
{
        const struct yaml_node *n = yaml_get(map, key);
        int64_t number = 0;
        enum err e = n ? yaml_int(n, ERR_CONFIG, 1, HOOKS_AT_ONCE_MAX, &number) : OK;
        if (e == OK && n)
                *ret = (unsigned)number;
        return e;
}

MUST_CHECK static enum err take_at_once(struct yaml_node *map, struct config *ret)
{
        enum err e;
        ret->hooks_at_once = HOOKS_AT_ONCE;
        ret->hooks_per_target = HOOKS_PER_TARGET;
        if (!map)
                return OK;
        if (map->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, map, "`at_once` is {total: 8, per_target: 4}");
        if ((e = take_number(map, "total", &ret->hooks_at_once)) != OK)
                return e;
        return take_number(map, "per_target", &ret->hooks_per_target);
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
        if ((e = take_lease(root, ret)) != OK)
                return e;
        if ((e = take_at_once(yaml_get(root, "at_once"), ret)) != OK)
                return e;
        if ((e = config_take_hooks(yaml_get(root, "hooks"), ret)) != OK)
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
        config_hooks_done(c);
        free(c->installation);
        free(c->identity);
        free(c->state);
        yaml_free(c->owned_);
        *c = (struct config){0};
}

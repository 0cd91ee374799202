/* Who is paged, and who may propose a close. */
#include "base/clock.h"
#include "broker/config_read.h"
#include <string.h>

static enum err read_events(struct yaml_node *map, struct config_channel *ch)
{
        struct yaml_node *list = yaml_get(map, "events");
        if (!list)
                return OK;
        if (list->kind != YAML_LIST || !list->n)
                return yaml_because(ERR_CONFIG, list, "`events` must be a list of event kinds");
        ch->events = mem_new(list->n, sizeof *ch->events);
        for (struct yaml_node *n = list->child; n; n = n->next) {
                const char *text;
                enum err e = yaml_text(n, ERR_CONFIG, 1, 32, &text);
                if (e != OK)
                        return e;
                n->is_taken = true;
                ch->events[ch->n_events++] = mem_text(text);
        }
        return OK;
}

static enum err read_channel(struct yaml_node *n, struct config_channel *ch)
{
        enum err e;
        if (n->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, n, "a channel is a map with `program`");
        n->is_taken = true;
        ch->name = mem_text(n->key);
        ch->timeout_ms = 30 * SECOND_MS;
        if ((e = config_take_path(n, "program", true, &ch->program)) != OK ||
            (e = config_take_duration(n, "timeout", &ch->timeout_ms)) != OK ||
            (e = config_take_int(n, "per_minute", 1, 100000, &ch->per_minute)) != OK ||
            (e = read_events(n, ch)) != OK)
                return e;
        return config_take_json(n, "config", &ch->config);
}

static bool is_channel_name(const char *s)
{
        size_t n = strlen(s);
        return n >= 1 && n <= 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

enum err config_read_channels(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        enum err e = config_take_map(root, "channels", false, &map);
        if (e != OK || !map)
                return e;
        for (struct yaml_node *n = map->child; n; n = n->next) {
                if (c->n_channels == CHANNELS_MAX)
                        return yaml_because(ERR_CONFIG, n, "more than %u channels", CHANNELS_MAX);
                if (!is_channel_name(n->key))
                        return yaml_because(ERR_CONFIG, n, "a channel's name is [a-z0-9_-]{1,64}");
                if ((e = read_channel(n, &c->channels[c->n_channels++])) != OK)
                        return e;
        }
        return OK;
}

static enum err read_webhook(struct yaml_node *n, struct config_webhook *hook)
{
        enum err e;
        if (n->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, n, "a webhook is a map with `secret_file`");
        n->is_taken = true;
        hook->name = mem_text(n->key);
        hook->grace_ms = 15 * MINUTE_MS;
        bool is_pagerduty = config_webhook_is_pagerduty(hook);
        if ((e = config_take_path(n, "secret_file", is_pagerduty, &hook->secret_file)) != OK ||
            (!is_pagerduty && (e = config_take_path(n, "public_key_file", false, &hook->public_key_file)) != OK) ||
            (e = config_take_duration(n, "grace", &hook->grace_ms)) != OK)
                return e;
        if (!hook->secret_file && !hook->public_key_file)
                return yaml_because(ERR_CONFIG, n, "name `secret_file`, `public_key_file` or both");
        return OK;
}

enum err config_read_webhooks(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        enum err e = config_take_map(root, "webhooks", false, &map);
        if (e != OK || !map)
                return e;
        for (struct yaml_node *n = map->child; n; n = n->next) {
                if (c->n_webhooks == WEBHOOKS_MAX)
                        return yaml_because(ERR_CONFIG, n, "more than %u webhooks", WEBHOOKS_MAX);
                if (!is_channel_name(n->key))
                        return yaml_because(ERR_CONFIG, n, "a webhook's name is [a-z0-9_-]{1,64}");
                if ((e = read_webhook(n, &c->webhooks[c->n_webhooks++])) != OK)
                        return e;
        }
        return OK;
}

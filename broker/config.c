#include "base/file.h"
#include "broker/config_read.h"
#include <string.h>

static enum err read_all(struct yaml_node *root, struct config *c)
{
        enum err e;
        if (root->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, root, "the configuration is a map");
        root->is_taken = true;
        c->unix_mode = 0660;
        if ((e = config_take_path(root, "state", true, &c->state)) != OK || (e = config_read_listen(root, c)) != OK ||
            (e = config_read_keys(root, c)) != OK || (e = config_read_limits(root, c)) != OK ||
            (e = config_read_channels(root, c)) != OK || (e = config_read_webhooks(root, c)) != OK ||
            (e = config_read_exports(root, c)) != OK ||
            (e = config_take_duration(root, "heartbeat", &c->heartbeat_ms)) != OK)
                return e;
        const struct yaml_node *unknown = yaml_untaken(root);
        return unknown ? yaml_because(ERR_CONFIG, unknown, "unknown key `%s`", unknown->key ? unknown->key : "") : OK;
}

enum err config_parse(struct span yaml, struct config **ret)
{
        struct yaml_node *root = NULL;
        if (yaml_read(yaml, &root) != OK)
                return ERR_CONFIG; /* the reason stays */
        struct config *c = mem_new(1, sizeof *c);
        c->refs = 1;
        enum err e = read_all(root, c);
        yaml_free(root);
        if (e != OK) {
                config_drop(c);
                return ERR_CONFIG;
        }
        *ret = c;
        return OK;
}

enum err config_read(const char *path, struct config **ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = file_read(path, CONFIG_MAX_BYTES, &text);
        return e == OK ? config_parse(bytes_span(&text), ret) : e;
}

static void channel_done(struct config_channel *ch)
{
        free(ch->name);
        free(ch->program);
        bytes_done(&ch->config);
        for (size_t i = 0; i < ch->n_events; i++)
                free(ch->events[i]);
        free(ch->events);
}

static void webhook_done(struct config_webhook *hook)
{
        free(hook->name);
        free(hook->secret_file);
        free(hook->public_key_file);
}

struct config *config_keep(struct config *c)
{
        atomic_fetch_add(&c->refs, 1);
        return c;
}

void config_drop(struct config *c)
{
        if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
                return;
        for (size_t i = 0; i < c->n_channels; i++)
                channel_done(&c->channels[i]);
        for (size_t i = 0; i < c->n_webhooks; i++)
                webhook_done(&c->webhooks[i]);
        char *texts[] = {c->state,   c->unix_path, c->tls_address,   c->admin,          c->sign_key,
                         c->tls_key, c->tls_cert,  c->sign_next_key, c->exports.folder, c->exports.program};
        for (size_t i = 0; i < COUNT_OF(texts); i++)
                free(texts[i]);
        bytes_done(&c->exports.config);
        free(c);
}

const struct config_channel *config_channel(const struct config *c, const char *name)
{
        for (size_t i = 0; i < c->n_channels; i++)
                if (!strcmp(c->channels[i].name, name))
                        return &c->channels[i];
        return NULL;
}

const struct config_webhook *config_webhook(const struct config *c, const char *name)
{
        for (size_t i = 0; i < c->n_webhooks; i++)
                if (!strcmp(c->webhooks[i].name, name))
                        return &c->webhooks[i];
        return NULL;
}

bool config_webhook_is_pagerduty(const struct config_webhook *hook)
{
        return !strcmp(hook->name, "pagerduty");
}

bool config_channel_wants(const struct config_channel *ch, const char *kind)
{
        for (size_t i = 0; i < ch->n_events; i++)
                if (!strcmp(ch->events[i], kind))
                        return true;
        return ch->n_events == 0;
}

enum err config_check_programs(const struct config *c)
{
        for (size_t i = 0; i < c->n_channels; i++) {
                enum err e = file_check_program(c->channels[i].program);
                if (e != OK)
                        return e;
        }
        return OK;
}

static bool same(const char *a, const char *b)
{
        return a && b ? !strcmp(a, b) : a == b;
}

const char *config_needs_restart(const struct config *old, const struct config *fresh)
{
        if (!same(old->state, fresh->state))
                return "state";
        if (!same(old->unix_path, fresh->unix_path) || old->unix_mode != fresh->unix_mode ||
            !same(old->tls_address, fresh->tls_address) || !same(old->admin, fresh->admin))
                return "listen";
        if (!same(old->sign_key, fresh->sign_key) || !same(old->sign_next_key, fresh->sign_next_key) ||
            !same(old->tls_key, fresh->tls_key) || !same(old->tls_cert, fresh->tls_cert))
                return "keys";
        if (old->limits.connections != fresh->limits.connections || old->limits.threads != fresh->limits.threads)
                return "limits: connections and threads";
        return NULL;
}

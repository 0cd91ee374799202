#include "broker/config.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/yaml.h"
#include <arpa/inet.h>
#include <string.h>

#define PATH_LENGTH_MAX 4096u

static const struct config_limits default_limits = {
        .connections = 512,
        .connections_per_caller = 128,
        .body_bytes = 2 * 1024 * 1024,
        .request_deadline_ms = 15 * SECOND_MS,
        .answer_deadline_ms = 60 * SECOND_MS,
        .open_requests = 5,
        .requests_per_hour = 30,
        .statements_per_minute = 120,
        .rotator_statements_per_minute = 60000,
        .sessions_per_minute = 60,
        .failures_per_minute = 60,
        .long_polls = 8,
        .threads = 2,
};

static enum err take_text(struct yaml_node *map, const char *key, bool is_needed, char **ret)
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

static enum err take_path(struct yaml_node *map, const char *key, bool is_needed, char **ret)
{
        enum err e = take_text(map, key, is_needed, ret);
        if (e == OK && *ret && **ret != '/')
                return yaml_because(ERR_CONFIG, yaml_get(map, key), "`%s` must be an absolute path", key);
        return e;
}

static enum err take_int(struct yaml_node *map, const char *key, int64_t min, int64_t max, int64_t *ret)
{
        const struct yaml_node *n = map ? yaml_get(map, key) : NULL;
        return n ? yaml_int(n, ERR_CONFIG, min, max, ret) : OK;
}

static enum err take_duration(struct yaml_node *map, const char *key, int64_t *ret)
{
        const struct yaml_node *n = map ? yaml_get(map, key) : NULL;
        return n ? yaml_duration(n, ERR_CONFIG, ret) : OK;
}

static enum err take_map(struct yaml_node *map, const char *key, bool is_needed, struct yaml_node **ret)
{
        *ret = yaml_get(map, key);
        if (!*ret)
                return is_needed ? yaml_because(ERR_CONFIG, map, "`%s` is missing", key) : OK;
        return (*ret)->kind == YAML_MAP ? OK : yaml_because(ERR_CONFIG, *ret, "`%s` must be a map", key);
}

enum err config_address(const char *text, char ret_host[64], unsigned *ret_port)
{
        const char *colon = strrchr(text, ':');
        if (!colon || colon == text || !colon[1] || strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
            strlen(colon + 1) > 5 || atoi(colon + 1) > 65535)
                return err_because(ERR_CONFIG, "an address is HOST:PORT with a numeric host");
        const char *host = text;
        size_t n = (size_t)(colon - text);
        if (*text == '[' && colon[-1] == ']') {
                host++;
                n -= 2;
        }
        unsigned char raw[16];
        if (n >= 64)
                return err_because(ERR_CONFIG, "the host is too long");
        memcpy(ret_host, host, n);
        ret_host[n] = 0;
        if (inet_pton(AF_INET, ret_host, raw) != 1 && inet_pton(AF_INET6, ret_host, raw) != 1)
                return err_because(ERR_CONFIG, "the host must be a numeric address");
        *ret_port = (unsigned)atoi(colon + 1);
        return OK;
}

static enum err check_address(const struct yaml_node *n, const char *text)
{
        char host[64];
        unsigned port;
        enum err e = config_address(text, host, &port);
        if (e == OK)
                return OK;
        char why[128];
        snprintf(why, sizeof why, "%s", err_reason());
        return yaml_because(e, n, "%s", why);
}

static enum err take_mode(struct yaml_node *map, unsigned *ret)
{
        CLEANUP_FREE char *text = NULL;
        enum err e = take_text(map, "unix_mode", false, &text);
        if (e != OK || !text)
                return e;
        if (strlen(text) != 4 || text[0] != '0' || strspn(text, "01234567") != 4)
                return yaml_because(ERR_CONFIG, yaml_get(map, "unix_mode"), "a mode is four octal digits: \"0660\"");
        *ret = (unsigned)strtoul(text, NULL, 8);
        return OK;
}

static enum err read_listen(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        enum err e;
        if ((e = take_map(root, "listen", true, &map)) != OK ||
            (e = take_path(map, "unix", false, &c->unix_path)) != OK || (e = take_mode(map, &c->unix_mode)) != OK ||
            (e = take_text(map, "tls", false, &c->tls_address)) != OK ||
            (e = take_text(root, "admin", false, &c->admin)) != OK)
                return e;
        if (!c->unix_path && !c->tls_address)
                return yaml_because(ERR_CONFIG, map, "name `unix`, `tls` or both");
        if (c->unix_path && strlen(c->unix_path) > 107)
                return yaml_because(ERR_CONFIG, map, "a unix socket's path has at most 107 bytes");
        if (c->tls_address && (e = check_address(yaml_get(map, "tls"), c->tls_address)) != OK)
                return e;
        if (c->admin && !strncmp(c->admin, "unix:/", 6))
                memmove(c->admin, c->admin + 5, strlen(c->admin) - 4);
        if (!c->admin || *c->admin == '/')
                return OK;
        if (strncmp(c->admin, "127.", 4) && strncmp(c->admin, "[::1]:", 6))
                return yaml_because(ERR_CONFIG, yaml_get(root, "admin"),
                                    "the admin listener is a unix path or a loopback address");
        return check_address(yaml_get(root, "admin"), c->admin);
}

static enum err read_keys(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        enum err e;
        if ((e = take_map(root, "keys", true, &map)) != OK ||
            (e = take_path(map, "sign", true, &c->sign_key)) != OK ||
            (e = take_path(map, "sign_next", false, &c->sign_next_key)) != OK ||
            (e = take_path(map, "tls_key", false, &c->tls_key)) != OK ||
            (e = take_path(map, "tls_cert", false, &c->tls_cert)) != OK)
                return e;
        if (c->tls_address && (!c->tls_key || !c->tls_cert))
                return yaml_because(ERR_CONFIG, map, "`listen: tls` wants `tls_key` and `tls_cert`");
        return OK;
}

static enum err read_limits(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        struct config_limits *l = &c->limits;
        enum err e = take_map(root, "limits", false, &map);
        *l = default_limits;
        if (e != OK || !map)
                return e;
        struct {
                const char *key;
                int64_t min, max, *to;
        } numbers[] = {
                {"connections", 8, 16384, &l->connections},
                {"connections_per_caller", 1, 16384, &l->connections_per_caller},
                {"body", 65536, 2 * 1024 * 1024, &l->body_bytes},
                {"open_requests", 1, 1000, &l->open_requests},
                {"requests_per_hour", 1, 1000000, &l->requests_per_hour},
                {"statements_per_minute", 1, 10000000, &l->statements_per_minute},
                {"rotator_statements_per_minute", 1, 10000000, &l->rotator_statements_per_minute},
                {"sessions_per_minute", 1, 1000000, &l->sessions_per_minute},
                {"failures_per_minute", 1, 1000000, &l->failures_per_minute},
                {"long_polls", 1, 1000, &l->long_polls},
                {"threads", 1, 64, &l->threads},
        };
        for (size_t i = 0; i < COUNT_OF(numbers) && e == OK; i++)
                e = take_int(map, numbers[i].key, numbers[i].min, numbers[i].max, numbers[i].to);
        if (e == OK)
                e = take_duration(map, "request_deadline", &l->request_deadline_ms);
        return e == OK ? take_duration(map, "answer_deadline", &l->answer_deadline_ms) : e;
}

/* The free map of a notifier, as the JSON that it gets: plain true/false and integers keep their kind. */
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
        if ((e = take_path(n, "program", true, &ch->program)) != OK ||
            (e = take_duration(n, "timeout", &ch->timeout_ms)) != OK ||
            (e = take_int(n, "per_minute", 1, 100000, &ch->per_minute)) != OK || (e = read_events(n, ch)) != OK)
                return e;
        struct yaml_node *map;
        if ((e = take_map(n, "config", false, &map)) != OK)
                return e;
        if (!map)
                bytes_add_text(&ch->config, "{}");
        return map ? write_json(map, &ch->config) : OK;
}

static bool is_channel_name(const char *s)
{
        size_t n = strlen(s);
        return n >= 1 && n <= 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

static enum err read_channels(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        enum err e = take_map(root, "channels", false, &map);
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
        if ((e = take_path(n, "secret_file", is_pagerduty, &hook->secret_file)) != OK ||
            (!is_pagerduty && (e = take_path(n, "public_key_file", false, &hook->public_key_file)) != OK) ||
            (e = take_duration(n, "grace", &hook->grace_ms)) != OK)
                return e;
        if (!hook->secret_file && !hook->public_key_file)
                return yaml_because(ERR_CONFIG, n, "name `secret_file`, `public_key_file` or both");
        return OK;
}

static enum err read_webhooks(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        enum err e = take_map(root, "webhooks", false, &map);
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

static enum err read_all(struct yaml_node *root, struct config *c)
{
        enum err e;
        if (root->kind != YAML_MAP)
                return yaml_because(ERR_CONFIG, root, "the configuration is a map");
        root->is_taken = true;
        c->unix_mode = 0660;
        if ((e = take_path(root, "state", true, &c->state)) != OK || (e = read_listen(root, c)) != OK ||
            (e = read_keys(root, c)) != OK || (e = read_limits(root, c)) != OK ||
            (e = read_channels(root, c)) != OK || (e = read_webhooks(root, c)) != OK ||
            (e = take_duration(root, "heartbeat", &c->heartbeat_ms)) != OK)
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
        char *texts[] = {c->state,    c->unix_path, c->tls_address, c->admin,
                         c->sign_key, c->tls_key,   c->tls_cert,    c->sign_next_key};
        for (size_t i = 0; i < COUNT_OF(texts); i++)
                free(texts[i]);
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

/* Where the broker listens, with which keys, and how much of each it takes. */
#include "base/clock.h"
#include "broker/config_read.h"
#include <arpa/inet.h>
#include <string.h>

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
        enum err e = config_take_text(map, "unix_mode", false, &text);
        if (e != OK || !text)
                return e;
        if (strlen(text) != 4 || text[0] != '0' || strspn(text, "01234567") != 4)
                return yaml_because(ERR_CONFIG, yaml_get(map, "unix_mode"), "a mode is four octal digits: \"0660\"");
        *ret = (unsigned)strtoul(text, NULL, 8);
        return OK;
}

enum err config_read_listen(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        enum err e;
        if ((e = config_take_map(root, "listen", true, &map)) != OK ||
            (e = config_take_path(map, "unix", false, &c->unix_path)) != OK ||
            (e = take_mode(map, &c->unix_mode)) != OK ||
            (e = config_take_text(map, "tls", false, &c->tls_address)) != OK ||
            (e = config_take_text(root, "admin", false, &c->admin)) != OK)
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

enum err config_read_keys(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        enum err e;
        if ((e = config_take_map(root, "keys", true, &map)) != OK ||
            (e = config_take_path(map, "sign", true, &c->sign_key)) != OK ||
            (e = config_take_path(map, "sign_next", false, &c->sign_next_key)) != OK ||
            (e = config_take_path(map, "tls_key", false, &c->tls_key)) != OK ||
            (e = config_take_path(map, "tls_cert", false, &c->tls_cert)) != OK)
                return e;
        if (c->tls_address && (!c->tls_key || !c->tls_cert))
                return yaml_because(ERR_CONFIG, map, "`listen: tls` wants `tls_key` and `tls_cert`");
        return OK;
}

enum err config_read_limits(struct yaml_node *root, struct config *c)
{
        struct yaml_node *map;
        struct config_limits *l = &c->limits;
        enum err e = config_take_map(root, "limits", false, &map);
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
                e = config_take_int(map, numbers[i].key, numbers[i].min, numbers[i].max, numbers[i].to);
        if (e == OK)
                e = config_take_duration(map, "request_deadline", &l->request_deadline_ms);
        return e == OK ? config_take_duration(map, "answer_deadline", &l->answer_deadline_ms) : e;
}

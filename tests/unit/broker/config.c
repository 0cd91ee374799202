#include "broker/config.h"
#include "base/clock.h"
#include <criterion/criterion.h>
#include <string.h>

#define HEAD "state: /s\nlisten: {unix: /run/a.sock}\nkeys: {sign: /k}\n"

static struct config *parse(const char *yaml)
{
        struct config *c = NULL;
        cr_assert_eq(config_parse(span_text(yaml), &c), OK, "%s", err_reason());
        return c;
}

Test(config, what_is_not_said_has_a_sensible_default)
{
        struct config *c = parse(HEAD);
        cr_expect_eq(c->unix_mode, 0660u);
        cr_expect_eq(c->limits.body_bytes, 2 * 1024 * 1024);
        cr_expect_eq(c->limits.request_deadline_ms, 15 * SECOND_MS);
        cr_expect_eq(c->limits.open_requests, 5);
        cr_expect_eq(c->n_webhooks, 0);
        cr_expect_eq(c->n_channels, 0u);
        config_drop(c);
}

Test(config, a_channels_map_reaches_its_notifier_as_json)
{
        struct config *c = parse(HEAD "channels:\n  ops:\n    program: /bin/n\n    timeout: 5s\n    per_minute: 6\n"
                                      "    events: [opened, ready]\n"
                                      "    config: {a: true, b: 3, c: \"4\", d: [x, {e: f}], g: 03}\n");
        const struct config_channel *ch = config_channel(c, "ops");
        cr_assert_not_null(ch);
        cr_expect_str_eq(bytes_text(&ch->config),
                         "{\"a\":true,\"b\":3,\"c\":\"4\",\"d\":[\"x\",{\"e\":\"f\"}],\"g\":\"03\"}");
        cr_expect_eq(ch->timeout_ms, 5 * SECOND_MS);
        cr_expect(config_channel_wants(ch, "opened") && !config_channel_wants(ch, "closed"));
        cr_expect_null(config_channel(c, "other"));
        config_drop(c);
}

Test(config, exports_are_made_only_where_they_are_wanted)
{
        struct config *c = parse(HEAD);
        cr_expect_eq(c->exports.every_ms, 0);
        config_drop(c);
        c = parse(HEAD "exports: {every: 1h, folder: /b}\n");
        cr_expect_eq(c->exports.every_ms, HOUR_MS);
        cr_expect_eq(c->exports.keep, 24);
        cr_expect_str_eq(c->exports.folder, "/b");
        cr_expect_null(c->exports.program);
        config_drop(c);
        c = parse(HEAD "exports: {every: 1h, folder: /b, keep: 3, program: /p, config: {bucket: b}, timeout: 1m}\n");
        cr_expect_str_eq(c->exports.program, "/p");
        cr_expect_str_eq(bytes_text(&c->exports.config), "{\"bucket\":\"b\"}");
        cr_expect_eq(c->exports.timeout_ms, MINUTE_MS);
        config_drop(c);
}

Test(config, every_mistake_is_refused_with_its_place)
{
        static const struct {
                const char *yaml, *says;
        } rows[] = {
                {"", ""},
                {"state: /s\n", "`listen` is missing"},
                {"state: s\nlisten: {unix: /a}\nkeys: {sign: /k}\n", "line 1, column 8"},
                {"state: /s\nlisten: {}\nkeys: {sign: /k}\n", "`unix`, `tls` or both"},
                {"state: /s\nlisten: {unix: /a}\n", "`keys` is missing"},
                {"state: /s\nlisten: {tls: '127.0.0.1:1'}\nkeys: {sign: /k}\n", "`tls_key`"},
                {"state: /s\nlisten: {tls: 'localhost:1'}\nkeys: {sign: /k, tls_key: /a, tls_cert: /b}\n", "numeric"},
                {"state: /s\nlisten: {tls: '1.2.3.4:99999'}\nkeys: {sign: /k, tls_key: /a, tls_cert: /b}\n",
                 "HOST:PORT"},
                {HEAD "nonsense: 1\n", "unknown key `nonsense`"},
                {HEAD "limits: {open_requests: 5, sixth: 1}\n", "unknown key `sixth`"},
                {HEAD "limits: {open_requests: 0}\n", "line 4"},
                {HEAD "limits: {body: 99999999}\n", "line 4"},
                {HEAD "limits: {request_deadline: soon}\n", "line 4"},
                {HEAD "admin: 0.0.0.0:80\n", "loopback"},
                {HEAD "channels: {ops: {program: notifier}}\n", "absolute"},
                {HEAD "channels: {ops: {}}\n", "`program` is missing"},
                {HEAD "channels: {Ops: {program: /n}}\n", "[a-z0-9_-]"},
                {HEAD "channels: {ops: {program: /n, secret: x}}\n", "unknown key `secret`"},
                {HEAD "webhooks: {pagerduty: {secret: x}}\n", "`secret_file` is missing"},
                {HEAD "webhooks: {pagerduty: {secret_file: /s, public_key_file: /p}}\n",
                 "unknown key `public_key_file`"},
                {HEAD "webhooks: {ours: {grace: 1m}}\n", "name `secret_file`, `public_key_file` or both"},
                {HEAD "webhooks: {Ours: {secret_file: /s}}\n", "a webhook's name"},
                {HEAD "webhooks: {ours: /s}\n", "a webhook is a map"},
                {HEAD "exports: {folder: /x}\n", "`every` is missing"},
                {HEAD "exports: {every: 1h}\n", "`folder` is missing"},
                {HEAD "exports: {every: 1h, folder: x}\n", "line 4, column 30"},
                {HEAD "exports: {every: 1h, folder: /x, keep: 0}\n", "line 4"},
                {HEAD "exports: {every: soon, folder: /x}\n", "line 4"},
                {HEAD "exports: {every: 1h, folder: /x, program: p}\n", "absolute"},
                {HEAD "exports: {every: 1h, folder: /x, config: {a: b}}\n", "`config` is for a `program`"},
                {HEAD "exports: {every: 1h, folder: /x, timeout: 1m}\n", "`timeout` is for a `program`"},
                {HEAD "exports: {every: 1h, folder: /x, to: /y}\n", "unknown key `to`"},
                {HEAD "exports: /x\n", "must be a map"},
                {HEAD "state: /t\n", "line 4"},
                {"state: /s\nlisten: {unix: /a, unix_mode: 660}\nkeys: {sign: /k}\n", "octal"},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct config *c = NULL;
                cr_expect_eq(config_parse(span_text(rows[i].yaml), &c), ERR_CONFIG, "row %zu", i);
                cr_expect(strstr(err_reason(), rows[i].says), "row %zu says: %s", i, err_reason());
                cr_expect_null(c);
        }
}

Test(config, only_what_can_change_at_once_changes_without_a_restart)
{
        struct config *a = parse(HEAD);
        struct config *limits = parse(HEAD "limits: {open_requests: 9}\nchannels: {ops: {program: /n}}\n");
        struct config *keys = parse("state: /s\nlisten: {unix: /run/a.sock}\nkeys: {sign: /other}\n");
        struct config *listen = parse("state: /s\nlisten: {unix: /run/b.sock}\nkeys: {sign: /k}\n");
        cr_expect_null(config_needs_restart(a, limits));
        cr_expect_str_eq(config_needs_restart(a, keys), "keys");
        cr_expect_str_eq(config_needs_restart(a, listen), "listen");
        config_drop(a);
        config_drop(limits);
        config_drop(keys);
        config_drop(listen);
}

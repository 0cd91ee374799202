#include "rotators/config.h"
#include "base/file.h"
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#define PIN  "genesis: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define REST "identity: /etc/id\nstate: /var/lib/x\n"
#define HEAD "brokers: ['unix:/run/b.sock', 'https://b2:7000']\n" PIN REST
#define HOOK "hooks: {pg: {program: /bin/true, config: {host: db1, port: 5432, admin_user: ''}}}\n"

static enum err read_text(const char *text, mode_t mode, struct config *ret)
{
        char path[] = "/tmp/breakglass-rotator-XXXXXX";
        int fd = mkstemp(path);
        cr_assert_geq(fd, 0);
        cr_assert_eq(fd_write_all(fd, text, strlen(text)), OK);
        cr_assert_eq(fchmod(fd, mode), 0);
        close(fd);
        enum err e = config_read(path, ret);
        unlink(path);
        return e;
}

Test(config, a_good_one_is_read_whole)
{
        struct config c;
        cr_assert_eq(read_text(HEAD HOOK "hook_timeout: 2m\nbackoff: {first: 1s, most: 1m}\ninstallation: acme\n",
                               0600, &c),
                     OK, "%s", err_reason());
        cr_expect_eq(c.n_brokers, 2);
        cr_expect_str_eq(c.brokers[1], "https://b2:7000");
        cr_expect_eq(c.genesis.b[1], 0x11);
        cr_expect_str_eq(c.identity, "/etc/id");
        cr_expect_str_eq(c.installation, "acme");
        cr_expect_eq(c.hook_timeout_ms, 120000);
        cr_expect_eq(c.backoff_first_ms, 1000);
        cr_expect_eq(c.backoff_most_ms, 60000);
        cr_expect_eq(c.lease_ms, 3600000);
        cr_expect_eq(c.margin_ms, 126000, "a hook of two minutes, its end, and some");
        cr_expect_eq(c.hooks_at_once, 8);
        cr_expect_eq(c.hooks_per_target, 4);
        struct hook_entry *h = config_hook(&c, "pg");
        cr_assert_not_null(h);
        cr_expect_str_eq(json_string_value(json_object_get(h->config, "port")), "5432");
        cr_expect_null(config_hook(&c, "other"));
        cr_expect_null(config_hook(&c, NULL));
        config_done(&c);
}

Test(config, a_hooks_maps_and_lists_are_handed_on)
{
        struct config c;
        cr_assert_eq(read_text(HEAD "hooks: {web: {program: /bin/true, config: {port: 1, probe: {dead: [401, '403'], "
                                    "path: /v1, on: true, off: 'true'}}}}\n",
                               0600, &c),
                     OK, "%s", err_reason());
        char *seen = json_dumps(config_hook(&c, "web")->config, JSON_COMPACT | JSON_SORT_KEYS);
        cr_expect_str_eq(seen, "{\"port\":\"1\",\"probe\":{\"dead\":[401,\"403\"],\"off\":\"true\",\"on\":true,"
                               "\"path\":\"/v1\"}}");
        free(seen);
        config_done(&c);
}

Test(config, a_bad_one_is_refused_with_its_place)
{
        static const char *const bad[] = {
                "",
                HEAD,
                HEAD "hooks: {}\n",
                HEAD "hooks: {pg: {config: {}}}\n",
                HEAD "hooks: {pg: /bin/true}\n",
                HEAD "hooks: {pg: {program: /bin/true, config: [1]}}\n",
                HEAD HOOK "surprise: 1\n",
                HEAD "hooks: {pg: {program: /bin/true, surprise: 1}}\n",
                PIN REST HOOK,
                "brokers: []\n" PIN REST HOOK,
                "brokers: ['unix:/a#00']\n" PIN REST HOOK,
                "brokers: ['unix:/a']\n" REST HOOK,
                "brokers: ['unix:/a']\ngenesis: 00\n" REST HOOK,
                "brokers: ['unix:/a']\n" PIN "identity: id\nstate: /s\n" HOOK,
                HEAD HOOK "hook_timeout: soon\n",
                HEAD HOOK "backoff: 5s\n",
                HEAD HOOK "at_once: 5\n",
                HEAD HOOK "at_once: {total: 0}\n",
                HEAD HOOK "at_once: {total: 65}\n",
                HEAD HOOK "at_once: {all: 5}\n",
                HEAD HOOK "hook_timeout: 20s\nlease: 51s\n", /* another one could begin while our hook still runs */
                HEAD "hooks: {pg: {program: /bin/true, value: {kind: rsa}}}\n",
                HEAD "hooks: {pg: {program: /bin/true, value: {kind: target}}}\n",
                HEAD "hooks: {pg: {program: /bin/true, value: {length: 0}}}\n",
                HEAD "hooks: {pg: {program: /bin/true, value: {words: 65}}}\n",
                HEAD "hooks: {pg: {program: /bin/true, value: {surprise: 1}}}\n",
                HEAD "hooks: {pg: {program: /bin/true, value: [1]}}\n",
        };
        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                struct config c;
                cr_expect_eq(read_text(bad[i], 0600, &c), ERR_CONFIG, "row %zu", i);
        }
}

Test(config, a_program_or_file_that_others_may_change_is_refused)
{
        struct config c;
        cr_expect_eq(read_text(HEAD HOOK, 0644, &c), ERR_UNSAFE_FILE);
        cr_expect_eq(read_text(HEAD "hooks: {pg: {program: bin/true}}\n", 0600, &c), ERR_UNSAFE_PROGRAM);
        cr_expect_eq(read_text(HEAD "hooks: {pg: {program: /etc/passwd}}\n", 0600, &c), ERR_UNSAFE_PROGRAM);
        cr_expect_eq(read_text(HEAD "hooks: {pg: {program: /nowhere/at/all}}\n", 0600, &c), ERR_NO_ENTRY);
}

Test(config, what_new_values_look_like_and_how_many_at_once)
{
        struct config c;
        cr_assert_eq(read_text(HEAD
                               "hooks: {pg: {program: /bin/true, value: {kind: passphrase, words: 6, field: pass, "
                               "forbidden: 'xyz'}}}\nat_once: {total: 20, per_target: 3}\nhook_timeout: 20s\n"
                               "lease: 60s\n",
                               0600, &c),
                     OK, "%s", err_reason());
        cr_expect_eq(c.hooks_at_once, 20);
        cr_expect_eq(c.hooks_per_target, 3);
        cr_expect_eq(c.lease_ms, 60000);
        const struct hook_entry *h = config_hook(&c, "pg");
        cr_expect(h->has_kind);
        cr_expect_eq(h->rules.kind, VALUE_PASSPHRASE);
        cr_expect_eq(h->rules.words, 6);
        cr_expect_str_eq(h->field, "pass");
        cr_expect_str_eq(h->forbidden, "xyz");
        config_done(&c);
}

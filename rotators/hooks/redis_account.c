#include "rotators/hooks/redis_account.h"
#include "base/clock.h"
#include <string.h>

#define STEP_TIMEOUT_MS (30 * SECOND_MS)

/* ---- configuration ---- */

static bool is_near(const struct redis_account *r)
{
        static const char *const loopback[] = {"127.0.0.1", "::1", "localhost"};
        for (size_t i = 0; i < COUNT_OF(loopback); i++)
                if (span_is(bytes_span(&r->host), loopback[i]))
                        return true;
        return r->socket.n > 0;
}

/* Over a network TLS is a must, unless that network is said to be private. */
MUST_CHECK static enum err read_way(const struct hook_input *in, struct redis_account *ret)
{
        bool may_be_plain = false;
        enum err e = hook_config_yes(in, "plaintext_network", false, &may_be_plain);
        if (e != OK)
                return e;
        if ((e = hook_config_yes(in, "tls", !is_near(ret) && !may_be_plain, &ret->uses_tls)) != OK)
                return e;
        if (ret->uses_tls && ret->socket.n > 0)
                return err_because(ERR_CONFIG, "config: `tls` has no meaning on a `socket`");
        if (!ret->uses_tls && !is_near(ret) && !may_be_plain)
                return err_because(ERR_CONFIG, "config: `tls: no`: passwords would cross the network in the clear "
                                               "(`plaintext_network: yes` where the network itself is private)");
        return OK;
}

enum err redis_account_read(const struct hook_input *in, struct redis_account *ret)
{
        static const char *const known[] = {"socket", "host",       "port",
                                            "user",   "admin_user", "admin_password_file",
                                            "tls",    "ca_file",    "plaintext_network",
                                            "field",  NULL};
        CLEANUP_BYTES struct bytes port = BYTES_NONE;
        const struct hook_text texts[] = {{"user", NULL, &ret->user},   {"admin_user", "default", &ret->admin_user},
                                          {"socket", "", &ret->socket}, {"host", "127.0.0.1", &ret->host},
                                          {"port", "6379", &port},      {"ca_file", "", &ret->ca_file}};
        enum err e;
        if ((e = hook_config_check(in, known)) != OK)
                return e;
        if ((e = hook_config_texts(in, texts, COUNT_OF(texts))) != OK)
                return e;
        ret->port = atoi(bytes_text(&port));
        if (ret->port < 1 || ret->port > 65535)
                return err_because(ERR_CONFIG, "config: `port` is no port");
        if (ret->user.n == 0 || strpbrk(bytes_text(&ret->user), " \t\r\n"))
                return err_because(ERR_CONFIG, "config: `user` is no name of an ACL user");
        if (span_equal(bytes_span(&ret->user), bytes_span(&ret->admin_user)))
                return err_because(ERR_CONFIG, "config: `admin_user` must not be the user that is rotated");
        ret->timeout_ms = hook_time_left_ms(in, STEP_TIMEOUT_MS);
        if ((e = read_way(in, ret)) != OK)
                return e;
        return hook_config_secret(in, "admin_password_file", &ret->admin_password);
}

void redis_account_done(struct redis_account *r)
{
        struct bytes *all[] = {&r->socket, &r->host, &r->ca_file, &r->user, &r->admin_user};
        for (size_t i = 0; i < COUNT_OF(all); i++)
                bytes_done(all[i]);
        secret_wipe(&r->admin_password);
}

/* ---- connections ---- */

MUST_CHECK static bool open_link(const struct redis_account *r, struct redis_link *ret, struct hook_answer *a)
{
        const struct redis_target t = {.socket = r->socket.n ? bytes_text(&r->socket) : NULL,
                                       .host = bytes_text(&r->host),
                                       .port = r->port,
                                       .uses_tls = r->uses_tls,
                                       .ca_file = r->ca_file.n ? bytes_text(&r->ca_file) : NULL,
                                       .timeout_ms = r->timeout_ms};
        switch (redis_link_open(&t, ret)) {
        case TLS_OPEN: return true;
        case TLS_NOT_TRUSTED:
                hook_fail(a, PLUGIN_MISCONFIGURED,
                          "the server's certificate is none for `host`, or by nobody in `ca_file`");
                break;
        case TLS_NO_AUTHORITY: hook_fail(a, PLUGIN_MISCONFIGURED, "config: `ca_file` cannot be read"); break;
        case TLS_AWAY:
                hook_fail(a, PLUGIN_TRY_AGAIN, "the server is not reachable%s", r->uses_tls ? " over TLS" : "");
                break;
        }
        return false;
}

/* What an answer to a question means that changes nothing. */
void redis_account_fail(const struct redis_link *l, enum redis_answer got, const char *what, struct hook_answer *a)
{
        if (got == REDIS_LOST)
                hook_fail(a, PLUGIN_TRY_AGAIN, "%s: no answer", what);
        else
                hook_fail(a, redis_link_will_pass(l) ? PLUGIN_TRY_AGAIN : PLUGIN_REFUSED, "%s: %s", what,
                          redis_link_meaning(l));
}

bool redis_account_open(const struct redis_account *r, struct redis_link *ret, struct hook_answer *a)
{
        const char *const words[] = {"AUTH", bytes_text(&r->admin_user), (const char *)r->admin_password.bytes};
        if (!open_link(r, ret, a))
                return false;
        if (!r->admin_password.bytes)
                return true;
        enum redis_answer got = redis_ask(ret, 3, words, NULL);
        if (got != REDIS_DONE)
                redis_account_fail(ret, got, "the admin user's login", a);
        return got == REDIS_DONE;
}

bool redis_account_try(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a)
{
        const struct redis_account *r = self;
        CLEANUP_REDIS_LINK struct redis_link link = {0};
        const char *const words[] = {"AUTH", bytes_text(&r->user), (const char *)value->value};
        if (!open_link(r, &link, a))
                return false;
        enum redis_answer got = redis_ask(&link, 3, words, NULL);
        bool is_known = got == REDIS_DONE || (got == REDIS_NO && !strcmp(link.word, "WRONGPASS"));
        *ret_is_in = got == REDIS_DONE;
        if (!is_known)
                redis_account_fail(&link, got, "the user's login", a);
        return is_known;
}

#include "rotators/hooks/ssh_account.h"
#include <string.h>

static void write_commands(struct ssh_account *ret)
{
        const char *user = bytes_text(&ret->user);
        CLEANUP_BYTES struct bytes become = BYTES_NONE;
        bytes_printf(&become, "test \"$(id -un)\" = %s && exec sh -s; exec su -s /bin/sh %s -c \"exec sh -s\"", user,
                     user);
        bytes_printf(&ret->as_account, "sh -c '%s'", bytes_text(&become));
        bytes_printf(&ret->as_either, "sh -c 'test \"$(id -u)\" = 0 && exec sh -s; %s'", bytes_text(&become));
}

enum err ssh_account_read(const struct hook_input *in, struct ssh_account *ret)
{
        static const char *const known[] = {
                "host",    "port",         "host_key", "user", "admin_user", "admin_key_file", "authorized_keys",
                "options", "end_sessions", "field",    NULL};
        const struct hook_text texts[] = {
                {"user", NULL, &ret->user},
                {"admin_user", NULL, &ret->admin_user},
                {"admin_key_file", NULL, &ret->admin_key_file},
                {"authorized_keys", ".ssh/authorized_keys", &ret->path},
                {"options", "", &ret->options},
        };
        enum err e;
        if ((e = hook_config_check(in, known)) != OK)
                return e;
        if ((e = hook_config_texts(in, texts, COUNT_OF(texts))) != OK)
                return e;
        if ((e = hook_config_yes(in, "end_sessions", true, &ret->ends_sessions)) != OK)
                return e;
        for (size_t i = 0; i < 4; i++)
                if (!ssh_is_plain(bytes_text(texts[i].to)))
                        return err_because(ERR_CONFIG, "config: `%s` is malformed", texts[i].key);
        if (bytes_text(&ret->admin_key_file)[0] != '/')
                return err_because(ERR_CONFIG, "config: `admin_key_file` must be absolute");
        if (strpbrk(bytes_text(&ret->options), "'\r\n") || !ssh_is_plain(in->credential))
                return err_because(ERR_CONFIG, "config: `options`, or the credential's name, cannot stand in a line");
        bytes_printf(&ret->tag, "breakglass:%s", in->credential);
        write_commands(ret);
        return ssh_host_read(in, &ret->host);
}

void ssh_account_done(struct ssh_account *t)
{
        struct bytes *all[] = {&t->user,    &t->admin_user, &t->admin_key_file, &t->path,
                               &t->options, &t->tag,        &t->as_account,     &t->as_either};
        for (size_t i = 0; i < COUNT_OF(all); i++)
                bytes_done(all[i]);
        ssh_host_done(&t->host);
}

static struct host_script script_as(const struct ssh_account *t, const struct bytes *shell)
{
        return (struct host_script){.host = &t->host,
                                    .admin_user = bytes_text(&t->admin_user),
                                    .admin_key_file = bytes_text(&t->admin_key_file),
                                    .shell = bytes_text(shell)};
}

bool ssh_account_run(const struct ssh_account *t, const struct bytes *body, bool changes, struct ssh_ran *ret,
                     struct hook_answer *a)
{
        const struct host_script as_account = script_as(t, &t->as_account);
        return host_script_run(&as_account, body, changes, ret, a);
}

bool ssh_account_sees_sessions(const struct ssh_account *t, struct hook_answer *a)
{
        const struct host_script as_either = script_as(t, &t->as_either);
        const struct sessions s = {.by = &as_either, .user = bytes_text(&t->user), .root = ""};
        return sessions_check(&s, a);
}

bool ssh_account_end_sessions(const struct ssh_account *t, const char *moment, struct hook_answer *a)
{
        const struct host_script as_either = script_as(t, &t->as_either);
        const struct sessions s = {.by = &as_either, .user = bytes_text(&t->user), .root = ""};
        return sessions_end(&s, moment, a);
}

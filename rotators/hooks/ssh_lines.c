#include "rotators/hooks/ssh_lines.h"
#include <string.h>

/* What the scripts below say when they cannot. */
#define EXIT_NO_RIGHT 41
#define EXIT_BUSY     42
#define EXIT_NO_ROOM  43

#define DONE "breakglass: done"

enum err ssh_account_read(const struct hook_input *in, struct ssh_account *ret)
{
        static const char *const known[] = {
                "host",    "port",  "host_key", "user", "admin_user", "admin_key_file", "authorized_keys",
                "options", "field", NULL};
        enum err e;
        if ((e = hook_config_check(in, known)) != OK)
                return e;
        const struct {
                const char *key, *fallback;
                struct bytes *to;
        } texts[] = {
                {"user", NULL, &ret->user},
                {"admin_user", NULL, &ret->admin_user},
                {"admin_key_file", NULL, &ret->admin_key_file},
                {"authorized_keys", ".ssh/authorized_keys", &ret->path},
                {"options", "", &ret->options},
        };
        for (size_t i = 0; i < COUNT_OF(texts); i++)
                if ((e = hook_config(in, texts[i].key, texts[i].fallback, texts[i].to)) != OK)
                        return e;
        for (size_t i = 0; i < 4; i++)
                if (!ssh_is_plain(bytes_text(texts[i].to)))
                        return err_because(ERR_CONFIG, "config: `%s` is malformed", texts[i].key);
        if (bytes_text(&ret->admin_key_file)[0] != '/')
                return err_because(ERR_CONFIG, "config: `admin_key_file` must be absolute");
        if (strpbrk(bytes_text(&ret->options), "'\r\n") || !ssh_is_plain(in->credential))
                return err_because(ERR_CONFIG, "config: `options`, or the credential's name, cannot stand in a line");
        bytes_printf(&ret->tag, "breakglass:%s", in->credential);
        return ssh_host_read(in, &ret->host);
}

void ssh_account_done(struct ssh_account *t)
{
        struct bytes *all[] = {&t->user, &t->admin_user, &t->admin_key_file, &t->path, &t->options, &t->tag};
        for (size_t i = 0; i < COUNT_OF(all); i++)
                bytes_done(all[i]);
        ssh_host_done(&t->host);
}

/* ---- scripts ---- */

/* A script comes on stdin and is one function: what is cut off on its way is not run at all. It runs as the account
 * itself, so that no link in its folder can lead an admin elsewhere. */
MUST_CHECK static bool run_script(const struct ssh_account *t, const struct bytes *script, bool changes,
                                  struct ssh_ran *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes command = BYTES_NONE;
        bytes_printf(&command,
                     "sh -c 'test \"$(id -un)\" = %s && exec sh -s; exec su -s /bin/sh %s -c \"exec sh -s\"'",
                     bytes_text(&t->user), bytes_text(&t->user));
        enum err e = ssh_run(&t->host, bytes_text(&t->admin_user), bytes_text(&t->admin_key_file), NULL,
                             bytes_text(&command), bytes_span(script), ret);
        if (e != OK)
                hook_fail(a, PLUGIN_TRY_AGAIN, "ssh: %s", err_reason());
        else if (ret->outcome == SSH_LOST && changes)
                hook_fail(a, PLUGIN_UNKNOWN, "the connection broke while the keys were being changed");
        else if (ret->outcome != SSH_RAN)
                ssh_fail(ret, "the admin's login", a);
        return e == OK && ret->outcome == SSH_RAN;
}

static void fail_script(const struct ssh_ran *ran, struct hook_answer *a)
{
        switch (ran->exit_code) {
        case EXIT_NO_RIGHT:
                hook_fail(a, PLUGIN_REFUSED, "the account's authorized_keys or its folder cannot be read or written");
                break;
        case EXIT_BUSY: hook_fail(a, PLUGIN_TRY_AGAIN, "somebody else is changing authorized_keys"); break;
        case EXIT_NO_ROOM: hook_fail(a, PLUGIN_TRY_AGAIN, "authorized_keys could not be written anew"); break;
        default: hook_fail(a, PLUGIN_REFUSED, "the admin cannot act as the account: %s", bytes_text(&ran->why));
        }
}

static bool is_done(const struct ssh_ran *ran)
{
        size_t n = strlen(DONE "\n");
        return ran->exit_code == 0 && ran->out.n >= n && !memcmp(ran->out.p + ran->out.n - n, DONE "\n", n);
}

/* f: the file, d: its folder. */
static void write_begin(const struct ssh_account *t, struct bytes *ret)
{
        bytes_printf(ret,
                     "main() {\nexport LC_ALL=C; umask 077; cd \"${HOME:?}\" || exit %d\n"
                     "f=%s; [ ! -e \"$f\" ] || f=$(readlink -f \"$f\"); d=$(dirname \"$f\")\n",
                     EXIT_NO_RIGHT, bytes_text(&t->path));
}

static void write_end(struct bytes *ret)
{
        bytes_add_text(ret, "echo '" DONE "'\n}\nmain\n");
}

bool ssh_lines_read(const struct ssh_account *t, struct bytes *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        struct ssh_ran ran = {0};
        write_begin(t, &script);
        bytes_printf(&script, "[ -w \"$d\" ] || { [ ! -e \"$d\" ] && [ -w \"$(dirname \"$d\")\" ]; } || exit %d\n",
                     EXIT_NO_RIGHT);
        bytes_printf(&script, "[ ! -e \"$f\" ] || cat \"$f\" || exit %d\necho\n", EXIT_NO_RIGHT);
        write_end(&script);
        bool is_read = run_script(t, &script, false, &ran, a);
        if (is_read && !is_done(&ran)) {
                fail_script(&ran, a);
                is_read = false;
        }
        if (is_read)
                bytes_add(ret, ran.out.p, ran.out.n - strlen(DONE "\n"));
        ssh_ran_done(&ran);
        return is_read;
}

static void add_pattern(struct bytes *script, struct span base64)
{
        bytes_add_text(script, " -e '");
        bytes_add_span(script, base64);
        bytes_add_byte(script, '\'');
}

/* A copy with owner and mode of the old one is written beside it, synced, renamed. */
bool ssh_lines_change(const struct ssh_account *t, const struct span drop[], size_t n, struct span add,
                      struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        struct ssh_ran ran = {0};
        write_begin(t, &script);
        bytes_printf(&script, "[ -d \"$d\" ] || mkdir -p \"$d\" || exit %d\n", EXIT_NO_RIGHT);
        bytes_printf(&script, "exec 9<\"$d\"; flock -w 20 9 || exit %d\n", EXIT_BUSY);
        bytes_printf(&script,
                     "rm -f \"$f\".breakglass.*; t=\"$f.breakglass.$$\"\n"
                     "if [ -e \"$f\" ]; then cp -p \"$f\" \"$t\"; else : >\"$t\"; fi || exit %d\n"
                     "{\n[ ! -e \"$f\" ] || grep -vF",
                     EXIT_NO_ROOM);
        for (size_t i = 0; i < n; i++)
                add_pattern(&script, drop[i]);
        if (add.n > 0) /* never twice */
                add_pattern(&script, add);
        bytes_printf(&script, " \"$f\"; [ $? -le 1 ] || exit %d\n", EXIT_NO_ROOM);
        if (add.n) {
                bytes_printf(&script, "printf '%%s\\n' '%s%sssh-ed25519 ", bytes_text(&t->options),
                             t->options.n ? " " : "");
                bytes_add_span(&script, add);
                bytes_printf(&script, " %s'\n", bytes_text(&t->tag));
        }
        bytes_printf(&script, "} >\"$t\" && sync \"$t\" && mv \"$t\" \"$f\" && sync \"$d\" || exit %d\n",
                     EXIT_NO_ROOM);
        write_end(&script);
        bool is_changed = run_script(t, &script, true, &ran, a);
        if (is_changed && !is_done(&ran)) {
                fail_script(&ran, a);
                is_changed = false;
        }
        ssh_ran_done(&ran);
        return is_changed;
}

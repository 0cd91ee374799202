#include "rotators/hooks/ssh_lines.h"
#include <string.h>

/* What the scripts below say when they cannot. */
#define EXIT_NO_RIGHT 41
#define EXIT_BUSY     42
#define EXIT_NO_ROOM  43

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

/* Runs it, and judges its exit code. */
MUST_CHECK static bool run_script(const struct ssh_account *t, const struct bytes *script, bool changes,
                                  struct ssh_ran *ret, struct hook_answer *a)
{
        if (!ssh_account_run(t, script, changes, ret, a))
                return false;
        if (ret->exit_code != 0)
                fail_script(ret, a);
        return ret->exit_code == 0;
}

/* f: the file, d: its folder. */
static void write_begin(const struct ssh_account *t, struct bytes *ret)
{
        bytes_printf(ret,
                     "umask 077; cd \"${HOME:?}\" || exit %d\n"
                     "f=%s; [ ! -e \"$f\" ] || f=$(readlink -f \"$f\"); d=$(dirname \"$f\")\n",
                     EXIT_NO_RIGHT, bytes_text(&t->path));
}

bool ssh_lines_read(const struct ssh_account *t, struct bytes *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        struct ssh_ran ran = {0};
        write_begin(t, &script);
        bytes_printf(&script, "[ -w \"$d\" ] || { [ ! -e \"$d\" ] && [ -w \"$(dirname \"$d\")\" ]; } || exit %d\n",
                     EXIT_NO_RIGHT);
        bytes_printf(&script, "[ ! -e \"$f\" ] || cat \"$f\" || exit %d\necho\n", EXIT_NO_RIGHT);
        bool is_read = run_script(t, &script, false, &ran, a);
        if (is_read)
                bytes_add_span(ret, bytes_span(&ran.out));
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
        bool is_changed = run_script(t, &script, true, &ran, a);
        ssh_ran_done(&ran);
        return is_changed;
}

bool ssh_lines_changed_at(const struct ssh_account *t, struct bytes *ret, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        struct ssh_ran ran = {0};
        write_begin(t, &script);
        bytes_add_text(&script, SESSIONS_CHANGED);
        bool is_read = run_script(t, &script, false, &ran, a);
        if (is_read && ran.out.n > 0)
                bytes_add(ret, ran.out.p, ran.out.n - 1); /* without its newline */
        ssh_ran_done(&ran);
        return is_read;
}

#include "rotators/hooks/sessions.h"
#include <string.h>

static const char functions[] =
#include "rotators/hooks/sessions_sh.h"
        ;

#define EXIT_NO_USER 44
#define EXIT_BLIND   45
#define EXIT_STILL   46
#define EXIT_MAY_NOT 47

#define BOOT_ID 36u

static bool is_moment(const char *text)
{
        return strspn(text, "0123456789abcdef-") == BOOT_ID && text[BOOT_ID] == '@' &&
               strspn(text + BOOT_ID + 1, "0123456789") == strlen(text + BOOT_ID + 1) && text[BOOT_ID + 1] != 0;
}

static void fail(const struct ssh_ran *ran, struct hook_answer *a)
{
        switch (ran->exit_code) {
        case EXIT_NO_USER: hook_fail(a, PLUGIN_MISCONFIGURED, "there is no such account"); break;
        case EXIT_BLIND:
                hook_fail(a, PLUGIN_MISCONFIGURED,
                          "sessions cannot be seen there: that takes Linux's /proc, awk, and OpenSSH's server "
                          "(`end_sessions: no` leaves them open, and the old value unproven until it is tried)");
                break;
        case EXIT_STILL:
                hook_fail(a, PLUGIN_TRY_AGAIN, "sessions that began before the change are still there");
                break;
        case EXIT_MAY_NOT:
                hook_fail(a, PLUGIN_REFUSED, "root may not end other accounts' sessions (CAP_KILL)");
                break;
        default: hook_fail(a, PLUGIN_REFUSED, "looking for sessions: %s", bytes_text(&ran->why));
        }
}

MUST_CHECK static bool run(const struct sessions *s, const char *moment, const char *act, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        struct ssh_ran ran = {0};
        const char *at = moment && is_moment(moment) ? moment : NULL;
        bytes_printf(&script, "user=%s root=%s terminals=%d admin=%s boot=%.*s moment=%s\n", s->user, s->root,
                     s->of_terminals, s->by->host ? s->by->admin_user : "", at ? (int)BOOT_ID : 0, at ? at : "",
                     at ? at + BOOT_ID + 1 : "");
        bytes_printf(&script, "%s%s\n", functions, act);
        bool is_done = host_script_run(s->by, &script, false, &ran, a);
        if (is_done && ran.exit_code != 0) {
                fail(&ran, a);
                is_done = false;
        }
        ssh_ran_done(&ran);
        return is_done;
}

bool sessions_check(const struct sessions *s, struct hook_answer *a)
{
        return run(s, NULL, "look_around", a);
}

bool sessions_end(const struct sessions *s, const char *moment, struct hook_answer *a)
{
        return run(s, moment, "end_old", a);
}

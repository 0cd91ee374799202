#include "rotators/hooks/host_script.h"
#include "base/file.h"
#include "base/spawn.h"
#include <stdlib.h>
#include <string.h>

#define SHELL    "/bin/sh"
#define DONE     "breakglass: done\n"
#define EXIT_ODD 127 /* it ran, and did not come to its end */
#define WHY_MAX  200u

MUST_CHECK static enum err run_here(const struct host_script *h, struct span script, struct ssh_ran *ret)
{
        static const char *const argv[] = {"sh", "-s", NULL};
        CLEANUP_FREE char *shell = realpath(SHELL, NULL); /* mostly a link, which spawn_run() does not follow */
        const struct spawn_job job = {.path = shell ? shell : SHELL,
                                      .argv = argv,
                                      .input = script,
                                      .timeout_ms = h->timeout_ms,
                                      .stays_in_group = true};
        struct spawn_result ran = {0};
        enum err e = spawn_run(&job, &ran);
        if (e == OK) {
                ret->outcome = ran.timed_out || ran.exit_code >= 128 ? SSH_LOST : SSH_RAN;
                ret->exit_code = ran.exit_code;
                bytes_add_span(&ret->out, bytes_span(&ran.out));
                text_escape(span_of(ran.err.p, ran.err.n < WHY_MAX ? ran.err.n : WHY_MAX), &ret->why);
        }
        spawn_result_done(&ran);
        return e;
}

/* Cuts the last word off what was printed; false where it is missing. */
static bool take_done(struct bytes *out)
{
        size_t n = strlen(DONE);
        if (out->n < n || memcmp(out->p + out->n - n, DONE, n) != 0)
                return false;
        out->n -= n;
        out->p[out->n] = 0;
        return true;
}

bool host_script_run(const struct host_script *h, const struct bytes *body, bool changes, struct ssh_ran *ret,
                     struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes script = BYTES_NONE;
        bytes_add_text(&script, "main() {\nexport LC_ALL=C\n");
        bytes_add_span(&script, bytes_span(body));
        bytes_add_text(&script, "printf '"
                                "breakglass: done"
                                "\\n'\n}\nmain\n");
        enum err e =
                h->host ? ssh_run(h->host, h->admin_user, h->admin_key_file, NULL, h->shell, bytes_span(&script), ret)
                        : run_here(h, bytes_span(&script), ret);
        if (e != OK)
                hook_fail(a, PLUGIN_TRY_AGAIN, "%s", err_reason());
        else if (ret->outcome == SSH_LOST && changes)
                hook_fail(a, PLUGIN_UNKNOWN, "it broke off while the account was being changed");
        else if (ret->outcome != SSH_RAN)
                ssh_fail(ret, "the admin's login", a);
        else if (!take_done(&ret->out) && ret->exit_code == 0)
                ret->exit_code = EXIT_ODD;
        return e == OK && ret->outcome == SSH_RAN;
}

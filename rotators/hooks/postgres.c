/* The hook for a PostgreSQL role's password.
 *
 * The plaintext never reaches the server: its SCRAM-SHA-256 verifier is made here, and every login is SCRAM. A role
 * has one password, so that changing it kills the old one for new sessions; `revoke` also ends the old sessions and
 * proves it. The handle is `sha256:DIGEST-OF-THE-STORED-VERIFIER@SERVER-TIME-IN-MICROSECONDS`. */
#include "rotators/hooks/pg_role.h"
#include <string.h>

static const char description[] =
        "{\"hook\":\"postgres\",\"contract\":1,\"serve\":true,\"steps\":[\"check\",\"set\",\"test\",\"revoke\","
        "\"reconcile\"],"
        "\"config\":{\"required\":[\"host\",\"role\",\"admin_user\"],\"optional\":[\"port\",\"dbname\","
        "\"admin_password_file\",\"sslmode\",\"ca_file\",\"login_host\",\"login_port\",\"login_dbname\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

static void check(const struct pg_role *r, struct hook_answer *a)
{
        struct pg_link *admin = pg_admin_open(r, a);
        if (admin && pg_role_check(r, admin, a)) {
                hook_ok(a, NULL);
                pg_role_handle(r, admin, a);
        }
}

static void set(const struct pg_role *r, const struct hook_field *pending, struct hook_answer *a)
{
        struct pg_link *admin = pg_admin_open(r, a);
        if (admin && pg_role_check(r, admin, a) && pg_role_set(r, admin, pending, a)) {
                hook_ok(a, NULL);
                pg_role_handle(r, admin, a);
        }
}

static void test(const struct pg_role *r, const struct hook_field *pending, struct hook_answer *a)
{
        enum pg_login login;
        if (!pg_role_try(r, pending, &login, a))
                return;
        if (login == PG_IN)
                hook_ok(a, "works");
        else
                hook_fail(a, PLUGIN_FAILED, "the server refuses the new password");
}

/* With the old value in hand: it is tried. Without: the server stores what `set` stored, and a role has one password.
 */
static void prove_dead(const struct pg_role *r, struct pg_link *admin, const struct hook_input *in,
                       struct hook_answer *a)
{
        const struct hook_field *opened = hook_opened(in);
        enum pg_login login;
        if (!opened) {
                hook_ok(a, pg_role_is_as_set(r, admin, in->handle) ? "replaced" : "unproven");
                return;
        }
        if (!pg_role_try(r, opened, &login, a))
                return;
        if (login == PG_WRONG_PASSWORD)
                hook_ok(a, "refused");
        else
                hook_fail(a, PLUGIN_FAILED, "the old password still logs in");
}

static void revoke_old(const struct pg_role *r, const struct hook_input *in, const struct hook_field *pending,
                       struct hook_answer *a)
{
        test(r, pending, a); /* a server that refuses everything proves nothing about the old password */
        struct pg_link *admin = a->exit == PLUGIN_OK ? pg_admin_open(r, a) : NULL;
        if (!admin || !pg_role_end_sessions(r, admin, in->handle, a))
                return;
        prove_dead(r, admin, in, a);
        if (a->exit == PLUGIN_OK && in->handle)
                bytes_add_text(&a->handle, in->handle);
}

static void reconcile(const struct pg_role *r, const struct hook_field *pending, struct hook_answer *a)
{
        enum pg_login login;
        struct pg_link *admin = pg_role_try(r, pending, &login, a) ? pg_admin_open(r, a) : NULL;
        if (!admin)
                return;
        hook_ok(a, login == PG_IN ? "pending" : "other");
        if (login == PG_IN)
                pg_role_handle(r, admin, a);
}

static void run_step(enum hook_step step, const struct pg_role *r, const struct hook_input *in, struct hook_answer *a)
{
        const struct hook_field *pending = NULL;
        if (step != HOOK_CHECK && !(pending = hook_pending(in, a)))
                return;
        switch (step) {
        case HOOK_CHECK: check(r, a); break;
        case HOOK_SET: set(r, pending, a); break;
        case HOOK_TEST: test(r, pending, a); break;
        case HOOK_REVOKE: revoke_old(r, in, pending, a); break;
        case HOOK_RECONCILE: reconcile(r, pending, a); break;
        case HOOK_PREPARE:
        case HOOK_STEPS: break;
        }
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct pg_role role = {0};
        if (pg_role_read(in, NULL, &role) == OK)
                run_step(step, &role, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        pg_role_done(&role);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {
                .name = "postgres", .description = description, .run = run, .can_serve = true, .end = pg_admin_close};
        return hook_main(&hook, argc, argv);
}

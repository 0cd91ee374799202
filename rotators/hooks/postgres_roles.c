/* The hook for two PostgreSQL roles that take turns: while one is in use, the other waits without password and LOGIN.
 *
 * `prepare` names the one that waits, `set` gives it the new password, `revoke` takes password, LOGIN and sessions
 * from the one that was in use: nobody who still works with it is thrown out before. The handle is the role's name.
 */
#include "rotators/hooks/pg_role.h"
#include <string.h>

static const char description[] =
        "{\"hook\":\"postgres-roles\",\"contract\":1,\"serve\":true,\"steps\":[\"check\",\"prepare\",\"set\","
        "\"test\",\"revoke\","
        "\"reconcile\"],\"slots\":2,\"config\":{\"required\":[\"host\",\"roles\",\"admin_user\"],\"optional\":["
        "\"port\",\"dbname\",\"admin_password_file\",\"sslmode\",\"ca_file\",\"login_host\",\"login_port\","
        "\"login_dbname\",\"field\"]},\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\",\"public\":[\"username\"]}}";

struct turns {
        struct pg_role role[2];
        const struct pg_role *in_use, *spare; /* NULL where nobody knows */
};

MUST_CHECK static enum err read_roles(const struct hook_input *in, struct turns *ret)
{
        json_t *roles = json_object_get(in->config, "roles");
        const char *name[2] = {json_string_value(json_array_get(roles, 0)),
                               json_string_value(json_array_get(roles, 1))};
        enum err e;
        if (json_array_size(roles) != 2 || !name[0] || !name[1] || !*name[0] || !*name[1] ||
            !strcmp(name[0], name[1]))
                return err_because(ERR_CONFIG, "config: `roles` must list two different roles");
        for (int i = 0; i < 2; i++)
                if ((e = pg_role_read(in, name[i], &ret->role[i])) != OK)
                        return e;
        return OK;
}

static const struct pg_role *find_role(const struct turns *t, const char *name)
{
        for (int i = 0; name && i < 2; i++)
                if (!strcmp(bytes_text(&t->role[i].role), name))
                        return &t->role[i];
        return NULL;
}

static void take_in_use(struct turns *t, const struct pg_role *in_use)
{
        t->in_use = in_use;
        t->spare = in_use == &t->role[0] ? &t->role[1] : in_use ? &t->role[0] : NULL;
}

/* The only one of both that may log in; false with an answer when both or none may. */
MUST_CHECK static bool guess_in_use(struct turns *t, struct pg_link *admin, struct hook_answer *a)
{
        bool is_open[2] = {false, false};
        for (int i = 0; i < 2; i++)
                if (!pg_role_is_open(&t->role[i], admin, &is_open[i], a))
                        return false;
        if (is_open[0] != is_open[1])
                take_in_use(t, &t->role[is_open[0] ? 0 : 1]);
        else
                hook_fail(
                        a, PLUGIN_MISCONFIGURED,
                        is_open[0]
                                ? "both %s and %s may log in, and nothing says which is in use: a person has to take "
                                  "LOGIN from the other (ALTER ROLE … NOLOGIN)"
                                : "neither %s nor %s may log in: a person has to give LOGIN to the one in use "
                                  "(ALTER ROLE … LOGIN)",
                        bytes_text(&t->role[0].role), bytes_text(&t->role[1].role));
        return t->in_use != NULL;
}

static void check(struct turns *t, struct hook_answer *a)
{
        struct pg_link *admin = pg_admin_open(&t->role[0], a);
        if (!admin || !pg_role_check(&t->role[0], admin, a) || !pg_role_check(&t->role[1], admin, a) ||
            (!t->in_use && !guess_in_use(t, admin, a)))
                return;
        hook_ok(a, NULL);
        bytes_add_span(&a->handle, bytes_span(&t->in_use->role));
}

/* The waiting role is shut again: an earlier value may be in it that was set and then lost. */
static void prepare(const struct turns *t, struct hook_answer *a)
{
        if (!t->spare) {
                hook_fail(a, PLUGIN_MISCONFIGURED,
                          "nothing says which of the two roles is in use: a person has to look");
                return;
        }
        struct pg_link *admin = pg_admin_open(t->spare, a);
        if (!admin || !pg_role_shut(t->spare, admin, a) || !pg_role_end_sessions(t->spare, admin, NULL, a))
                return;
        if (hook_answer_field(a, "username", t->spare->role.p, t->spare->role.n) != OK)
                return;
        hook_ok(a, NULL);
        bytes_add_span(&a->handle, bytes_span(&t->spare->role));
}

static void set(const struct pg_role *new, const struct hook_field *pending, struct hook_answer *a)
{
        struct pg_link *admin = pg_admin_open(new, a);
        if (admin && pg_role_check(new, admin, a) && pg_role_set(new, admin, pending, a))
                hook_ok(a, NULL);
}

static void test(const struct pg_role *new, const struct hook_field *pending, struct hook_answer *a)
{
        enum pg_login login;
        if (!pg_role_try(new, pending, &login, a))
                return;
        if (login == PG_IN)
                hook_ok(a, "works");
        else
                hook_fail(a, PLUGIN_FAILED, "the server refuses the new role's password");
}

/* Without a handover: the role may not log in at all, whatever its password was. */
static void prove_dead(const struct pg_role *old, struct pg_link *admin, const struct hook_field *opened,
                       struct hook_answer *a)
{
        enum pg_login login;
        bool is_open = true;
        if (!opened) {
                if (pg_role_is_open(old, admin, &is_open, a))
                        hook_ok(a, is_open ? "unproven" : "replaced");
                return;
        }
        if (!pg_role_try(old, opened, &login, a))
                return;
        if (login == PG_WRONG_PASSWORD)
                hook_ok(a, "refused");
        else
                hook_fail(a, PLUGIN_FAILED, "the old role's password still logs in");
}

static void revoke_old(const struct turns *t, const struct pg_role *new, const struct hook_input *in,
                       const struct hook_field *pending, struct hook_answer *a)
{
        test(new, pending, a); /* a server that refuses everything proves nothing about the old role */
        if (a->exit != PLUGIN_OK)
                return;
        if (!t->in_use) {
                hook_ok(a, "unproven");
                return;
        }
        struct pg_link *admin = pg_admin_open(t->in_use, a);
        if (admin && pg_role_shut(t->in_use, admin, a) && pg_role_end_sessions(t->in_use, admin, NULL, a))
                prove_dead(t->in_use, admin, hook_opened(in), a);
}

static void reconcile(const struct pg_role *new, const struct hook_field *pending, struct hook_answer *a)
{
        enum pg_login login;
        if (pg_role_try(new, pending, &login, a))
                hook_ok(a, login == PG_IN ? "pending" : "other");
}

/* The steps that have a value: for the role that it names, which is never the one in use. */
static void run_with_value(enum hook_step step, const struct turns *t, const struct hook_input *in,
                           struct hook_answer *a)
{
        const struct hook_field *pending = hook_pending(in, a), *name = hook_field(&in->pending, "username");
        const struct pg_role *new = find_role(t, name ? (const char *)name->value : NULL);
        if (!pending)
                return;
        if (!new || new == t->in_use) {
                hook_fail(a, PLUGIN_MISCONFIGURED,
                          "the pending version's `username` must be the one of the two roles that is not in use");
                return;
        }
        if (step == HOOK_SET)
                set(new, pending, a);
        else if (step == HOOK_TEST)
                test(new, pending, a);
        else if (step == HOOK_REVOKE)
                revoke_old(t, new, in, pending, a);
        else
                reconcile(new, pending, a);
        if (a->exit == PLUGIN_OK)
                bytes_add_span(&a->handle, bytes_span(&new->role));
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct turns t = {0};
        enum err e = read_roles(in, &t);
        if (e == OK)
                take_in_use(&t, find_role(&t, hook_slot_in_use(in, "username")));
        if (e != OK)
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        else if (step == HOOK_CHECK)
                check(&t, a);
        else if (step == HOOK_PREPARE)
                prepare(&t, a);
        else
                run_with_value(step, &t, in, a);
        pg_role_done(&t.role[0]);
        pg_role_done(&t.role[1]);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {.name = "postgres-roles",
                                         .description = description,
                                         .run = run,
                                         .can_prepare = true,
                                         .can_serve = true,
                                         .end = pg_admin_close};
        return hook_main(&hook, argc, argv);
}

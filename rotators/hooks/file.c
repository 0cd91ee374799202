/* The hook of the embedded demo: its target is a vault file (config `path`). */
#include "rotators/hooks/hook.h"
#include "rotators/hooks/vault.h"
#include <string.h>

static const char description[] =
        "{\"hook\":\"file\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"path\"],\"optional\":[\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

static void say_trouble(enum err e, struct hook_answer *a)
{
        hook_fail(a, e == ERR_IO ? PLUGIN_TRY_AGAIN : PLUGIN_MISCONFIGURED, "%s: %s", err_word(e),
                  *err_reason() ? err_reason() : err_sentence(e));
}

/* Whether the vault lets the value in; false with an answer when that could not be found out. */
MUST_CHECK static bool find_out(const char *path, const struct hook_field *value, enum vault_verdict *ret,
                                struct hook_answer *a)
{
        enum err e = vault_try(path, value, ret);
        if (e != OK)
                say_trouble(e, a);
        return e == OK;
}

static void take_handle(const char *path, struct hook_answer *a)
{
        enum err e = vault_handle(path, &a->handle);
        if (e != OK)
                say_trouble(e, a);
}

static void check(const char *path, struct hook_answer *a)
{
        enum err e = vault_handle(path, &a->handle);
        if (e == OK || e == ERR_NO_ENTRY) /* the first `set` makes it */
                hook_ok(a, NULL);
        else
                say_trouble(e, a);
}

static void set(const char *path, const struct hook_field *pending, struct hook_answer *a)
{
        enum err e = vault_set(path, pending);
        if (e != OK) {
                say_trouble(e, a);
                return;
        }
        hook_ok(a, NULL);
        take_handle(path, a);
}

static void test(const char *path, const struct hook_field *pending, struct hook_answer *a)
{
        enum vault_verdict v;
        if (!find_out(path, pending, &v, a))
                return;
        if (v == VAULT_OPENS)
                hook_ok(a, "works");
        else
                hook_fail(a, PLUGIN_FAILED, "the vault refuses the new value");
        if (v == VAULT_OPENS)
                take_handle(path, a);
}

/* With the old value in hand: it is tried. Without: what is stored is what `set` stored. */
static void prove_dead(const struct hook_input *in, const char *path, struct hook_answer *a)
{
        const struct hook_field *opened = hook_opened(in);
        enum vault_verdict v;
        if (opened) {
                if (!find_out(path, opened, &v, a))
                        return;
                if (v == VAULT_REFUSED)
                        hook_ok(a, "refused");
                else
                        hook_fail(a, PLUGIN_FAILED, "the old value still opens the vault");
        } else if (in->handle && span_is(bytes_span(&a->handle), in->handle)) {
                hook_ok(a, "replaced");
        } else {
                hook_ok(a, "unproven");
        }
}

static void revoke_old(const struct hook_input *in, const char *path, const struct hook_field *pending,
                       struct hook_answer *a)
{
        test(path, pending, a); /* a vault that refuses everything proves nothing about the old value */
        if (a->exit == PLUGIN_OK)
                prove_dead(in, path, a);
}

static void reconcile(const char *path, const struct hook_field *pending, struct hook_answer *a)
{
        enum vault_verdict v = VAULT_REFUSED;
        enum err e = vault_try(path, pending, &v);
        if (e == ERR_NO_ENTRY) {
                hook_ok(a, "other");
        } else if (e != OK) {
                say_trouble(e, a);
        } else {
                hook_ok(a, v == VAULT_OPENS ? "pending" : "other");
                take_handle(path, a);
        }
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        static const char *const known[] = {"path", "field", NULL};
        CLEANUP_BYTES struct bytes path = BYTES_NONE;
        const struct hook_field *pending = NULL;
        if (hook_config_check(in, known) != OK || hook_config(in, "path", NULL, &path) != OK) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
                return;
        }
        if (bytes_text(&path)[0] != '/') {
                hook_fail(a, PLUGIN_MISCONFIGURED, "config: `path` must be absolute");
                return;
        }
        if (step != HOOK_CHECK && !(pending = hook_pending(in, a)))
                return;
        switch (step) {
        case HOOK_CHECK: check(bytes_text(&path), a); break;
        case HOOK_SET: set(bytes_text(&path), pending, a); break;
        case HOOK_TEST: test(bytes_text(&path), pending, a); break;
        case HOOK_REVOKE: revoke_old(in, bytes_text(&path), pending, a); break;
        case HOOK_RECONCILE: reconcile(bytes_text(&path), pending, a); break;
        case HOOK_PREPARE:
        case HOOK_STEPS: break;
        }
}

int main(int argc, char **argv)
{
        static const struct hook hook = {"file", description, run};
        return hook_main(&hook, argc, argv);
}

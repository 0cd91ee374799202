#include "rotators/hooks/single.h"
#include <sodium.h>
#include <string.h>

static void check(const struct single_target *t, struct hook_answer *a)
{
        if (!t->check(t->self, a))
                return;
        hook_ok(a, NULL);
        t->take_handle(t->self, a);
}

static void set(const struct single_target *t, const struct hook_field *pending, struct hook_answer *a)
{
        if (!t->check(t->self, a) || !t->set(t->self, pending, a))
                return;
        if (t->save && !t->save(t->self, a)) {
                a->exit = PLUGIN_UNKNOWN; /* in force, but a restart may undo it */
                return;
        }
        hook_ok(a, NULL);
        t->take_handle(t->self, a);
}

/* A target that lets in whatever it is given proves nothing: it is asked with noise first. */
MUST_CHECK static bool try_login(const struct single_target *t, const struct hook_field *value, bool *ret_is_in,
                                 struct hook_answer *a)
{
        unsigned char noise[16], wrong[2 * sizeof noise + 1];
        const struct hook_field other = {.value = wrong, .len = sizeof wrong - 1};
        randombytes_buf(noise, sizeof noise);
        sodium_bin2hex((char *)wrong, sizeof wrong, noise, sizeof noise);
        if (!t->try_login(t->self, &other, ret_is_in, a))
                return false;
        if (*ret_is_in) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "the target lets in any password: nothing can be proven");
                return false;
        }
        return t->try_login(t->self, value, ret_is_in, a);
}

static void test(const struct single_target *t, const struct hook_field *pending, struct hook_answer *a)
{
        bool is_in = false;
        if (!try_login(t, pending, &is_in, a))
                return;
        if (is_in)
                hook_ok(a, "works");
        else
                hook_fail(a, PLUGIN_FAILED, "the target refuses the new value");
}

/* With the old value in hand: it is tried. Without: what is stored is what `set` stored. */
static void prove_dead(const struct single_target *t, const struct hook_input *in, struct hook_answer *a)
{
        const struct hook_field *opened = hook_opened(in);
        bool is_in = false;
        if (!opened)
                hook_ok(a, in->handle && t->is_as_set(t->self, in->handle) ? "replaced" : "unproven");
        else if (!try_login(t, opened, &is_in, a))
                return;
        else if (is_in)
                hook_fail(a, PLUGIN_FAILED, "the old value still logs in");
        else
                hook_ok(a, "refused");
}

static void revoke_old(const struct single_target *t, const struct hook_input *in, const struct hook_field *pending,
                       struct hook_answer *a)
{
        test(t, pending, a); /* a target that refuses everything proves nothing about the old value */
        if (a->exit != PLUGIN_OK || (t->end_sessions && !t->end_sessions(t->self, in->handle, a)))
                return;
        prove_dead(t, in, a);
        if (a->exit == PLUGIN_OK && in->handle)
                bytes_add_text(&a->handle, in->handle);
}

static void reconcile(const struct single_target *t, const struct hook_field *pending, struct hook_answer *a)
{
        bool is_in = false;
        if (!try_login(t, pending, &is_in, a) || (is_in && t->save && !t->save(t->self, a)))
                return;
        hook_ok(a, is_in ? "pending" : "other");
        if (is_in)
                t->take_handle(t->self, a);
}

void single_run(const struct single_target *t, enum hook_step step, const struct hook_input *in,
                struct hook_answer *a)
{
        const struct hook_field *pending = NULL;
        if (step != HOOK_CHECK && !(pending = hook_pending(in, a)))
                return;
        switch (step) {
        case HOOK_CHECK: check(t, a); break;
        case HOOK_SET: set(t, pending, a); break;
        case HOOK_TEST: test(t, pending, a); break;
        case HOOK_REVOKE: revoke_old(t, in, pending, a); break;
        case HOOK_RECONCILE: reconcile(t, pending, a); break;
        case HOOK_PREPARE:
        case HOOK_STEPS: break;
        }
}

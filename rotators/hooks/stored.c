#include "rotators/hooks/stored.h"
#include <sodium.h>

static bool holds(const struct stored_target *t, const struct hook_field *value)
{
        const struct secret *now = t->value(t->self);
        return now && now->len - 1 == value->len && sodium_memcmp(now->bytes, value->value, value->len) == 0;
}

static void name(const struct stored_target *t, struct hook_answer *a)
{
        bytes_clear(&a->handle);
        t->name(t->self, &a->handle);
}

static void check(const struct stored_target *t, struct hook_answer *a)
{
        if (!t->check(t->self, a))
                return;
        hook_ok(a, NULL);
        name(t, a);
}

static void set(const struct stored_target *t, const struct hook_field *pending, struct hook_answer *a)
{
        if (!t->read(t->self, a) || (!holds(t, pending) && !t->write(t->self, pending, a)))
                return;
        hook_ok(a, NULL);
        name(t, a);
}

static void test(const struct stored_target *t, const struct hook_field *pending, struct hook_answer *a)
{
        if (!t->read(t->self, a))
                return;
        if (holds(t, pending))
                hook_ok(a, "works");
        else
                hook_fail(a, PLUGIN_FAILED, "%s does not hold the new value", t->what);
        name(t, a);
}

static void revoke_old(const struct stored_target *t, const struct hook_input *in, const struct hook_field *pending,
                       struct hook_answer *a)
{
        const struct hook_field *opened = hook_opened(in);
        const char *evidence = NULL;
        test(t, pending, a);
        if (a->exit != PLUGIN_OK)
                return;
        if (opened && holds(t, opened))
                hook_fail(a, PLUGIN_FAILED, "%s still holds the old value", t->what);
        else if (t->end_old(t->self, in, &evidence, a))
                hook_ok(a, evidence);
}

static void reconcile(const struct stored_target *t, const struct hook_field *pending, struct hook_answer *a)
{
        if (!t->read(t->self, a))
                return;
        hook_ok(a, holds(t, pending) ? "pending" : "other");
        if (holds(t, pending))
                name(t, a);
}

void stored_run(const struct stored_target *t, enum hook_step step, const struct hook_input *in,
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

/* The hook for one key of a Secret in Kubernetes.
 *
 * A Secret only keeps the value: what is proven is that the API serves the new one and, where `restart` names
 * workloads, that nothing of them runs that began before. The handle is `UID/RESOURCEVERSION`: a digest of the value
 * would let whoever reads the log try guesses of a weak one. */
#include "rotators/hooks/kube.h"
#include <sodium.h>
#include <string.h>

static const char description[] =
        "{\"hook\":\"kubernetes-secret\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\","
        "\"reconcile\"],\"config\":{\"required\":[\"url\",\"namespace\",\"name\",\"token_file\"],\"optional\":["
        "\"key\",\"restart\",\"ca_file\",\"proxy_url\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

static bool holds(const struct kube_secret *now, const struct hook_field *value)
{
        return now->has_value && now->value.len - 1 == value->len &&
               sodium_memcmp(now->value.bytes, value->value, value->len) == 0;
}

static void name(const struct kube_secret *now, struct hook_answer *a)
{
        bytes_clear(&a->handle);
        bytes_printf(&a->handle, "%.100s/%.60s", bytes_text(&now->uid), bytes_text(&now->version));
}

static void check(const struct kube *k, struct kube_secret *now, struct hook_answer *a)
{
        if (!kube_may(k, a) || !kube_read(k, now, a))
                return;
        if (now->is_immutable) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "the Secret is immutable");
                return;
        }
        hook_ok(a, NULL);
        name(now, a);
}

static void set(const struct kube *k, struct kube_secret *now, const struct hook_field *pending,
                struct hook_answer *a)
{
        if (!kube_read(k, now, a) || (!holds(now, pending) && !kube_write(k, now, pending, a)))
                return;
        hook_ok(a, NULL);
        name(now, a);
}

static void test(const struct kube *k, struct kube_secret *now, const struct hook_field *pending,
                 struct hook_answer *a)
{
        if (!kube_read(k, now, a))
                return;
        if (holds(now, pending))
                hook_ok(a, "works");
        else
                hook_fail(a, PLUGIN_FAILED, "the Secret does not hold the new value");
        name(now, a);
}

/* The same Secret (by its uid) that `set` changed holds the new value, and a key has one value. */
static void revoke_old(const struct kube *k, const struct hook_input *in, struct kube_secret *now,
                       const struct hook_field *pending, struct hook_answer *a)
{
        const struct hook_field *opened = hook_opened(in);
        test(k, now, pending, a);
        if (a->exit != PLUGIN_OK)
                return;
        if (opened && holds(now, opened)) {
                hook_fail(a, PLUGIN_FAILED, "the Secret still holds the old value");
                return;
        }
        if (!kube_restart(k, in->idempotency_key, a))
                return;
        bool is_same = in->handle && !strncmp(in->handle, bytes_text(&now->uid), now->uid.n) &&
                       in->handle[now->uid.n] == '/';
        hook_ok(a, is_same ? "replaced" : "unproven");
}

static void reconcile(const struct kube *k, struct kube_secret *now, const struct hook_field *pending,
                      struct hook_answer *a)
{
        if (!kube_read(k, now, a))
                return;
        hook_ok(a, holds(now, pending) ? "pending" : "other");
        if (holds(now, pending))
                name(now, a);
}

static void run_step(enum hook_step step, const struct kube *k, const struct hook_input *in, struct hook_answer *a)
{
        struct kube_secret now = {0};
        const struct hook_field *pending = NULL;
        if (step != HOOK_CHECK && !(pending = hook_pending(in, a)))
                return;
        switch (step) {
        case HOOK_CHECK: check(k, &now, a); break;
        case HOOK_SET: set(k, &now, pending, a); break;
        case HOOK_TEST: test(k, &now, pending, a); break;
        case HOOK_REVOKE: revoke_old(k, in, &now, pending, a); break;
        case HOOK_RECONCILE: reconcile(k, &now, pending, a); break;
        case HOOK_PREPARE:
        case HOOK_STEPS: break;
        }
        kube_secret_done(&now);
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct kube k = {0};
        if (kube_config(in, &k) == OK)
                run_step(step, &k, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        kube_done(&k);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {"kubernetes-secret", description, run, false};
        return hook_main(&hook, argc, argv);
}

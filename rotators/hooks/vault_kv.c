/* The hook for one key of a secret in Vault's or OpenBao's KV version 2 store.
 *
 * The store only keeps the value: what is proven is that it serves the new one and that no version with an older one
 * is left in it. The handle is `v` and the version's number. */
#include "rotators/hooks/kv.h"
#include <sodium.h>
#include <string.h>

static const char description[] =
        "{\"hook\":\"vault-kv\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"url\",\"path\",\"token_file\"],\"optional\":[\"mount\",\"namespace\",\"key\","
        "\"ca_file\",\"proxy_url\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

static bool holds(const struct kv_now *now, const struct hook_field *value)
{
        return now->has_value && now->value.len - 1 == value->len &&
               sodium_memcmp(now->value.bytes, value->value, value->len) == 0;
}

static void name(int64_t version, struct hook_answer *a)
{
        bytes_clear(&a->handle);
        if (version > 0)
                bytes_printf(&a->handle, "v%lld", (long long)version);
}

static void check(const struct kv *k, struct kv_now *now, struct hook_answer *a)
{
        if (!kv_may(k, a) || !kv_read(k, now, a))
                return;
        hook_ok(a, NULL);
        name(now->version, a);
}

static void set(const struct kv *k, struct kv_now *now, const struct hook_field *pending, struct hook_answer *a)
{
        int64_t version;
        if (!kv_read(k, now, a))
                return;
        version = now->version;
        if (!holds(now, pending) && !kv_write(k, now, pending, &version, a))
                return;
        hook_ok(a, NULL);
        name(version, a);
}

static void test(const struct kv *k, struct kv_now *now, const struct hook_field *pending, struct hook_answer *a)
{
        if (!kv_read(k, now, a))
                return;
        if (holds(now, pending))
                hook_ok(a, "works");
        else
                hook_fail(a, PLUGIN_FAILED, "the store does not serve the new value");
        name(now->version, a);
}

/* The newest version holds the new value, and every one before it goes: then no older value is left. */
static void revoke_old(const struct kv *k, const struct hook_input *in, struct kv_now *now,
                       const struct hook_field *pending, struct hook_answer *a)
{
        const struct hook_field *opened = hook_opened(in);
        test(k, now, pending, a);
        if (a->exit != PLUGIN_OK)
                return;
        if (opened && holds(now, opened)) {
                hook_fail(a, PLUGIN_FAILED, "the store still serves the old value");
        } else if (kv_destroy_before(k, now->version, a)) {
                hook_ok(a, "replaced");
        }
}

static void reconcile(const struct kv *k, struct kv_now *now, const struct hook_field *pending, struct hook_answer *a)
{
        if (!kv_read(k, now, a))
                return;
        hook_ok(a, holds(now, pending) ? "pending" : "other");
        if (holds(now, pending))
                name(now->version, a);
}

static void run_step(enum hook_step step, const struct kv *k, const struct hook_input *in, struct hook_answer *a)
{
        struct kv_now now = {0};
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
        kv_now_done(&now);
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct kv k = {0};
        if (kv_config(in, &k) == OK)
                run_step(step, &k, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        kv_done(&k);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {"vault-kv", description, run, false};
        return hook_main(&hook, argc, argv);
}

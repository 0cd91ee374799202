/* The hook for one key of a secret in Vault's or OpenBao's KV version 2 store.
 *
 * The store only keeps the value: what is proven is that it serves the new one and that no version with an older one
 * is left in it. The handle is `v` and the version's number. */
#include "rotators/hooks/kv.h"
#include "rotators/hooks/stored.h"

static const char description[] =
        "{\"hook\":\"vault-kv\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"url\",\"path\",\"token_file\"],\"optional\":[\"mount\",\"namespace\",\"key\","
        "\"ca_file\",\"proxy_url\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

struct vault {
        struct kv kv;
        struct kv_now now;
};

static bool check(void *self, struct hook_answer *a)
{
        struct vault *v = self;
        return kv_may(&v->kv, a) && kv_read(&v->kv, &v->now, a);
}

static bool read_now(void *self, struct hook_answer *a)
{
        struct vault *v = self;
        return kv_read(&v->kv, &v->now, a);
}

static bool write_new(void *self, const struct hook_field *value, struct hook_answer *a)
{
        struct vault *v = self;
        int64_t version;
        if (!kv_write(&v->kv, &v->now, value, &version, a))
                return false;
        v->now.version = version;
        return true;
}

/* The newest version holds the new value, and every one before it goes: then no older value is left. */
static bool end_old(void *self, const struct hook_input *in, const char **ret_evidence, struct hook_answer *a)
{
        const struct vault *v = self;
        *ret_evidence = "replaced";
        return kv_destroy_before(&v->kv, v->now.version, a);
}

static const struct secret *value(const void *self)
{
        const struct vault *v = self;
        return v->now.has_value ? &v->now.value : NULL;
}

static void name(const void *self, struct bytes *ret)
{
        const struct vault *v = self;
        if (v->now.version > 0)
                bytes_printf(ret, "v%lld", (long long)v->now.version);
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct vault v = {0};
        const struct stored_target target = {.self = &v,
                                             .what = "the store",
                                             .check = check,
                                             .read = read_now,
                                             .write = write_new,
                                             .end_old = end_old,
                                             .value = value,
                                             .name = name};
        if (kv_config(in, &v.kv) == OK)
                stored_run(&target, step, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        kv_now_done(&v.now);
        kv_done(&v.kv);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {"vault-kv", description, run, false};
        return hook_main(&hook, argc, argv);
}

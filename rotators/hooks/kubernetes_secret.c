/* The hook for one key of a Secret in Kubernetes.
 *
 * A Secret only keeps the value: what is proven is that the API serves the new one and, where `restart` names
 * workloads, that nothing of them runs that began before. The handle is `UID/RESOURCEVERSION`: a digest of the value
 * would let whoever reads the log try guesses of a weak one. */
#include "rotators/hooks/kube.h"
#include "rotators/hooks/stored.h"
#include <string.h>

static const char description[] =
        "{\"hook\":\"kubernetes-secret\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\","
        "\"reconcile\"],\"config\":{\"required\":[\"url\",\"namespace\",\"name\",\"token_file\"],\"optional\":["
        "\"key\",\"restart\",\"ca_file\",\"proxy_url\",\"field\"]},"
        "\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

struct cluster {
        struct kube kube;
        struct kube_secret now;
};

static bool read_now(void *self, struct hook_answer *a)
{
        struct cluster *c = self;
        return kube_read(&c->kube, &c->now, a);
}

static bool check(void *self, struct hook_answer *a)
{
        const struct cluster *c = self;
        if (!kube_may(&c->kube, a) || !read_now(self, a))
                return false;
        if (c->now.is_immutable)
                hook_fail(a, PLUGIN_MISCONFIGURED, "the Secret is immutable");
        return !c->now.is_immutable;
}

static bool write_new(void *self, const struct hook_field *value, struct hook_answer *a)
{
        struct cluster *c = self;
        return kube_write(&c->kube, &c->now, value, a);
}

/* The same Secret (by its uid) that `set` changed holds the new value, and a key has one value. */
static bool end_old(void *self, const struct hook_input *in, const char **ret_evidence, struct hook_answer *a)
{
        const struct cluster *c = self;
        const struct bytes *uid = &c->now.uid;
        bool is_same = in->handle && !strncmp(in->handle, bytes_text(uid), uid->n) && in->handle[uid->n] == '/';
        *ret_evidence = is_same ? "replaced" : "unproven";
        return kube_restart(&c->kube, in->idempotency_key, a);
}

static const struct secret *value(const void *self)
{
        const struct cluster *c = self;
        return c->now.has_value ? &c->now.value : NULL;
}

static void name(const void *self, struct bytes *ret)
{
        const struct cluster *c = self;
        bytes_printf(ret, "%.100s/%.60s", bytes_text(&c->now.uid), bytes_text(&c->now.version));
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct cluster c = {0};
        const struct stored_target target = {.self = &c,
                                             .what = "the Secret",
                                             .check = check,
                                             .read = read_now,
                                             .write = write_new,
                                             .end_old = end_old,
                                             .value = value,
                                             .name = name};
        if (kube_config(in, &c.kube) == OK)
                stored_run(&target, step, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        kube_secret_done(&c.now);
        kube_done(&c.kube);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {"kubernetes-secret", description, run, false};
        return hook_main(&hook, argc, argv);
}

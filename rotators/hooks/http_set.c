/* The hook for a value that a web API is told: the configuration describes the calls `set` and `probe`. It has no
 * handle: such an API names nothing. */
#include "rotators/hooks/http_target.h"

static const char description[] =
        "{\"hook\":\"http-set\",\"contract\":1,\"steps\":[\"check\",\"set\",\"test\",\"revoke\",\"reconcile\"],"
        "\"config\":{\"required\":[\"url\",\"set\",\"probe\"],\"optional\":[\"only_one\",\"token_file\",\"ca_file\","
        "\"proxy_url\",\"field\"]},\"value\":{\"field\":\"password\",\"length\":32,\"alphabet\":"
        "\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\"}}";

MUST_CHECK static enum err check_config(const struct http_target *t)
{
        static const char *const of_set[] = {NULL}, *const of_probe[] = {"dead", NULL};
        enum err e;
        if ((e = http_check_call(t, "set", of_set)) != OK || (e = http_check_call(t, "probe", of_probe)) != OK)
                return e;
        if (!http_uses(t, "set", "{value}") || !http_uses(t, "probe", "{value}"))
                return err_because(ERR_CONFIG, "config: `set` and `probe` must use {value}");
        if (http_has(t, "only_one") && !json_is_boolean(json_object_get(t->web.in->config, "only_one")))
                return err_because(ERR_CONFIG, "config: `only_one` is true or false");
        return OK;
}

static void set(const struct http_target *t, struct span new, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        const struct http_words words = {.value = new};
        if (http_do(t, "set", &words, false, &got, a))
                hook_ok(a, NULL);
        else
                a->is_value_rejected = got.status == 422; /* well formed, but not by the service's rules */
}

static void test(const struct http_target *t, struct span new, struct hook_answer *a)
{
        enum http_verdict v = http_probe(t, new, a);
        if (v == HTTP_WORKS)
                hook_ok(a, "works");
        else if (v == HTTP_DEAD)
                hook_fail(a, PLUGIN_FAILED, "the service refuses the new value");
}

/* Without the old value in hand, only the configuration can say that a service knows one value at a time. */
static void revoke_old(const struct http_target *t, struct span new, struct hook_answer *a)
{
        const struct hook_field *old = hook_opened(t->web.in);
        bool is_only_one = json_is_true(json_object_get(t->web.in->config, "only_one"));
        if (!http_probe_tells(t, a))
                return;
        test(t, new, a); /* a service that refuses everything proves nothing about the old value */
        if (a->exit != PLUGIN_OK)
                return;
        if (!old) {
                hook_ok(a, is_only_one ? "replaced" : "unproven");
                return;
        }
        enum http_verdict v = http_probe(t, span_of(old->value, old->len), a);
        if (v == HTTP_DEAD)
                hook_ok(a, "refused");
        else if (v == HTTP_WORKS)
                hook_fail(a, PLUGIN_FAILED, "the old value still works");
}

static void reconcile(const struct http_target *t, struct span new, struct hook_answer *a)
{
        enum http_verdict v = http_probe(t, new, a);
        if (v != HTTP_UNSURE)
                hook_ok(a, v == HTTP_WORKS ? "pending" : "other");
}

static void run_step(enum hook_step step, const struct http_target *t, struct hook_answer *a)
{
        const struct hook_field *pending = NULL;
        if (step != HOOK_CHECK && !(pending = hook_pending(t->web.in, a)))
                return;
        struct span new = pending ? span_of(pending->value, pending->len) : span_of(NULL, 0);
        switch (step) {
        case HOOK_CHECK:
                if (http_probe_tells(t, a))
                        hook_ok(a, NULL);
                break;
        case HOOK_SET: set(t, new, a); break;
        case HOOK_TEST: test(t, new, a); break;
        case HOOK_REVOKE: revoke_old(t, new, a); break;
        case HOOK_RECONCILE: reconcile(t, new, a); break;
        case HOOK_PREPARE:
        case HOOK_STEPS: break;
        }
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        static const char *const known[] = {"set", "probe", "only_one", NULL};
        static const struct http_hook hook = {known, check_config, run_step};
        http_run(&hook, step, in, a);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {"http-set", description, run, false};
        return hook_main(&hook, argc, argv);
}

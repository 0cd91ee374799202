/* A workload starts anew when its pods' template changes: an annotation of ours does, with a mark that is the same
 * for every attempt of one rotation, so that a repeat starts nothing twice. */
#include "rotators/hooks/kube.h"
#include "rotators/hooks/pointer.h"
#include <string.h>

MUST_CHECK static bool mark_template(const struct kube *k, const char *path, const char *mark, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes body = BYTES_NONE;
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        bytes_add_text(&body, "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"breakglass/rotation\":");
        bytes_add_json(&body, span_text(mark));
        bytes_add_text(&body, "}}}}}");
        struct web_call c = {.method = "PATCH", .body = bytes_span(&body)};
        if (!kube_call(k, &c, path, "application/merge-patch+json", &got, a))
                return false;
        if (got.status != 200)
                web_refuse(&got, &c, "starting a workload anew", "", a);
        return got.status == 200;
}

static int64_t number_at(struct span json, const char *pointer)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        return pointer_plain(json, pointer, &text) ? strtoll(bytes_text(&text), NULL, 10) : 0;
}

/* The controller has seen the change, and every pod there is runs on it (apps/v1 status). */
static bool is_rolled_out(struct span body, const char *plural)
{
        if (number_at(body, "/status/observedGeneration") < number_at(body, "/metadata/generation"))
                return false;
        if (!strcmp(plural, "daemonsets")) {
                int64_t wanted = number_at(body, "/status/desiredNumberScheduled");
                return number_at(body, "/status/updatedNumberScheduled") == wanted &&
                       number_at(body, "/status/numberAvailable") == wanted;
        }
        int64_t wanted = number_at(body, "/spec/replicas");
        return number_at(body, "/status/updatedReplicas") == wanted &&
               number_at(body, "/status/replicas") == wanted &&
               number_at(body, "/status/availableReplicas") == wanted;
}

MUST_CHECK static bool wait_for(const struct kube *k, const char *path, const char *plural, struct hook_answer *a)
{
        do {
                CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
                struct web_call c = {.method = "GET", .is_question = true};
                if (!kube_call(k, &c, path, NULL, &got, a))
                        return false;
                if (got.status != 200) {
                        web_refuse(&got, &c, "looking at a workload", "", a);
                        return false;
                }
                if (is_rolled_out(https_body(&got), plural))
                        return true;
        } while (web_pause(k->web.in));
        hook_fail(a, PLUGIN_TRY_AGAIN, "pods that began before the change are still running: %s", path);
        return false;
}

bool kube_restart(const struct kube *k, const char *mark, struct hook_answer *a)
{
        for (int is_waiting = 0; is_waiting < 2; is_waiting++) {
                json_t *item;
                size_t i;
                json_array_foreach (k->restart, i, item) {
                        CLEANUP_BYTES struct bytes path = BYTES_NONE;
                        const char *plural, *name;
                        if (!kube_workload(json_string_value(item), &plural, &name))
                                return false;
                        bytes_printf(&path, "/apis/apps/v1/namespaces/%s/%s/%s", bytes_text(&k->namespace_), plural,
                                     name);
                        if (is_waiting ? !wait_for(k, bytes_text(&path), plural, a)
                                       : !mark_template(k, bytes_text(&path), mark, a))
                                return false;
                }
        }
        return true;
}

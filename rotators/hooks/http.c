/* The hook for keys that a web API makes by itself and of which several work side by side ("key rolling"): create a
 * second one, use it, delete the first. The configuration describes the calls `create`, `probe`, and `list`, `delete`
 * where the API has them.
 *
 * Keys that we make bear a mark, so that those of others are never touched and one whose answer was lost is found.
 * The handle is the key's id. */
#include "rotators/hooks/http_target.h"
#include <string.h>

static const char description[] =
        "{\"hook\":\"http\",\"contract\":1,\"steps\":[\"check\",\"prepare\",\"set\",\"test\",\"revoke\","
        "\"reconcile\"],\"slots\":2,\"config\":{\"required\":[\"url\",\"create\",\"probe\"],\"optional\":["
        "\"list\",\"delete\",\"token_file\",\"ca_file\",\"proxy_url\",\"field\"]},"
        "\"value\":{\"kind\":\"target\",\"field\":\"password\",\"public\":[\"id\"]}}";

MUST_CHECK static enum err check_config(const struct http_target *t)
{
        static const char *const of_create[] = {"!value", "!id", NULL}, *const of_probe[] = {"dead", NULL};
        static const char *const of_list[] = {"!items", "!id", "!mark", "more", NULL}, *const of_delete[] = {NULL};
        enum err e;
        if ((e = http_check_call(t, "create", of_create)) != OK ||
            (e = http_check_call(t, "probe", of_probe)) != OK ||
            (http_has(t, "list") && (e = http_check_call(t, "list", of_list)) != OK) ||
            (http_has(t, "delete") && (e = http_check_call(t, "delete", of_delete)) != OK))
                return e;
        if (!http_uses(t, "probe", "{value}"))
                return err_because(ERR_CONFIG, "config: `probe` must use {value}");
        if (http_has(t, "list") != http_has(t, "delete") ||
            (http_has(t, "list") && (!http_uses(t, "create", "{mark}") || !http_uses(t, "delete", "{id}"))))
                return err_because(ERR_CONFIG, "config: `list` and `delete` belong together: `create` then gives the "
                                               "key its {mark}, and `delete` uses {id}");
        if (!http_has(t, "list") && !http_uses(t, "create", "{idempotency_key}"))
                return err_because(ERR_CONFIG, "config: without `list`, `create` must use {idempotency_key}: a lost "
                                               "answer would leave a key that nobody knows");
        return OK;
}

/* ---- which key is in use ---- */

static const struct http_item *find_item(const struct http_items *items, const char *id)
{
        for (size_t i = 0; i < items->n; i++)
                if (!strcmp(items->item[i].id, id))
                        return &items->item[i];
        return NULL;
}

static size_t count_marked(const struct http_items *items, const struct http_item **ret_last)
{
        size_t n = 0;
        for (size_t i = 0; i < items->n; i++) {
                if (items->item[i].is_marked)
                        *ret_last = &items->item[i];
                n += items->item[i].is_marked;
        }
        return n;
}

/* What to do, with the keys by their names: whoever reads it can look at nothing else. */
static void want_a_person(const struct http_target *t, const struct http_items *items, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;
        size_t n = 0;
        for (size_t i = 0; i < items->n && names.n < 100; i++)
                if (items->item[i].is_marked)
                        bytes_printf(&names, "%s%.60s", n++ ? ", " : "", items->item[i].id);
        hook_fail(
                a, PLUGIN_MISCONFIGURED,
                "the service's %s named %s: %s, and nothing says which is in use: a person has to delete there what "
                "nobody uses (or open the credential, and hand its `id` over at the close)",
                n == 1 ? "key" : "keys", t->mark, bytes_text(&names));
}

/* By what was handed over or known before, or as the only marked one (not for a deletion, and not where people sealed
 * the value in use: then what bears our mark was made by a rotation and lost). *ret is NULL where none of ours is
 * there. False with an answer when it cannot be told. */
MUST_CHECK static bool find_in_use(const struct http_target *t, bool may_guess, struct http_items *items,
                                   const char **ret, struct hook_answer *a)
{
        const char *named = hook_slot_in_use(t->web.in, "id");
        const struct http_item *marked = NULL;
        *ret = named;
        if (!http_has(t, "list"))
                return true;
        if (!http_list(t, items, a))
                return false;
        size_t n = count_marked(items, &marked);
        if (n == 0 || (named && find_item(items, named)))
                return true;
        if (!named && may_guess && n == 1 && !t->web.in->is_old_by_hand) {
                *ret = marked->id;
                return true;
        }
        want_a_person(t, items, a);
        return false;
}

static void check(const struct http_target *t, struct hook_answer *a)
{
        struct http_items items = {0};
        const char *in_use = NULL;
        if (!http_probe_tells(t, a) || !find_in_use(t, true, &items, &in_use, a))
                return;
        hook_ok(a, NULL);
        bytes_add_text(&a->handle, in_use ? in_use : "");
}

/* ---- the new key ---- */

/* What bears our mark beside the key in use was left by a `prepare` whose answer was lost. */
MUST_CHECK static bool delete_orphans(const struct http_target *t, const struct http_items *items, const char *in_use,
                                      struct hook_answer *a)
{
        for (size_t i = 0; i < items->n; i++) {
                CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
                const struct http_words words = {.id = items->item[i].id};
                if (items->item[i].is_marked && strcmp(words.id, in_use) != 0 &&
                    !http_do(t, "delete", &words, true, &got, a))
                        return false;
        }
        return true;
}

static void prepare(const struct http_target *t, struct hook_answer *a)
{
        struct http_items items = {0};
        const char *in_use = NULL;
        CLEANUP_BYTES struct bytes id = BYTES_NONE, field = BYTES_NONE;
        CLEANUP_SECRET struct secret value = SECRET_NONE;
        if (!find_in_use(t, false, &items, &in_use, a) || !delete_orphans(t, &items, in_use, a) ||
            !http_create(t, &value, &id, a))
                return;
        if (hook_config(t->web.in, "field", "password", &field) != OK ||
            hook_answer_field(a, bytes_text(&field), value.bytes, value.len - 1) != OK ||
            hook_answer_field(a, "id", id.p, id.n) != OK) {
                hook_fail(a, PLUGIN_UNKNOWN, "the new key could not be handed on");
                return;
        }
        hook_ok(a, NULL);
        bytes_add_span(&a->handle, bytes_span(&id));
}

static void test(const struct http_target *t, const struct hook_field *new, struct hook_answer *a)
{
        enum http_verdict v;
        do
                v = http_probe(t, span_of(new->value, new->len), a);
        while (v == HTTP_DEAD && web_pause(t->web.in)); /* a new key may not be known everywhere at once */
        if (v == HTTP_WORKS)
                hook_ok(a, "works");
        else if (v == HTTP_DEAD)
                hook_fail(a, PLUGIN_FAILED, "the service refuses the new key");
}

/* It was created working; what is left is to see that it still is. */
static void set(const struct http_target *t, const struct hook_field *new, struct hook_answer *a)
{
        test(t, new, a);
        if (a->exit == PLUGIN_OK)
                hook_ok(a, NULL);
}

static void reconcile(const struct http_target *t, const struct hook_field *new, struct hook_answer *a)
{
        enum http_verdict v = http_probe(t, span_of(new->value, new->len), a);
        if (v != HTTP_UNSURE)
                hook_ok(a, v == HTTP_WORKS ? "pending" : "other");
}

/* ---- the old key ---- */

/* Whether the key is gone at the target; false with an answer when it is not. */
MUST_CHECK static bool end_key(const struct http_target *t, const char *id, struct hook_answer *a)
{
        CLEANUP_HTTPS_ANSWER struct https_answer got = {0};
        struct http_items items = {0};
        const struct http_words words = {.id = id};
        if (!http_do(t, "delete", &words, true, &got, a) || !http_list(t, &items, a))
                return false;
        if (find_item(&items, id))
                hook_fail(a, PLUGIN_TRY_AGAIN, "the old key is still listed");
        return !find_item(&items, id);
}

static void try_old(const struct http_target *t, const struct hook_field *old, struct hook_answer *a)
{
        enum http_verdict v;
        do
                v = http_probe(t, span_of(old->value, old->len), a);
        while (v == HTTP_WORKS && web_pause(t->web.in));
        if (v == HTTP_DEAD)
                hook_ok(a, "refused");
        else if (v == HTTP_WORKS)
                hook_fail(a, PLUGIN_FAILED, "the old key still works");
}

static void revoke_old(const struct http_target *t, const struct hook_field *new, struct hook_answer *a)
{
        const struct hook_input *in = t->web.in;
        const char *id = hook_slot_in_use(in, "id");
        const struct hook_field *new_id = hook_field(&in->pending, "id"), *old = hook_opened(in);
        if (id && new_id && !strcmp(id, (const char *)new_id->value)) {
                hook_fail(a, PLUGIN_FAILED, "the old key is the new one");
                return;
        }
        if (!http_probe_tells(t, a))
                return;
        test(t, new, a); /* a service that refuses everything proves nothing about the old key */
        bool can_delete = id && http_has(t, "delete");
        if (a->exit != PLUGIN_OK || (can_delete && !end_key(t, id, a)))
                return;
        if (old)
                try_old(t, old, a);
        else
                hook_ok(a, can_delete ? "replaced" : "unproven");
}

/* ---- steps ---- */

static void run_step(enum hook_step step, const struct http_target *t, struct hook_answer *a)
{
        const struct hook_field *new = NULL;
        if (step != HOOK_CHECK && step != HOOK_PREPARE && !(new = hook_pending(t->web.in, a)))
                return;
        switch (step) {
        case HOOK_CHECK: check(t, a); break;
        case HOOK_PREPARE: prepare(t, a); break;
        case HOOK_SET: set(t, new, a); break;
        case HOOK_TEST: test(t, new, a); break;
        case HOOK_REVOKE: revoke_old(t, new, a); break;
        case HOOK_RECONCILE: reconcile(t, new, a); break;
        case HOOK_STEPS: break;
        }
        const struct hook_field *id = new ? hook_field(&t->web.in->pending, "id") : NULL;
        if (a->exit == PLUGIN_OK && id && id->len <= HANDLE_MAX)
                bytes_add_text(&a->handle, (const char *)id->value);
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        static const char *const known[] = {"create", "probe", "list", "delete", NULL};
        static const struct http_hook hook = {known, check_config, run_step};
        http_run(&hook, step, in, a);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {"http", description, run, true};
        return hook_main(&hook, argc, argv);
}

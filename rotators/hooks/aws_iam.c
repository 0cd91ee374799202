/* The hook for an IAM user's access keys. IAM keeps two: `prepare` makes the second, `revoke` deletes the first.
 *
 * The handle is the access key's id. IAM is eventually consistent: a new key may be unknown for some seconds, an old
 * one may be let in for some more, so that both are asked again until the step's time is over. */
#include "rotators/hooks/aws.h"
#include <string.h>

#define ID     "access_key_id"
#define SECRET "secret_access_key"

static const char description[] =
        "{\"hook\":\"aws-iam\",\"contract\":1,\"steps\":[\"check\",\"prepare\",\"set\",\"test\",\"revoke\","
        "\"reconcile\"],\"slots\":2,\"config\":{\"required\":[\"user\",\"admin_key_id\",\"admin_secret_file\"],"
        "\"optional\":[\"region\",\"iam_url\",\"sts_url\",\"admin_session_token_file\",\"ca_file\",\"proxy_url\"]},"
        "\"value\":{\"kind\":\"target\",\"field\":\"" SECRET "\",\"public\":[\"" ID "\"]}}";

struct pair {
        const char *id, *secret;
};

/* False where the fields are not both there. */
static bool read_pair(const struct hook_fields *fields, struct pair *ret)
{
        const struct hook_field *id = hook_field(fields, ID), *secret = hook_field(fields, SECRET);
        if (!id || !secret || id->len < 16 || id->len > AWS_ID_MAX || secret->len == 0 ||
            strspn((const char *)id->value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz") !=
                    id->len ||
            memchr(secret->value, 0, secret->len))
                return false;
        *ret = (struct pair){(const char *)id->value, (const char *)secret->value};
        return true;
}

/* ---- which key is in use ---- */

/* What to do, with the keys by their names. */
static void want_a_person(const struct aws *w, const struct aws_keys *keys, const char *named, struct hook_answer *a)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;
        for (size_t i = 0; i < keys->n; i++)
                bytes_printf(&names, "%s%.60s", i ? ", " : "", keys->key[i].id);
        if (named)
                hook_fail(a, PLUGIN_MISCONFIGURED,
                          "the key %.60s that is in use is not among the keys of %s (%s): a person has to look",
                          named, bytes_text(&w->user), bytes_text(&names));
        else
                hook_fail(
                        a, PLUGIN_MISCONFIGURED,
                        "%s has the keys %s, and nothing says which is in use: a person has to delete the other (aws "
                        "iam delete-access-key --user-name %s --access-key-id …)",
                        bytes_text(&w->user), bytes_text(&names), bytes_text(&w->user));
}

/* The keys, and which of them is in use: by what the opener handed over, by what was known before, or because it is
 * the only one (not for a deletion). *ret is NULL where there is no key at all. False with an answer when it cannot
 * be told. */
MUST_CHECK static bool find_in_use(const struct aws *w, const struct hook_input *in, bool may_guess,
                                   struct aws_keys *keys, const char **ret, struct hook_answer *a)
{
        const char *named = hook_slot_in_use(in, ID);
        if (!aws_list(w, keys, a))
                return false;
        if (aws_find(keys, bytes_text(&w->admin_key_id))) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "config: `admin_key_id` must not be a key of the user itself");
                return false;
        }
        if (keys->n == 0 || (named && aws_find(keys, named))) {
                *ret = named;
                return true;
        }
        if (!named && may_guess && keys->n == 1) {
                *ret = keys->key[0].id;
                return true;
        }
        want_a_person(w, keys, named, a);
        return false;
}

static void check(const struct aws *w, const struct hook_input *in, struct hook_answer *a)
{
        struct aws_keys keys = {0};
        const char *in_use = NULL;
        if (!find_in_use(w, in, true, &keys, &in_use, a))
                return;
        hook_ok(a, NULL);
        bytes_add_text(&a->handle, in_use ? in_use : "");
}

/* What lies beside the key in use was left by a `prepare` whose answer was lost: its secret is known to nobody. */
MUST_CHECK static bool delete_others(const struct aws *w, const struct aws_keys *keys, const char *in_use,
                                     struct hook_answer *a)
{
        for (size_t i = 0; i < keys->n; i++)
                if (strcmp(keys->key[i].id, in_use) != 0 && !aws_delete(w, keys->key[i].id, a))
                        return false;
        return true;
}

static void prepare(const struct aws *w, const struct hook_input *in, struct hook_answer *a)
{
        struct aws_keys keys = {0};
        const char *in_use = NULL;
        CLEANUP_BYTES struct bytes id = BYTES_NONE;
        CLEANUP_SECRET struct secret secret = SECRET_NONE;
        if (!find_in_use(w, in, false, &keys, &in_use, a) || !delete_others(w, &keys, in_use, a) ||
            !aws_create(w, &id, &secret, a))
                return;
        if (hook_answer_field(a, ID, id.p, id.n) != OK ||
            hook_answer_field(a, SECRET, secret.bytes, secret.len) != OK) {
                hook_fail(a, PLUGIN_UNKNOWN, "no locked memory for the new key");
                return;
        }
        hook_ok(a, NULL);
        bytes_add_span(&a->handle, bytes_span(&id));
}

/* ---- the new key ---- */

static void set(const struct aws *w, const struct pair *new, struct hook_answer *a)
{
        struct aws_keys keys = {0};
        if (!aws_list(w, &keys, a))
                return;
        const struct aws_key *key = aws_find(&keys, new->id);
        if (!key) {
                hook_fail(a, PLUGIN_FAILED, "the new key is not among the user's keys");
                return;
        }
        if (!key->is_active && !aws_set_active(w, new->id, true, a))
                return;
        hook_ok(a, NULL);
        bytes_add_text(&a->handle, new->id);
}

static void test(const struct aws *w, const struct hook_input *in, const struct pair *new, struct hook_answer *a)
{
        enum aws_login login;
        do
                login = aws_try(w, new->id, new->secret, a);
        while (login == AWS_NO_SUCH_KEY && web_pause(in));
        if (login == AWS_IN)
                hook_ok(a, "works");
        else if (login == AWS_IN_AS_ANOTHER)
                hook_fail(a, PLUGIN_MISCONFIGURED, "the new key is of another user than `user`");
        else if (login != AWS_UNSURE)
                hook_fail(a, PLUGIN_FAILED, "AWS refuses the new key");
        if (login == AWS_IN && a->handle.n == 0)
                bytes_add_text(&a->handle, new->id);
}

/* ---- the old key ---- */

/* Inactive first: that can be taken back, should a person still have to. */
MUST_CHECK static bool end_key(const struct aws *w, const char *id, struct hook_answer *a)
{
        struct aws_keys keys = {0};
        if (!aws_list(w, &keys, a))
                return false;
        const struct aws_key *key = aws_find(&keys, id);
        if (key && ((key->is_active && !aws_set_active(w, id, false, a)) || !aws_delete(w, id, a)))
                return false;
        if (!aws_list(w, &keys, a))
                return false;
        if (aws_find(&keys, id))
                hook_fail(a, PLUGIN_TRY_AGAIN, "the old key is still listed");
        return !aws_find(&keys, id);
}

/* It is deleted: what was handed over must be refused by its id, not only for a wrong secret. */
static void try_old(const struct aws *w, const struct hook_input *in, const struct pair *old, struct hook_answer *a)
{
        enum aws_login login;
        do
                login = aws_try(w, old->id, old->secret, a);
        while ((login == AWS_IN || login == AWS_WRONG_SECRET) && web_pause(in));
        if (login == AWS_NO_SUCH_KEY)
                hook_ok(a, "refused");
        else if (login != AWS_UNSURE)
                hook_fail(a, PLUGIN_FAILED, "AWS still knows the old key");
}

static void revoke_old(const struct aws *w, const struct hook_input *in, const struct pair *new,
                       struct hook_answer *a)
{
        const char *id = hook_slot_in_use(in, ID);
        struct pair old = {NULL, NULL};
        bool is_handed_over = read_pair(&in->opened, &old);
        if (id && !strcmp(id, new->id)) {
                hook_fail(a, PLUGIN_FAILED, "the old key is the new one");
                return;
        }
        test(w, in, new, a); /* a service that refuses everything proves nothing about the old key */
        if (a->exit != PLUGIN_OK)
                return;
        if (!id)
                hook_ok(a, "unproven");
        else if (!end_key(w, id, a))
                return;
        else if (is_handed_over)
                try_old(w, in, &old, a);
        else
                hook_ok(a, "replaced");
}

static void reconcile(const struct aws *w, const struct pair *new, struct hook_answer *a)
{
        struct aws_keys keys = {0};
        if (!aws_list(w, &keys, a))
                return;
        const struct aws_key *key = aws_find(&keys, new->id);
        hook_ok(a, key && key->is_active ? "pending" : "other");
        if (key)
                bytes_add_text(&a->handle, new->id);
}

/* ---- steps ---- */

static void run_step(enum hook_step step, const struct aws *w, const struct hook_input *in, struct hook_answer *a)
{
        struct pair new = {NULL, NULL};
        if (step != HOOK_CHECK && step != HOOK_PREPARE && !read_pair(&in->pending, &new)) {
                hook_fail(a, PLUGIN_MISCONFIGURED, "the pending version has no usable `" ID "` and `" SECRET "`");
                return;
        }
        switch (step) {
        case HOOK_CHECK: check(w, in, a); break;
        case HOOK_PREPARE: prepare(w, in, a); break;
        case HOOK_SET: set(w, &new, a); break;
        case HOOK_TEST: test(w, in, &new, a); break;
        case HOOK_REVOKE: revoke_old(w, in, &new, a); break;
        case HOOK_RECONCILE: reconcile(w, &new, a); break;
        case HOOK_STEPS: break;
        }
}

static void run(enum hook_step step, const struct hook_input *in, struct hook_answer *a)
{
        struct aws w = {0};
        if (aws_config(in, &w) == OK)
                run_step(step, &w, in, a);
        else
                hook_fail(a, PLUGIN_MISCONFIGURED, "%s", err_reason());
        aws_done(&w);
}

int main(int argc, char **argv)
{
        static const struct hook hook = {"aws-iam", description, run, true};
        return hook_main(&hook, argc, argv);
}

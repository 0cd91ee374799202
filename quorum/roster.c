#include "quorum/paging.h"
#include "quorum/roster_index.h"
#include <string.h>

/* Every element begins with its name. */
static int by_name(const void *a, const void *b)
{
        return strcmp(**(const char *const *const *)a, **(const char *const *const *)b);
}

static int by_signs(const void *a, const void *b)
{
        return memcmp((*(const struct person *const *)a)->signs.b, (*(const struct person *const *)b)->signs.b,
                      KEY_BYTES);
}

static const void *sorted(const void *elements, size_t n, size_t size, int (*order)(const void *, const void *))
{
        const void **p = mem_new(n + 1, sizeof(*p));

        for (size_t i = 0; i < n; i++)
                p[i] = (const unsigned char *)elements + i * size;
        qsort(p, n, sizeof(*p), order);
        return p;
}

static void index_clear(struct roster_index *x)
{
        free(x->by_name);
        free(x->by_signs);
        free(x->emergency);
        free(x->policy);
        free(x->credential);
}

void roster_sort(struct roster *r)
{
        struct roster_index *x = r->owned_;

        if (x)
                index_clear(x);
        else
                r->owned_ = x = mem_new(1, sizeof(*x));
        x->by_name = (void *)sorted(r->people, r->n_people, sizeof(*r->people), by_name);
        x->by_signs = (void *)sorted(r->people, r->n_people, sizeof(*r->people), by_signs);
        x->emergency = (void *)sorted(r->emergencies, r->n_emergencies, sizeof(*r->emergencies), by_name);
        x->policy = (void *)sorted(r->policies, r->n_policies, sizeof(*r->policies), by_name);
        x->credential = (void *)sorted(r->credentials, r->n_credentials, sizeof(*r->credentials), by_name);
}

static const void *find(const void *pointers, size_t n, const char *name)
{
        const char *const *key = &name;
        const void *const *hit = bsearch(&key, pointers, n, sizeof(void *), by_name);

        return hit ? *hit : NULL;
}

const struct person *roster_person(const struct roster *r, const char *name)
{
        const struct roster_index *x = r->owned_;

        return find(x->by_name, r->n_people, name);
}

const struct person *roster_person_by_signs(const struct roster *r, const struct key *signs)
{
        const struct roster_index *x = r->owned_;
        const struct person wanted = {.signs = *signs}, *key = &wanted;
        const struct person *const *hit = bsearch(&key, x->by_signs, r->n_people, sizeof(key), by_signs);

        return hit ? *hit : NULL;
}

const struct emergency *roster_emergency(const struct roster *r, const char *id)
{
        const struct roster_index *x = r->owned_;

        return find(x->emergency, r->n_emergencies, id);
}

const struct policy *roster_policy(const struct roster *r, const char *name)
{
        const struct roster_index *x = r->owned_;

        return find(x->policy, r->n_policies, name);
}

const struct credential *roster_credential(const struct roster *r, const char *name)
{
        const struct roster_index *x = r->owned_;

        return find(x->credential, r->n_credentials, name);
}

const struct policy *roster_policy_of(const struct roster *r, const char *credential)
{
        const struct credential *c = roster_credential(r, credential);

        return c ? roster_policy(r, c->policy) : NULL;
}

bool name_list_has(const struct name_list *l, const char *name)
{
        for (size_t i = 0; i < l->n; i++)
                if (strcmp(l->name[i], name) == 0)
                        return true;
        return false;
}

bool roster_is_admin(const struct roster *r, const char *name)
{
        return name_list_has(&r->admins, name);
}

static void free_policy(struct policy *p)
{
        free(p->holders.name);
        free(p->requesters.name);
        free(p->emergencies.name);
        free(p->rotators.name);
        free(p->from.name);
}

static void free_credential(struct credential *c)
{
        free(c->sealers.name);
        free(c->tags.name);
        bytes_done(&c->hook_config);
}

void roster_free(struct roster *r)
{
        if (!r)
                return;
        for (size_t i = 0; i < r->n_people; i++)
                free(r->people[i].contacts);
        for (size_t i = 0; i < r->n_policies; i++)
                free_policy(&r->policies[i]);
        for (size_t i = 0; i < r->n_credentials; i++)
                free_credential(&r->credentials[i]);
        free(r->admins.name);
        free(r->people);
        free(r->emergencies);
        free(r->policies);
        free(r->credentials);
        paging_free(r->paging);
        free(r->paging_error);
        bytes_done(&r->yaml);
        yaml_free(r->tree);
        if (r->owned_)
                index_clear(r->owned_);
        free(r->owned_);
        free(r);
}

#include "quorum/paging.h"
#include <string.h>

void paging_add(struct name_list *l, const char *name)
{
        if (name_list_has(l, name))
                return;
        l->name = mem_grow(l->name, l->n + 1, sizeof(*l->name));
        l->name[l->n++] = name;
}

static void add_all(struct name_list *to, const struct name_list *from)
{
        for (size_t i = 0; i < from->n; i++)
                paging_add(to, from->name[i]);
}

void paging_targets_done(struct paging_targets *t)
{
        free(t->channels.name);
        free(t->people.name);
        *t = (struct paging_targets){0};
}

const struct paging_channel *paging_channel(const struct paging *p, const char *name)
{
        for (size_t i = 0; p && i < p->n_channels; i++)
                if (strcmp(p->channels[i].name, name) == 0)
                        return &p->channels[i];
        return NULL;
}

const struct paging_receiver *paging_receiver(const struct paging *p, const char *name)
{
        for (size_t i = 0; p && i < p->n_receivers; i++)
                if (strcmp(p->receivers[i].name, name) == 0)
                        return &p->receivers[i];
        return NULL;
}

const struct escalation *paging_escalation(const struct roster *r, const char *policy)
{
        const struct policy *p = roster_policy(r, policy);
        const struct escalation *e = p && r->paging ? &r->paging->escalations[p - r->policies] : NULL;

        return e && e->n ? e : NULL;
}

/* A receiver goes before a channel, a channel before a person of the same name. */
static void add_name(const struct paging *p, const char *name, struct paging_targets *ret)
{
        const struct paging_receiver *receiver = paging_receiver(p, name);

        if (receiver) {
                add_all(&ret->channels, &receiver->channels);
                add_all(&ret->people, &receiver->people);
        } else if (paging_channel(p, name)) {
                paging_add(&ret->channels, name);
        } else {
                paging_add(&ret->people, name);
        }
}

void paging_resolve(const struct roster *r, const struct name_list *to, struct paging_targets *ret)
{
        for (size_t i = 0; i < to->n; i++)
                add_name(r->paging, to->name[i], ret);
}

static bool fits(const struct name_list *wanted, const char *is)
{
        return wanted->n == 0 || (is && name_list_has(wanted, is));
}

static bool matches(const struct paging_route *route, const struct paging_about *a)
{
        return fits(&route->kinds, a->kind) && fits(&route->severities, a->severity) &&
               fits(&route->policies, a->policy) && fits(&route->credentials, a->credential);
}

bool paging_is_everybody(const struct paging_targets *t)
{
        return t->is_everybody || (t->channels.n == 0 && t->people.n > 0);
}

void paging_route_to(const struct roster *r, const struct paging_about *about, struct paging_targets *ret)
{
        const struct paging *p = r->paging;
        bool has_match = false;

        for (size_t i = 0; p && i < p->n_routes; i++) {
                if (!matches(&p->routes[i], about))
                        continue;
                has_match = true;
                paging_resolve(r, &p->routes[i].receivers, ret);
                if (!p->routes[i].goes_on)
                        return;
        }
        if (has_match)
                return;
        if (p && p->has_default)
                paging_resolve(r, &p->otherwise, ret);
        else
                ret->is_everybody = true;
}

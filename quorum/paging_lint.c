#include "base/clock.h"
#include "quorum/lint.h"
#include "quorum/paging.h"
#include <string.h>

static void lint_channels(const struct lint *l)
{
        if (l->r->paging->n_channels == 0)
                lint_say(l,
                         "notify: no channel is named; the broker pages by all it has, and nobody signed which those "
                         "are");
        for (size_t i = 0; i < l->r->paging->n_channels; i++)
                if (!l->r->paging->channels[i].domain && l->r->paging->n_channels > 1)
                        lint_say(l, "notify: channel %s doesn't say its `domain`, what it fails together with",
                                 l->r->paging->channels[i].name);
}

/* ---- openings, by policy ---- */

/* The domains of the channels; those that don't say theirs count as one. */
static void add_domains(const struct lint *l, const struct paging_targets *t, struct name_list *ret)
{
        bool all = paging_is_everybody(t);

        for (size_t i = 0; i < l->r->paging->n_channels; i++)
                if (all || name_list_has(&t->channels, l->r->paging->channels[i].name))
                        paging_add(ret,
                                   l->r->paging->channels[i].domain ? l->r->paging->channels[i].domain : "not said");
}

static void route(const struct lint *l, const char *kind, const char *severity, const struct policy *p,
                  const char *credential, struct paging_targets *ret)
{
        const struct paging_about about = {kind, severity, p->name, credential};

        paging_route_to(l->r, &about, ret);
}

static bool is_nobody(const struct paging_targets *t)
{
        return !paging_is_everybody(t) && t->channels.n == 0;
}

/* true: something was said. */
static bool lint_opened(const struct lint *l, const struct policy *p, const char *credential)
{
        CLEANUP_TARGETS struct paging_targets t = {0};
        struct name_list domains = {0};

        route(l, "opened", "critical", p, credential, &t);
        add_domains(l, &t, &domains);
        if (is_nobody(&t))
                lint_say(l,
                         "policy %s: `notify` pages nobody when its glass is broken; the broker then pages everybody",
                         p->name);
        else if (domains.n == 1)
                lint_say(l,
                         "policy %s: only one failure domain (%s) is paged when its glass is broken; when it is down "
                         "nobody hears",
                         p->name, domains.name[0]);
        free(domains.name);
        return is_nobody(&t) || domains.n == 1;
}

static bool lint_requested(const struct lint *l, const struct policy *p, const char *credential)
{
        CLEANUP_TARGETS struct paging_targets t = {0};

        route(l, "requested", "warning", p, credential, &t);
        if (is_nobody(&t))
                lint_say(l, "policy %s: `notify` pages nobody when somebody asks", p->name);
        return is_nobody(&t);
}

/* Once a policy, whichever of its credentials it is true of. */
static void lint_routes(const struct lint *l, const struct policy *p,
                        bool (*one)(const struct lint *, const struct policy *, const char *))
{
        if (one(l, p, NULL))
                return;
        for (size_t i = 0; i < l->r->n_credentials; i++)
                if (strcmp(l->r->credentials[i].policy, p->name) == 0 && one(l, p, l->r->credentials[i].name))
                        return;
}

/* ---- escalation ---- */

static void lint_people(const struct lint *l, const struct policy *p, const char *after, const struct name_list *to)
{
        CLEANUP_TARGETS struct paging_targets t = {0};

        paging_resolve(l->r, to, &t);
        for (size_t i = 0; i < t.people.n; i++)
                if (roster_person(l->r, t.people.name[i])->n_contacts == 0)
                        lint_say(l, "policy %s: escalate after %s names %s, who has no `contact`", p->name, after,
                                 t.people.name[i]);
}

static void lint_escalation(const struct lint *l, const struct policy *p)
{
        const struct escalation *e = paging_escalation(l->r, p->name);
        char after[DURATION_TEXT];

        if (!e)
                lint_say(l, "policy %s: no `escalate`; when nobody answers, nobody else is paged", p->name);
        for (size_t i = 0; e && i < e->n; i++) {
                duration_format(e->step[i].after_ms, after);
                if (e->step[i].to.n == 0)
                        lint_say(l, "policy %s: escalate after %s names nobody", p->name, after);
                if (e->step[i].after_ms >= p->request_for_ms)
                        lint_say(l, "policy %s: escalate after %s never comes, its requests end before", p->name,
                                 after);
                lint_people(l, p, after, &e->step[i].to);
        }
}

void paging_lint(const struct roster *r, void (*warn)(void *context, const char *sentence), void *context)
{
        const struct lint l = {r, warn, context};

        if (!r->paging) {
                lint_say(&l, "notify, escalate: %s; the broker pages everybody about everything", r->paging_error);
                return;
        }
        lint_channels(&l);
        for (size_t i = 0; i < r->n_policies; i++) {
                const struct policy *p = &r->policies[i];

                if (r->paging->n_channels > 0) {
                        lint_routes(&l, p, lint_opened);
                        lint_routes(&l, p, lint_requested);
                }
                lint_escalation(&l, p);
        }
}

#include "quorum/lint.h"
#include "quorum/paging.h"
#include <string.h>

#define VALUE_SHORT 16u

static void lint_admins(const struct lint *l)
{
        const struct roster *r = l->r;

        if (r->admins_need == 1)
                lint_say(l, "admins: one admin alone can change the roster");
        else if (r->admins_need == r->admins.n)
                lint_say(l, "admins: all %u must sign, so that one who is away stops every change", r->admins_need);
}

static const char *team_of(const struct person *p)
{
        return p->team;
}

static const char *zone_of(const struct person *p)
{
        return p->zone;
}

/* What all holders have in common, NULL when they don't or when it isn't said of all. */
static const char *common(const struct roster *r, const struct name_list *holders,
                          const char *(*get)(const struct person *))
{
        const char *first = NULL;

        for (size_t i = 0; i < holders->n; i++) {
                const char *value = get(roster_person(r, holders->name[i]));

                if (!value || (first && strcmp(first, value) != 0))
                        return NULL;
                first = value;
        }
        return holders->n > 1 ? first : NULL;
}

static void lint_holders(const struct lint *l, const struct policy *p)
{
        const char *team = common(l->r, &p->holders, team_of), *zone = common(l->r, &p->holders, zone_of);

        if (p->approvals == p->holders.n)
                lint_say(l, "policy %s: all %u holders are needed; one who is away or lost keeps everybody out",
                         p->name, p->approvals);
        if (p->allow_single)
                lint_say(l, "policy %s: allow_single lets one holder alone open", p->name);
        if (team)
                lint_say(l, "policy %s: all holders are of team %s", p->name, team);
        if (zone)
                lint_say(l, "policy %s: all holders sleep in zone %s", p->name, zone);
}

static void lint_requesters(const struct lint *l, const struct policy *p)
{
        if (p->requesters.n == 0)
                lint_say(l, "policy %s: nobody may ask", p->name);
        if (p->emergencies.n == 0)
                lint_say(l, "policy %s: no emergency is listed, so that nobody can ask", p->name);
        if (p->holders_may_request)
                lint_say(
                        l,
                        "policy %s: holders_may_request leaves %u holders between a dishonest broker and the secret, "
                        "not %u",
                        p->name, p->approvals - 1, p->approvals);
        for (size_t i = 0; i < p->requesters.n; i++)
                if (!p->holders_may_request && name_list_has(&p->holders, p->requesters.name[i]))
                        lint_say(l, "policy %s: %s is a holder too and will be refused when asking", p->name,
                                 p->requesters.name[i]);
}

static void lint_policy(const struct lint *l, const struct policy *p)
{
        lint_holders(l, p);
        lint_requesters(l, p);
        if (p->rotators.n == 0)
                lint_say(l, "policy %s: no rotator, so that every rotation is done by hand", p->name);
        if (p->value_length > 0 && p->value_length < VALUE_SHORT)
                lint_say(l, "policy %s: new values have only %u characters", p->name, p->value_length);
}

static void lint_credential(const struct lint *l, const struct credential *c)
{
        const struct policy *p = roster_policy(l->r, c->policy);

        if (!c->opens_what)
                lint_say(l, "credential %s: opens_what is missing; approvers read it", c->name);
        if (!c->hook)
                lint_say(l, "credential %s: no hook, so that it is rotated and tested by hand", c->name);
        else if (p->rotators.n == 0)
                lint_say(l, "credential %s: its hook never runs, because policy %s has no rotator", c->name, p->name);
        if (c->sealers.n == 0)
                lint_say(l, "credential %s: nobody may seal it", c->name);
        for (size_t i = 0; i < c->sealers.n; i++)
                if (name_list_has(&p->requesters, c->sealers.name[i]))
                        lint_say(l, "credential %s: %s may ask for it and knows it already, having sealed it",
                                 c->name, c->sealers.name[i]);
}

void roster_lint(const struct roster *r, void (*warn)(void *context, const char *sentence), void *context)
{
        const struct lint l = {r, warn, context};

        lint_admins(&l);
        for (size_t i = 0; i < r->n_policies; i++)
                lint_policy(&l, &r->policies[i]);
        for (size_t i = 0; i < r->n_credentials; i++)
                lint_credential(&l, &r->credentials[i]);
        paging_lint(r, warn, context);
}

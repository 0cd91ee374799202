#include "broker/page_route.h"
#include "quorum/paging.h"
#include <string.h>

static void add_all(struct name_list *to, const struct name_list *from)
{
        for (size_t i = 0; i < from->n; i++)
                paging_add(to, from->name[i]);
}

static bool has_approved(const struct ledger *l, const struct request_view *r, const char *holder)
{
        for (size_t i = 0; i < ledger_approvals(l, r->index); i++) {
                struct approval_view a;
                ledger_approval_at(l, r->index, i, ledger_last_at(l), &a);
                if (!strcmp(a.approver, holder))
                        return true;
        }
        return false;
}

static void add_holders(const struct ledger *l, const struct request_view *r, bool all, struct name_list *ret)
{
        struct version_view v;
        if (!ledger_version_by_id(l, &r->version, &v))
                return;
        for (unsigned i = 0; i < v.fields->n_shares; i++) {
                const char *holder = v.fields->shares[i].holder;
                if (strcmp(holder, r->requester) != 0 && ledger_is_eligible(l, &v, holder) &&
                    (all || !has_approved(l, r, holder)))
                        paging_add(ret, holder);
        }
}

static void add_requesters(const struct ledger *l, const struct event *e, struct name_list *ret)
{
        for (size_t i = 0; i < ledger_requests(l); i++) {
                struct request_view r;
                ledger_request_at(l, i, e->at_ms, &r);
                if (!strcmp(r.incident, e->incident) && r.opened_at_ms)
                        paging_add(ret, r.requester);
        }
}

static void add_steps(const struct ledger *l, const struct request_view *r, struct name_list *ret)
{
        const struct roster *roster = ledger_roster(l);
        const struct credential *c = roster_credential(roster, r->credential);
        const struct escalation *e = c ? paging_escalation(roster, c->policy) : NULL;
        for (size_t i = 0; e && i < e->n; i++) {
                CLEANUP_TARGETS struct paging_targets t = {0};
                paging_resolve(roster, &e->step[i].to, &t);
                add_all(ret, &t.people);
        }
}

static void of_request(const struct event *e, const struct ledger *l, struct name_list *ret)
{
        const struct request_view *r = e->request;
        bool is_asked = !strcmp(e->kind, "requested") || !strcmp(e->kind, "escalated");
        bool is_unanswered = !strcmp(e->kind, "unanswered");
        bool is_opened = !strcmp(e->kind, "opened");
        if (is_asked || is_unanswered || is_opened)
                add_holders(l, r, is_opened, ret);
        if (is_unanswered)
                add_steps(l, r, ret);
        if (!is_asked)
                paging_add(ret, r->requester);
}

void audience_of(const struct event *e, const struct ledger *l, struct name_list *ret)
{
        const struct roster *roster = ledger_roster(l);
        const struct credential *c = e->credential ? roster_credential(roster, e->credential) : NULL;
        if (e->is_of_incident)
                add_requesters(l, e, ret);
        else if (c)
                add_all(ret, &c->sealers);
        else if (e->request)
                of_request(e, l, ret);
        else if (strcmp(e->kind, "heartbeat") != 0)
                add_all(ret, &roster->admins);
}

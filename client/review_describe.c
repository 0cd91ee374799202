/* What an approver must see, gathered from the verified log. */
#include "base/clock.h"
#include "client/review.h"
#include <string.h>

static bool approved_by(const struct review *v, const struct request_view *r, const char *who)
{
        struct approval_view a;

        for (size_t i = 0; i < ledger_approvals(v->ledger, r->index); i++) {
                ledger_approval_at(v->ledger, r->index, i, v->now_ms, &a);
                if (strcmp(a.approver, who) == 0)
                        return true;
        }
        return false;
}

static unsigned other_requests_24h(const struct review *v, const struct request_view *r)
{
        const struct ledger *l = v->ledger;
        struct request_view other;
        unsigned n = 0;

        for (size_t i = 0; i < ledger_requests(l); i++) {
                ledger_request_at(l, i, v->now_ms, &other);
                if (other.index != r->index && strcmp(other.requester, r->requester) == 0 &&
                    other.at_ms + DAY_MS > v->now_ms)
                        n++;
        }
        return n;
}

static bool opened_in(const struct review *v, const char *who, const char *incident)
{
        const struct ledger *l = v->ledger;
        struct request_view r;

        for (size_t i = 0; i < ledger_requests(l); i++) {
                ledger_request_at(l, i, v->now_ms, &r);
                if (r.opened_at_ms > 0 && strcmp(r.requester, who) == 0 && strcmp(r.incident, incident) == 0)
                        return true;
        }
        return false;
}

static unsigned debts_of(const struct review *v, const char *who)
{
        const struct ledger *l = v->ledger;
        struct incident_view i_view;
        unsigned n = 0;

        for (size_t i = 0; i < ledger_incidents(l); i++) {
                ledger_incident_at(l, i, v->now_ms, &i_view);
                n += i_view.owes_postmortem && opened_in(v, who, i_view.incident);
        }
        return n;
}

enum err review_describe(const struct review *v, const struct hash *request, struct approval_case *ret)
{
        const struct ledger *l = v->ledger;
        const struct roster *roster = ledger_roster(l);
        struct approval_case seen = {0};
        const struct version_share *mine;

        if (!ledger_request_by_id(l, request, v->now_ms, &seen.request) ||
            !ledger_version_by_id(l, &seen.request.version, &seen.version))
                return err_because(ERR_NOT_FOUND, "the log has no such request");
        seen.credential = roster_credential(roster, seen.request.credential);
        if (!seen.credential)
                return err_because(ERR_NOT_FOUND, "the roster has %s no more", seen.request.credential);
        seen.policy = roster_policy_of(roster, seen.request.credential);
        seen.emergency = roster_emergency(roster, seen.request.emergency);
        seen.roster = roster->id;
        seen.requests_24h = other_requests_24h(v, &seen.request);
        seen.debts = debts_of(v, seen.request.requester);
        if (v->me) {
                mine = version_share_of(seen.version.fields, v->me);
                seen.my_index = mine ? mine->index : 0;
                seen.wants_override = ledger_wants_override(l, request, v->me, &seen.others_spent);
                seen.i_have_approved = approved_by(v, &seen.request, v->me);
        }
        seen.opens_it = !seen.i_have_approved && seen.request.approvals + 1 == seen.request.threshold;
        *ret = seen;
        return OK;
}

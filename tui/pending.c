#include "tui/pending.h"
#include "base/clock.h"
#include "quorum/paging.h"
#include "quorum/version.h"
#include <string.h>

#define CUSTODY_FRESH_MS (60 * DAY_MS)

bool request_waits_for(const struct ledger *l, const struct request_view *r, const char *me)
{
        struct version_view v;

        if ((r->state != REQUEST_WAITING && r->state != REQUEST_READY) || strcmp(r->requester, me) == 0)
                return false;
        if (!ledger_version_by_id(l, &r->version, &v) || !ledger_is_eligible(l, &v, me))
                return false;
        for (size_t i = 0; i < ledger_approvals(l, r->index); i++) {
                struct approval_view a;

                ledger_approval_at(l, r->index, i, r->at_ms, &a);
                if (strcmp(a.approver, me) == 0)
                        return false;
        }
        return true;
}

bool request_denied_by(const struct ledger *l, const struct request_view *r, const char *me)
{
        for (size_t i = 0; i < ledger_denials(l, r->index); i++) {
                struct denial_view d;

                ledger_denial_at(l, r->index, i, &d);
                if (strcmp(d.denier, me) == 0)
                        return true;
        }
        return false;
}

bool request_has_touched(const struct request_view *r)
{
        return r->opened_n != 0 || r->approvals_ever > 0;
}

size_t requests_waiting_for(const struct ledger *l, const char *me, int64_t now_ms)
{
        size_t n = 0;

        for (size_t i = 0; i < ledger_requests(l); i++) {
                struct request_view r;

                ledger_request_at(l, i, now_ms, &r);
                n += request_waits_for(l, &r, me);
        }
        return n;
}

bool rotation_is_unfinished(const struct version_view *v, const struct rotation_view *r)
{
        if (v->is_retired || v->state == VERSION_DROPPED)
                return false;
        if (v->state == VERSION_REPLACED && v->evidence == OLD_UNPROVEN)
                return true;
        return !r->is_done && (r->due != NOT_DUE || r->is_claimed || r->is_promoted);
}

bool rotation_is_by_hand(const struct ledger *l, const char *credential)
{
        const struct credential *c = roster_credential(ledger_roster(l), credential);
        const struct policy *p = c ? roster_policy_of(ledger_roster(l), credential) : NULL;

        return !c || !c->hook || !p || p->rotators.n == 0;
}

bool incident_is_unfinished(const struct incident_view *i)
{
        return i->is_open || i->owes_postmortem;
}

bool custody_is_wanted(const struct ledger *l, const char *me, int64_t now_ms)
{
        for (size_t i = 0; i < ledger_versions(l); i++) {
                struct version_view v;

                ledger_version_at(l, i, &v);
                if (!version_is_live(&v) || !version_share_of(v.fields, me))
                        continue;
                int64_t at = ledger_custody_of_version(l, &v.id, me);

                if (at == 0 || now_ms - at > CUSTODY_FRESH_MS)
                        return true;
        }
        return false;
}

bool version_is_live(const struct version_view *v)
{
        return !v->is_retired &&
               (v->state == VERSION_CURRENT || v->state == VERSION_PENDING || v->state == VERSION_SEALED);
}

/* ---- pages and hooks ---- */

static bool has_accepted(const struct ledger *l, const char *channel)
{
        for (size_t i = 0; i < ledger_channels(l); i++) {
                struct channel_view c;

                ledger_channel_at(l, i, &c);
                if (strcmp(c.channel, channel) == 0)
                        return c.last_accepted_ms > 0;
        }
        return false;
}

void channels_never_heard(const struct ledger *l, struct name_list *ret)
{
        const struct roster *r = ledger_roster(l);

        for (size_t i = 0; r && r->paging && i < r->paging->n_channels; i++)
                if (!has_accepted(l, r->paging->channels[i].name))
                        paging_add(ret, r->paging->channels[i].name);
}

bool rotation_was_proven(const struct ledger *l, const char *credential)
{
        for (size_t i = 0; i < ledger_versions(l); i++) {
                struct version_view v;
                struct rotation_view r;

                ledger_version_at(l, i, &v);
                if (strcmp(v.fields->credential, credential) == 0 &&
                    (v.evidence == OLD_REFUSED || v.evidence == OLD_REPLACED) &&
                    ledger_rotation(l, &v.id, ledger_last_at(l), &r) && r.is_done && r.new_works)
                        return true;
        }
        return false;
}

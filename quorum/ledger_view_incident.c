/* What the ledger says when asked about incidents, rotations, channels, and what time calls for. */
#include "quorum/ledger_state.h"

/* ---- incidents ---- */

size_t ledger_incidents(const struct ledger *l)
{
        return count_incident(l);
}

static void count_one(const struct ledger *l, const struct request_row *r, int64_t now_ms, struct incident_view *ret)
{
        int64_t ended_at_ms, due_ms;
        bool has_ended = request_end_at(l, r, now_ms, &ended_at_ms) != END_NONE;
        ret->requests++;
        if (r->opened_n != 0) {
                ret->opened++;
                ret->live += !has_ended;
        }
        if (ret->first_at_ms == 0)
                ret->first_at_ms = r->at_ms;
        if (!has_ended)
                ret->is_open = true;
        else if (ended_at_ms > ret->last_ended_at_ms)
                ret->last_ended_at_ms = ended_at_ms;
        if (incident_request_owes(l, r, now_ms, &due_ms) &&
            (ret->postmortem_due_ms == 0 || due_ms < ret->postmortem_due_ms))
                ret->postmortem_due_ms = due_ms;
}

void ledger_incident_at(const struct ledger *l, size_t i, int64_t now_ms, struct incident_view *ret)
{
        const struct incident_row *row = row_incident(l, (uint32_t)i);
        *ret = (struct incident_view){
                .incident = name_text(l, row->name),
                .has_postmortem = row->has_postmortem,
                .criterion_met = (enum criterion)row->criterion,
        };
        for (uint32_t k = row->first_request; k != NONE; k = row_request(l, k)->next_of_incident)
                count_one(l, row_request(l, k), now_ms, ret);
        ret->owes_postmortem = ret->opened > 0 && !ret->is_open && !ret->has_postmortem;
        ret->is_overdue = ret->postmortem_due_ms != 0 && ret->postmortem_due_ms <= now_ms;
        ret->has_proposed_close = incident_is_proposed(row) && row->proposed_n > row->hooked_n;
        ret->proposed_deadline_ms = ret->has_proposed_close ? row->deadline_ms : 0;
}

bool ledger_incident_by_name(const struct ledger *l, const char *incident, int64_t now_ms, struct incident_view *ret)
{
        uint32_t i = incident_find(l, incident);
        if (i == NONE)
                return false;
        ledger_incident_at(l, i, now_ms, ret);
        return true;
}

/* ---- rotation ---- */

/* The version that the old one's rotation speaks of: what replaced it, what is being set, or the newest pending. */
static uint32_t partner_of(const struct ledger *l, const struct version_row *old)
{
        if (old->replaced_by != NONE)
                return old->replaced_by;
        if (old->state != VERSION_CURRENT)
                return NONE;
        uint32_t v = version_being_set(l, old->credential);
        if (v != NONE)
                return v;
        v = row_credential(l, old->credential)->last_waiting;
        while (v != NONE && row_version(l, v)->state != VERSION_PENDING)
                v = row_version(l, v)->next_waiting;
        return v;
}

static void describe_partner(const struct ledger *l, const struct version_row *p, int64_t now_ms,
                             struct rotation_view *ret)
{
        ret->has_pending = true;
        ret->pending = p->id;
        ret->set = (enum rotation_outcome)p->set;
        ret->test = (enum rotation_outcome)p->test;
        ret->revoke = (enum rotation_outcome)p->revoke;
        ret->is_promoted = p->is_promoted;
        ret->new_works = p->new_works;
        ret->has_fresh_custody = rotation_has_custody(l, p, now_ms);
}

bool ledger_rotation(const struct ledger *l, const struct hash *old_version, int64_t now_ms,
                     struct rotation_view *ret)
{
        uint32_t i = find_of_type(l, old_version, STATEMENT_VERSION);
        if (i == NONE)
                return false;
        const struct version_row *v = row_version(l, i);
        *ret = (struct rotation_view){
                .version = v->id,
                .due = rotation_due(l, i, now_ms),
                .is_claimed = v->claimed_by != NONE && now_ms < v->claimed_until_ms,
                .claimed_by = name_text(l, v->claimed_by),
                .claimed_until_ms = v->claimed_until_ms,
                .is_done = v->is_done,
                .evidence = (enum old_evidence)v->evidence,
                .wait_until_ms = rotation_wait_until(l, i, now_ms),
                .begun_at_ms = v->begun_at_ms,
                .said_at_ms = v->said_at_ms,
                .has_order = v->is_ordered,
                .order_n = v->is_ordered ? v->ordered_n - 1 : 0,
        };
        /* Of one that is over, what held when it began: everything grows old later. */
        ret->reason = rotation_reason(l, i, v->state == VERSION_CURRENT ? now_ms : v->begun_at_ms);
        ret->must_wait = ret->wait_until_ms > now_ms;
        uint32_t partner = partner_of(l, v);
        if (partner != NONE)
                describe_partner(l, row_version(l, partner), now_ms, ret);
        return true;
}

/* ---- notices ---- */

size_t ledger_channels(const struct ledger *l)
{
        return count_channel(l);
}

void ledger_channel_at(const struct ledger *l, size_t i, struct channel_view *ret)
{
        const struct channel_row *c = row_channel(l, (uint32_t)i);
        *ret = (struct channel_view){name_text(l, c->name), c->accepted_ms, c->failed_ms};
}

/* ---- duties ---- */

struct duties {
        struct duty *list;
        size_t n, max;
        int64_t next_ms;
};

static void duty_at(struct duties *d, int64_t now_ms, int64_t due_ms, struct duty what)
{
        if (due_ms > now_ms) {
                d->next_ms = due_ms < d->next_ms ? due_ms : d->next_ms;
                return;
        }
        for (size_t i = 0; what.kind == DUTY_CLOSE_WEBHOOK && i < d->n; i++)
                if (d->list[i].kind == DUTY_CLOSE_WEBHOOK && d->list[i].incident == what.incident)
                        return; /* said for another of its requests */
        if (d->n < d->max)
                d->list[d->n++] = what;
        else
                d->next_ms = now_ms; /* there is more: ask again */
}

/* A proposal ends what was asked for before it; a later request of the same incident is a new need. */
static void webhook_duty(const struct ledger *l, const struct request_row *r, int64_t now_ms, struct duties *d)
{
        const struct incident_row *i = row_incident(l, r->incident);
        if (incident_is_proposed(i) && i->proposed_n > i->hooked_n && r->n < i->proposed_n)
                duty_at(d, now_ms, i->deadline_ms,
                        (struct duty){DUTY_CLOSE_WEBHOOK, .incident = name_text(l, i->name)});
}

size_t ledger_duties(const struct ledger *l, int64_t now_ms, struct duty ret[], size_t max, int64_t *ret_next_ms)
{
        struct duties d = {ret, 0, max, INT64_MAX};
        for (uint32_t i = l->first_live; i != NONE; i = row_request(l, i)->next_live) {
                const struct request_row *r = row_request(l, i);
                int64_t ready_until_ms = request_ready_until(l, r);
                int64_t expires_ms = ready_until_ms > r->expires_at_ms ? ready_until_ms : r->expires_at_ms;
                if (r->opened_n != 0)
                        duty_at(&d, now_ms, request_access_until(r),
                                (struct duty){DUTY_CLOSE_TIME, .request = r->id});
                else
                        duty_at(&d, now_ms, expires_ms, (struct duty){DUTY_CLOSE_EXPIRED, .request = r->id});
                if (request_end_at(l, r, now_ms, NULL) == END_NONE)
                        webhook_duty(l, r, now_ms, &d);
        }
        *ret_next_ms = d.next_ms;
        return d.n;
}

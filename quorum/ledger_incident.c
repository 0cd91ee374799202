/* Incidents in the ledger (rule 11): what groups requests, who owes a post-mortem, holds, and the broker's notices.
 */
#include "quorum/ledger_state.h"

/* ---- questions ---- */

static uint32_t incident_row_of(const struct ledger *l, const char *incident)
{
        uint32_t name = name_find(l, incident);
        return name == NONE ? NONE : row_name(l, name)->incident;
}

uint32_t incident_find(const struct ledger *l, const char *incident)
{
        uint32_t i = incident_row_of(l, incident);
        return i != NONE && row_incident(l, i)->n_requests > 0 ? i : NONE;
}

uint32_t incident_intern(struct ledger *l, const char *incident)
{
        uint32_t name = name_intern(l, incident), i = row_name(l, name)->incident;
        if (i != NONE)
                return i;
        struct incident_row *row = add_incident(l, &i);
        row->name = name;
        row->first_request = row->last_request = NONE;
        row_name(l, name)->incident = i;
        return i;
}

bool incident_is_proposed(const struct incident_row *i)
{
        return i->proposed_n > i->held_n;
}

static bool incident_has_requester(const struct ledger *l, const struct incident_row *incident, uint32_t name)
{
        for (uint32_t i = incident->first_request; i != NONE; i = row_request(l, i)->next_of_incident)
                if (row_request(l, i)->requester == name)
                        return true;
        return false;
}

static bool incident_has_holder(const struct ledger *l, const struct incident_row *incident, uint32_t name)
{
        for (uint32_t i = incident->first_request; i != NONE; i = row_request(l, i)->next_of_incident)
                if (share_position(l, row_version(l, row_request(l, i)->version), name) != NONE)
                        return true;
        return false;
}

/* ---- owed post-mortems ---- */

void incident_owe(struct ledger *l, uint32_t request)
{
        struct request_row *r = row_request(l, request);
        if (row_incident(l, r->incident)->has_postmortem)
                return;
        struct person_row *p = row_person(l, row_name(l, r->requester)->person);
        r->is_owed = true;
        r->previous_owed = NONE;
        r->next_owed = p->first_owed;
        if (p->first_owed != NONE)
                row_request(l, p->first_owed)->previous_owed = request;
        p->first_owed = request;
}

static void request_settle(struct ledger *l, struct request_row *r)
{
        if (!r->is_owed)
                return;
        if (r->previous_owed == NONE)
                row_person(l, row_name(l, r->requester)->person)->first_owed = r->next_owed;
        else
                row_request(l, r->previous_owed)->next_owed = r->next_owed;
        if (r->next_owed != NONE)
                row_request(l, r->next_owed)->previous_owed = r->previous_owed;
        r->is_owed = false;
        r->previous_owed = r->next_owed = NONE;
}

bool incident_request_owes(const struct ledger *l, const struct request_row *r, int64_t at_ms, int64_t *ret_due_ms)
{
        int64_t ended_at_ms;
        if (!r->is_owed || request_end_at(l, r, at_ms, &ended_at_ms) == END_NONE)
                return false;
        *ret_due_ms = ended_at_ms + row_credential(l, r->credential)->postmortem_within_ms;
        return true;
}

bool person_owes(const struct ledger *l, uint32_t name, int64_t at_ms)
{
        int64_t due_ms;
        uint32_t i = row_person(l, row_name(l, name)->person)->first_owed;
        for (; i != NONE; i = row_request(l, i)->next_owed)
                if (incident_request_owes(l, row_request(l, i), at_ms, &due_ms) && due_ms <= at_ms)
                        return true;
        return false;
}

/* ---- rule: postmortem ---- */

static enum err check_postmortem(const struct ledger *l, struct act *a)
{
        uint32_t i = incident_find(l, a->s->postmortem.incident);
        if (i == NONE)
                return ERR_NOT_FOUND;
        bool may = a->is_admin || (!a->is_broker && incident_has_requester(l, row_incident(l, i), a->by));
        return may ? OK : ERR_NOT_ALLOWED;
}

static void fold_postmortem(struct ledger *l, const struct act *a)
{
        struct incident_row *incident = row_incident(l, incident_find(l, a->s->postmortem.incident));
        incident->has_postmortem = true;
        incident->criterion = (uint32_t)a->s->postmortem.criterion_met;
        for (uint32_t i = incident->first_request; i != NONE; i = row_request(l, i)->next_of_incident)
                request_settle(l, row_request(l, i));
}

const struct rule rule_postmortem = {check_postmortem, fold_postmortem};

/* ---- rule: hold ---- */

static enum err check_hold(const struct ledger *l, struct act *a)
{
        uint32_t i = incident_find(l, a->s->hold.incident);
        if (i == NONE)
                return ERR_NOT_FOUND;
        const struct incident_row *incident = row_incident(l, i);
        bool may = a->is_admin || (!a->is_broker && (incident_has_requester(l, incident, a->by) ||
                                                     incident_has_holder(l, incident, a->by)));
        return may ? OK : ERR_NOT_ALLOWED;
}

static void fold_hold(struct ledger *l, const struct act *a)
{
        row_incident(l, incident_find(l, a->s->hold.incident))->held_n = this_line(l) + UINT64_C(1);
}

const struct rule rule_hold = {check_hold, fold_hold};

/* ---- rule: notice ---- */

static enum err check_notice(const struct ledger *l, struct act *a)
{
        if (!a->is_broker)
                return ERR_NOT_ALLOWED;
        if (a->s->notice.outcome == NOTICE_PROPOSED_CLOSE &&
            (!a->s->notice.incident || a->s->notice.deadline_ms <= 0))
                return err_because(ERR_BAD_STATEMENT, "a proposed close needs incident and deadline");
        return OK;
}

static struct channel_row *channel_intern(struct ledger *l, const char *channel)
{
        uint32_t name = name_intern(l, channel), i = row_name(l, name)->channel;
        if (i != NONE)
                return row_channel(l, i);
        struct channel_row *row = add_channel(l, &i);
        row->name = name;
        row_name(l, name)->channel = i;
        return row;
}

/* The incident may be one that nobody asked under yet: what is outside decides when it says so. */
static void propose_close(struct ledger *l, const struct act *a)
{
        struct incident_row *i = row_incident(l, incident_intern(l, a->s->notice.incident));
        i->proposed_n = this_line(l) + UINT64_C(1);
        i->deadline_ms = a->s->notice.deadline_ms;
}

static void fold_notice(struct ledger *l, const struct act *a)
{
        switch (a->s->notice.outcome) {
        case NOTICE_ACCEPTED: channel_intern(l, a->s->notice.channel)->accepted_ms = a->at_ms; break;
        case NOTICE_FAILED: channel_intern(l, a->s->notice.channel)->failed_ms = a->at_ms; break;
        case NOTICE_PROPOSED_CLOSE: propose_close(l, a); break;
        }
}

const struct rule rule_notice = {check_notice, fold_notice};

/* What follows a request in the ledger (rules 6 and 7): it is denied, cancelled or opened. */
#include "quorum/ledger_state.h"

/* ---- rule: denial ---- */

static enum err check_denial(const struct ledger *l, struct act *a)
{
        uint32_t i = request_find(l, &a->s->denial.request);
        if (i == NONE)
                return ERR_NOT_FOUND;
        const struct request_row *r = row_request(l, i);
        if (a->by == NONE || share_position(l, row_version(l, r->version), a->by) == NONE)
                return err_because(ERR_NOT_ALLOWED, "only a holder denies");
        return request_alive(l, r, a->at_ms);
}

/* Enough approvals can't come any more: |eligible − requester − (deniers − approvers)| < threshold. */
static bool request_is_hopeless(const struct ledger *l, const struct request_row *r)
{
        const struct version_row *v = row_version(l, r->version);
        uint32_t requester = share_position(l, v, r->requester);
        uint32_t may = v->eligible & ~(r->deniers & ~r->approvers);
        if (requester != NONE)
                may &= ~(UINT32_C(1) << requester);
        return bits_of(may) < version_threshold(l, v);
}

static void fold_denial(struct ledger *l, const struct act *a)
{
        uint32_t i, d, request = request_find(l, &a->s->denial.request);
        uint32_t reason = text_add(l, a->s->denial.reason);
        struct denial_row *row = add_denial(l, &d);
        row->n = this_line(l);
        row->at_ms = a->at_ms;
        row->denier = a->by;
        row->reason = reason;
        row->is_suspicious = a->s->denial.suspicious;
        row->next = NONE;
        struct request_row *r = row_request(l, request);
        i = share_position(l, row_version(l, r->version), a->by);
        r->deniers |= UINT32_C(1) << i;
        if (r->first_denial == NONE)
                r->first_denial = d;
        else
                row_denial(l, r->last_denial)->next = d;
        r->last_denial = d;
        r->n_denials++;
        if (r->opened_n == 0 && request_is_hopeless(l, r))
                request_finish(l, request, END_DENIED, a->at_ms);
}

const struct rule rule_denial = {check_denial, fold_denial};

/* ---- rule: cancel ---- */

static enum err check_cancel(const struct ledger *l, struct act *a)
{
        uint32_t i = request_find(l, &a->s->cancel.request);
        if (i == NONE)
                return ERR_NOT_FOUND;
        const struct request_row *r = row_request(l, i);
        if (a->by != r->requester)
                return ERR_NOT_ALLOWED;
        enum err e = request_alive(l, r, a->at_ms);
        if (e != OK)
                return e;
        return r->opened_n == 0 ? OK : err_because(ERR_DUPLICATE, "it was opened already; close it");
}

static void fold_cancel(struct ledger *l, const struct act *a)
{
        request_finish(l, request_find(l, &a->s->cancel.request), END_CANCELLED, a->at_ms);
}

const struct rule rule_cancel = {check_cancel, fold_cancel};

/* ---- rule: open ---- */

static enum err check_open(const struct ledger *l, struct act *a)
{
        uint32_t i = request_find(l, &a->s->open.request);
        if (i == NONE)
                return ERR_NOT_FOUND;
        const struct request_row *r = row_request(l, i);
        if (a->by != r->requester || !name_list_has(&l->policy_of[r->credential]->requesters, a->s->by[0]))
                return ERR_NOT_ALLOWED;
        enum err e = request_alive(l, r, a->at_ms);
        if (e != OK)
                return e;
        if (r->opened_n != 0)
                return err_because(ERR_DUPLICATE, "it is open already");
        if (!version_serves(row_version(l, r->version)))
                return ERR_STALE_VERSION;
        return request_ready_until(l, r) > a->at_ms ? OK : ERR_NOT_READY;
}

static void fold_open(struct ledger *l, const struct act *a)
{
        uint32_t i = request_find(l, &a->s->open.request);
        struct request_row *r = row_request(l, i);
        r->opened_n = this_line(l);
        r->opened_at_ms = a->at_ms;
        r->is_dark = a->s->open.dark;
        row_version(l, r->version)->was_opened = true;
        incident_owe(l, i);
}

const struct rule rule_open = {check_open, fold_open};

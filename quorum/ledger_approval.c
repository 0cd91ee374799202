/* Approvals in the ledger (rules 5 and 9): shares that leave their holders, and votes for more time. */
#include "quorum/ledger_state.h"

/* ---- spent shares ---- */

uint32_t request_others(const struct ledger *l, const struct request_row *r)
{
        const struct version_row *v = row_version(l, r->version);
        uint32_t mask = 0;
        if (v->was_opened)
                return 0; /* who opened it once knows it all the same */
        for (uint32_t i = 0; i < v->n_shares; i++)
                if (share_at(l, v, i)->spent > (r->approvers >> i & 1))
                        mask |= UINT32_C(1) << i;
        return mask;
}

/* An approval is free when it spends nothing new, leaves too few shares spent to open anything, or completes this
 * request by itself. M is the version's own need: so many shares open it, whatever the policy wants. */
bool request_wants_override(const struct ledger *l, const struct request_row *r, uint32_t position)
{
        const uint32_t others = request_others(l, r), me = UINT32_C(1) << position, now = r->approvers;
        const unsigned need = row_version(l, r->version)->need;
        return (others & me) == 0 && bits_of(others | now | me) >= need && bits_of(now | me) < need;
}

/* ---- rule: approval ---- */

static enum err approver_check(const struct ledger *l, const struct act *a, const struct request_row *r,
                               uint32_t *ret_position)
{
        const struct version_row *v = row_version(l, r->version);
        uint32_t i = a->by == NONE ? NONE : share_position(l, v, a->by);
        if (i == NONE || (v->eligible >> i & 1) == 0)
                return err_because(ERR_NOT_ALLOWED, "the signer is no eligible holder of this version");
        if (a->by == r->requester)
                return err_because(ERR_NOT_ALLOWED, "nobody approves or extends their own request");
        *ret_position = i;
        return OK;
}

static enum err approval_times_check(const struct act *a, const struct policy *policy)
{
        const struct statement *s = a->s;
        if (s->approval.expires_at_ms <= a->at_ms)
                return ERR_EXPIRED;
        if (s->approval.expires_at_ms - s->made_at_ms > policy->request_for_ms)
                return err_because(ERR_TOO_LONG, "expires_at is too far");
        return OK;
}

static enum err check_approval(const struct ledger *l, struct act *a)
{
        enum err e;
        uint32_t i = request_find(l, &a->s->approval.request), position = NONE;
        if (i == NONE)
                return ERR_NOT_FOUND;
        const struct request_row *r = row_request(l, i);
        const struct version_row *v = row_version(l, r->version);
        if (!hash_equal(&a->s->approval.version, &v->id))
                return err_because(ERR_MISMATCH, "the request is for another version");
        if ((e = approver_check(l, a, r, &position)) != OK)
                return e;
        if (a->s->approval.index != share_at(l, v, position)->index)
                return err_because(ERR_MISMATCH, "this holder's share has another index");
        if ((e = request_alive(l, r, a->at_ms)) != OK)
                return e;
        if (a->at_ms >= r->expires_at_ms)
                return ERR_EXPIRED;
        if (!version_serves(v))
                return ERR_STALE_VERSION;
        if ((r->approvers >> position & 1) != 0)
                return ERR_DUPLICATE;
        if ((e = approval_times_check(a, l->policy_of[r->credential])) != OK)
                return e;
        return !a->s->approval.override && request_wants_override(l, r, position) ? ERR_SPENT_LIMIT : OK;
}

struct approval_row *approval_enter(struct ledger *l, const struct statement *s, uint32_t request, uint32_t approver,
                                    int64_t at_ms)
{
        uint32_t i;
        struct approval_row *row = add_approval(l, &i);
        struct request_row *r = row_request(l, request);
        const struct version_row *v = row_version(l, r->version);
        row->n = this_line(l);
        row->at_ms = at_ms;
        row->made_at_ms = s->made_at_ms;
        row->expires_at_ms = s->approval.expires_at_ms;
        row->share = s->approval.share;
        row->position = share_position(l, v, approver);
        row->is_override = s->approval.override;
        row->offline = row->next = NONE;
        if (r->first_approval == NONE)
                r->first_approval = i;
        else
                row_approval(l, r->last_approval)->next = i;
        r->last_approval = i;
        r->n_approvals++;
        r->approvers |= UINT32_C(1) << row->position;
        share_at(l, v, row->position)->spent++;
        return row;
}

static void fold_approval(struct ledger *l, const struct act *a)
{
        (void)approval_enter(l, a->s, request_find(l, &a->s->approval.request), a->by, a->at_ms);
}

const struct rule rule_approval = {check_approval, fold_approval};

/* ---- rule: extend ---- */

static enum err check_extend(const struct ledger *l, struct act *a)
{
        enum err e;
        uint32_t i = request_find(l, &a->s->extend.request), position = NONE;
        if (i == NONE)
                return ERR_NOT_FOUND;
        const struct request_row *r = row_request(l, i);
        if ((e = approver_check(l, a, r, &position)) != OK)
                return e;
        if ((e = request_alive(l, r, a->at_ms)) != OK)
                return e;
        if (r->opened_n == 0)
                return err_because(ERR_TOO_EARLY, "it is not open yet");
        if (a->s->extend.open_for_ms > l->policy_of[r->credential]->open_for_ms)
                return ERR_TOO_LONG;
        if (a->s->extend.open_for_ms <= r->open_for_ms)
                return err_because(ERR_DUPLICATE, "it is open for as long already");
        return OK;
}

static bool vote_is_there(const struct ledger *l, const struct request_row *r, uint32_t position, int64_t open_for_ms)
{
        uint32_t i = r->first_vote;
        for (; i != NONE; i = row_vote(l, i)->next)
                if (row_vote(l, i)->position == position && row_vote(l, i)->open_for_ms == open_for_ms)
                        return true;
        return false;
}

static uint32_t voters_for(const struct ledger *l, const struct request_row *r, int64_t open_for_ms)
{
        uint32_t mask = 0;
        for (uint32_t i = r->first_vote; i != NONE; i = row_vote(l, i)->next)
                if (row_vote(l, i)->open_for_ms == open_for_ms)
                        mask |= UINT32_C(1) << row_vote(l, i)->position;
        return mask;
}

static void fold_extend(struct ledger *l, const struct act *a)
{
        uint32_t i;
        const int64_t wish_ms = a->s->extend.open_for_ms;
        struct request_row *r = row_request(l, request_find(l, &a->s->extend.request));
        const struct version_row *v = row_version(l, r->version);
        uint32_t position = share_position(l, v, a->by);
        if (!vote_is_there(l, r, position, wish_ms)) {
                struct vote_row *row = add_vote(l, &i);
                *row = (struct vote_row){wish_ms, position, r->first_vote};
                r->first_vote = i;
        }
        if (bits_of(voters_for(l, r, wish_ms) & v->eligible) >= version_threshold(l, v))
                r->open_for_ms = wish_ms;
}

const struct rule rule_extend = {check_extend, fold_extend};

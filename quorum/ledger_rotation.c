/* Rotation in the ledger (rules 3, 4 and 10): when it is due, who leads it, and the order of its steps. */
#include "quorum/ledger_state.h"

#define CUSTODY_FRESH_MS (90 * INT64_C(24) * 60 * 60 * 1000)

/* ---- questions ---- */

/* A share that has left its holder is spent once its request has ended, also by time alone. */
static bool has_spent_request(const struct ledger *l, uint32_t version, int64_t at_ms)
{
        if (row_version(l, version)->is_spent)
                return true;
        for (uint32_t i = l->first_live; i != NONE; i = row_request(l, i)->next_live) {
                const struct request_row *r = row_request(l, i);
                if (r->version == version && r->n_approvals > 0 && request_end_at(l, r, at_ms, NULL) != END_NONE)
                        return true;
        }
        return false;
}

enum rotation_reason rotation_reason(const struct ledger *l, uint32_t version, int64_t at_ms)
{
        const struct version_row *v = row_version(l, version);
        const struct policy *policy = policy_of_version(l, v);
        if (!policy)
                return NOT_DUE;
        if (has_spent_request(l, version, at_ms))
                return DUE_SPENT;
        if (v->is_outdated)
                return DUE_OUTDATED;
        if (v->is_ordered)
                return DUE_ORDERED;
        bool is_old = policy->rotate_every_ms > 0 && at_ms >= v->current_since_ms + policy->rotate_every_ms;
        return is_old ? DUE_AGE : NOT_DUE;
}

enum rotation_reason rotation_due(const struct ledger *l, uint32_t version, int64_t at_ms)
{
        return row_version(l, version)->state == VERSION_CURRENT ? rotation_reason(l, version, at_ms) : NOT_DUE;
}

bool rotation_is_claimed_by_other(const struct version_row *v, uint32_t name, int64_t at_ms)
{
        return v->claimed_by != NONE && v->claimed_by != name && at_ms < v->claimed_until_ms;
}

/* An eligible holder's present key is the share's recipient: whoever opened any version with it lately can open this
 * one too. */
bool rotation_share_is_proven(const struct ledger *l, const struct share_row *share, int64_t at_ms)
{
        uint32_t i = row_person(l, row_name(l, share->holder)->person)->first_proof;
        for (; i != NONE; i = row_proof(l, i)->next)
                if (key_equal(&row_proof(l, i)->opens, &share->recipient))
                        return at_ms - row_proof(l, i)->at_ms <= CUSTODY_FRESH_MS;
        return false;
}

bool rotation_has_custody(const struct ledger *l, const struct version_row *pending, int64_t at_ms)
{
        unsigned n = 0;
        for (uint32_t i = 0; i < pending->n_shares; i++)
                if ((pending->eligible >> i & 1) != 0 && rotation_share_is_proven(l, share_at(l, pending, i), at_ms))
                        n++;
        return n >= pending->need;
}

int64_t rotation_wait_until(const struct ledger *l, uint32_t version, int64_t at_ms)
{
        int64_t until_ms = 0;
        for (uint32_t i = l->first_live; i != NONE; i = row_request(l, i)->next_live) {
                const struct request_row *r = row_request(l, i);
                if (r->version != version)
                        continue;
                int64_t this_ms = r->opened_n != 0 ? request_access_until(r) : r->expires_at_ms;
                if (this_ms > at_ms && this_ms > until_ms)
                        until_ms = this_ms;
        }
        return until_ms;
}

/* ---- rule: order ---- */

static enum err check_order(const struct ledger *l, struct act *a)
{
        const struct hash_list *list = &a->s->order.versions;
        if (!a->is_admin && !a->is_broker)
                return ERR_NOT_ALLOWED;
        for (size_t i = 0; i < list->n; i++) {
                uint32_t v = version_find(l, &list->h[i]);
                if (v == NONE)
                        return ERR_NOT_FOUND;
                if (row_version(l, v)->state != VERSION_CURRENT)
                        return ERR_STALE_VERSION;
                if (a->is_broker && rotation_due(l, v, a->at_ms) == NOT_DUE)
                        return err_because(ERR_NOT_DUE, "the broker orders only what a rule makes due");
        }
        return OK;
}

static void note_word(struct version_row *old, int64_t at_ms)
{
        if (old->begun_at_ms == 0)
                old->begun_at_ms = at_ms;
        old->said_at_ms = at_ms;
}

static void fold_order(struct ledger *l, const struct act *a)
{
        const struct hash_list *list = &a->s->order.versions;
        for (size_t i = 0; i < list->n; i++) {
                struct version_row *v = row_version(l, version_find(l, &list->h[i]));
                if (!v->is_ordered)
                        v->ordered_n = ledger_size(l); /* its own line is counted already */
                v->is_ordered = true;
                note_word(v, a->at_ms);
        }
}

const struct rule rule_order = {check_order, fold_order};

/* ---- rule: rotation ---- */

struct pair {
        uint32_t old, pending; /* pending: NONE in a claim */
};

static enum err pair_find(const struct ledger *l, const struct statement *s, struct pair *ret)
{
        *ret = (struct pair){version_find(l, &s->rotation.version), NONE};
        if (ret->old == NONE)
                return ERR_NOT_FOUND;
        if (s->rotation.step == STEP_CLAIM)
                return OK;
        if (!s->rotation.has_pending)
                return err_because(ERR_BAD_STATEMENT, "this step names the pending version");
        ret->pending = version_find(l, &s->rotation.pending);
        if (ret->pending == NONE)
                return ERR_NOT_FOUND;
        if (!hash_equal(&row_version(l, ret->pending)->previous, &row_version(l, ret->old)->id))
                return err_because(ERR_MISMATCH, "the new version does not follow that one");
        return OK;
}

/* A rotator of the policy; an admin by hand says only that it is done. */
static enum err rotator_check(const struct ledger *l, const struct act *a, const struct version_row *old)
{
        const struct policy *policy = policy_of_version(l, old);
        if (!a->is_broker && name_list_has(&policy->rotators, a->s->by[0]))
                return rotation_is_claimed_by_other(old, a->by, a->at_ms) ? ERR_CLAIMED : OK;
        return a->is_admin && a->s->rotation.step == STEP_DONE ? OK : ERR_NOT_ALLOWED;
}

/* A lease on work that there is: a rotation that is due or under way, or an old version that isn't dead yet. */
static enum err claim_check(const struct ledger *l, const struct act *a, uint32_t version)
{
        const struct version_row *old = row_version(l, version);
        if (a->s->rotation.until_ms <= a->at_ms)
                return ERR_EXPIRED;
        if (old->state == VERSION_REPLACED && !old->is_done)
                return OK;
        if (old->state != VERSION_CURRENT)
                return ERR_STALE_VERSION;
        bool is_under_way = version_being_set(l, old->credential) != NONE;
        return is_under_way || rotation_due(l, version, a->at_ms) != NOT_DUE ? OK : ERR_NOT_DUE;
}

static enum err set_check(const struct ledger *l, const struct act *a, struct pair p)
{
        const struct version_row *pending = row_version(l, p.pending);
        if (pending->state != VERSION_PENDING)
                return ERR_STALE_VERSION;
        if (pending->set == OUTCOME_NONE && !rotation_has_custody(l, pending, a->at_ms))
                return ERR_CUSTODY;
        return OK;
}

static bool has_replaced(const struct ledger *l, struct pair p)
{
        return row_version(l, p.old)->replaced_by == p.pending;
}

static enum err test_check(const struct ledger *l, struct pair p)
{
        return row_version(l, p.pending)->state == VERSION_PENDING || has_replaced(l, p) ? OK : ERR_STALE_VERSION;
}

static enum err promoted_check(const struct ledger *l, struct pair p)
{
        const struct version_row *pending = row_version(l, p.pending);
        if (pending->state != VERSION_PENDING)
                return ERR_STALE_VERSION;
        if (pending->set != OUTCOME_OK || pending->test != OUTCOME_OK)
                return err_because(ERR_TOO_EARLY, "its last set and test must be ok");
        return OK;
}

/* Nobody loses an opening that is live, nor one that was asked for in time. */
static enum err revoke_check(const struct ledger *l, const struct act *a, struct pair p)
{
        if (!has_replaced(l, p))
                return row_version(l, p.pending)->state == VERSION_DROPPED
                               ? ERR_STALE_VERSION
                               : err_because(ERR_TOO_EARLY, "the new version is not the current one yet");
        return rotation_wait_until(l, p.old, a->at_ms) > a->at_ms ? ERR_IN_USE : OK;
}

static enum err check_rotation(const struct ledger *l, struct act *a)
{
        enum err e;
        struct pair p;
        if ((e = pair_find(l, a->s, &p)) != OK)
                return e;
        if ((e = rotator_check(l, a, row_version(l, p.old))) != OK)
                return e;
        switch (a->s->rotation.step) {
        case STEP_CLAIM: return claim_check(l, a, p.old);
        case STEP_SET: return set_check(l, a, p);
        case STEP_TEST: return test_check(l, p);
        case STEP_PROMOTED: return promoted_check(l, p);
        case STEP_REVOKE:
        case STEP_DONE: break;
        }
        return revoke_check(l, a, p);
}

static void fold_done(struct version_row *old, struct version_row *pending, const struct statement *s)
{
        old->is_done = true;
        old->evidence = (uint8_t)s->rotation.old;
        if (s->rotation.has_new_works)
                pending->new_works = true;
}

static void fold_rotation(struct ledger *l, const struct act *a)
{
        struct pair p;
        enum err e = pair_find(l, a->s, &p);
        assert(e == OK);
        struct version_row *old = row_version(l, p.old);
        struct version_row *pending = p.pending == NONE ? NULL : row_version(l, p.pending);
        const uint8_t outcome = (uint8_t)a->s->rotation.outcome;
        note_word(old, a->at_ms);
        switch (a->s->rotation.step) {
        case STEP_CLAIM:
                old->claimed_by = a->by;
                old->claimed_until_ms = a->s->rotation.until_ms;
                break;
        case STEP_SET: pending->set = outcome; break;
        case STEP_TEST: pending->test = outcome; break;
        case STEP_PROMOTED:
                pending->is_promoted = true;
                version_make_current(l, p.pending, a->at_ms);
                break;
        case STEP_REVOKE:
                pending->revoke = outcome;
                old->is_revoking = true;
                break;
        case STEP_DONE: fold_done(old, pending, a->s); break;
        }
}

const struct rule rule_rotation = {check_rotation, fold_rotation};

/* From the log and our own notes to the facts that the engine decides on. */
#include "rotators/rotator.h"
#include <string.h>

/* A pending version of another rotator that was never set: it may be waiting for its holders. */
#define LEAVE_TO_OTHER_MS (INT64_C(6) * 60 * 60 * 1000)
#define EARLIER_MAX       32u /* former versions of one credential that are looked at */

static bool find_by_recipient(const struct ledger *l, const char *recipient, struct version_view *ret)
{
        for (size_t i = ledger_versions(l); *recipient && i-- > 0;) {
                ledger_version_at(l, i, ret);
                if (!strcmp(ret->fields->recipient, recipient))
                        return true;
        }
        *ret = (struct version_view){0};
        return false;
}

static bool is_ours(const struct sight *s, struct task *t)
{
        const struct roster *roster = ledger_roster(s->ledger);
        t->credential = t->old.is_retired ? NULL : roster_credential(roster, t->old.fields->credential);
        if (!t->credential || !s->me)
                return false;
        t->policy = roster_policy_of(roster, t->credential->name);
        t->hook = config_hook(s->config, t->credential->hook);
        return t->hook && name_list_has(&t->policy->rotators, s->me);
}

/* ---- our pending version ---- */

static enum engine_pending state_of(const struct version_view *v)
{
        switch (v->state) {
        case VERSION_PENDING: return ENGINE_PENDING;
        case VERSION_CURRENT:
        case VERSION_REPLACED: return ENGINE_PROMOTED;
        case VERSION_DROPPED: return ENGINE_DROPPED;
        case VERSION_SEALED: break;
        }
        return ENGINE_NO_PENDING;
}

/* The steps in the log speak of the newest version whose `set` was started; ours may be another one. */
static bool is_spoken_of(const struct task *t)
{
        return t->rotation.has_pending && hash_equal(&t->rotation.pending, &t->pending.id);
}

/* A newer one than ours is being set: another rotator took over, and its value may be in force. Ours starts anew. */
static bool is_overtaken(const struct sight *s, const struct task *t)
{
        const struct rotation_view *v = &t->rotation;
        struct version_view theirs;
        return !is_spoken_of(t) && v->has_pending && v->set != OUTCOME_NONE && !v->is_promoted &&
               ledger_version_by_id(s->ledger, &v->pending, &theirs) && theirs.index > t->pending.index;
}

static void find_pending(const struct sight *s, struct task *t)
{
        struct engine_facts *f = &t->facts;
        if (!t->job || !find_by_recipient(s->ledger, t->job->recipient, &t->pending) ||
            !job_has_value(s->jobs, t->job->recipient))
                return;
        f->pending = state_of(&t->pending);
        if (f->pending == ENGINE_PENDING && is_overtaken(s, t))
                f->pending = ENGINE_NO_PENDING;
        f->has_custody = true; /* as far as we can tell; the broker knows */
        if (!is_spoken_of(t))
                return; /* an earlier value was refused; ours was never set */
        f->set = t->rotation.set;
        f->test = t->rotation.test;
        f->revoke = t->rotation.revoke;
        f->has_custody = t->rotation.has_fresh_custody;
}

/* Whether a version sealed now would be for the same people and as many of them. */
static bool fits_policy(const struct ledger *l, const struct task *t)
{
        const struct version_fields *v = t->pending.fields;
        return !strcmp(v->policy, t->policy->name) && v->need == t->policy->approvals &&
               v->n_shares == t->policy->holders.n && ledger_eligible(l, &t->pending) == v->n_shares;
}

/* ---- others ---- */

static int64_t other_until(const struct sight *s, const struct task *t)
{
        const struct rotation_view *v = &t->rotation;
        struct version_view theirs;
        if (v->is_claimed && strcmp(v->claimed_by, s->me) != 0)
                return v->claimed_until_ms;
        if (t->facts.pending != ENGINE_NO_PENDING || !v->has_pending || v->set != OUTCOME_NONE ||
            !ledger_version_by_id(s->ledger, &v->pending, &theirs) || theirs.state != VERSION_PENDING ||
            !strcmp(theirs.sealer, s->me))
                return 0;
        return theirs.at_ms + LEAVE_TO_OTHER_MS;
}

/* What the target takes now: the value of the current version, unless a later rotation is just changing it. */
static void find_proof(const struct sight *s, int64_t now_ms, struct task *t)
{
        struct version_view current;
        struct rotation_view v;
        if (!ledger_current_version(s->ledger, t->credential->name, &current) ||
            !ledger_rotation(s->ledger, &current.id, now_ms, &v))
                return;
        t->facts.is_in_motion = v.has_pending && v.set != OUTCOME_NONE && !v.is_promoted;
        t->proof_number = current.fields->number;
        for (size_t i = 0; i < s->jobs->n; i++)
                if (!strcmp(s->jobs->job[i]->recipient, current.fields->recipient))
                        t->proof = s->jobs->job[i];
}

/* A promoted rotation of an earlier version of the credential that isn't finished. */
struct earlier {
        struct version_view version;
        struct rotation_view rotation;
        unsigned looked;
};

static bool next_unfinished(const struct sight *s, const struct version_view *from, int64_t now_ms,
                            struct earlier *at)
{
        const struct version_fields *f = at->looked ? at->version.fields : from->fields;
        while (f->has_previous && at->looked++ < EARLIER_MAX &&
               ledger_version_by_id(s->ledger, &f->previous, &at->version)) {
                if (at->version.state == VERSION_REPLACED &&
                    ledger_rotation(s->ledger, &at->version.id, now_ms, &at->rotation) && at->rotation.is_promoted &&
                    !at->rotation.is_done)
                        return true;
                f = at->version.fields;
        }
        return false;
}

/* An earlier rotation may want our value for its proof. */
static bool is_needed_by_another(const struct sight *s, const struct task *t, int64_t now_ms)
{
        struct earlier e = {0};
        return next_unfinished(s, &t->old, now_ms, &e);
}

/* Two slots, one for the value in use: the other one is free only when nobody may use what was in it any more. What
 * nobody is at work to end is given up with it. */
static int64_t slot_until(const struct sight *s, const struct task *t, int64_t now_ms)
{
        int64_t until_ms = 0;
        for (struct earlier e = {0}; t->hook->slots > 1 && next_unfinished(s, &t->old, now_ms, &e);) {
                const struct rotation_view *v = &e.rotation;
                if (v->must_wait && v->wait_until_ms > until_ms)
                        until_ms = v->wait_until_ms;
                if (v->is_claimed && v->claimed_until_ms > until_ms)
                        until_ms = v->claimed_until_ms;
                if (jobs_find(s->jobs, &e.version.id))
                        until_ms = INT64_MAX; /* we are about to end it */
        }
        return until_ms;
}

/* Another rotator brought the new version in and is gone; our value is the one in force now. */
static void find_left_over(const struct sight *s, struct task *t)
{
        struct engine_facts *f = &t->facts;
        if (t->old.state != VERSION_REPLACED || f->pending != ENGINE_NO_PENDING || !t->rotation.is_promoted ||
            !ledger_version_by_id(s->ledger, &t->rotation.pending, &t->pending))
                return;
        f->pending = ENGINE_PROMOTED;
        f->revoke = t->rotation.revoke;
}

static void note_job(const struct sight *s, int64_t now_ms, struct task *t)
{
        struct engine_facts *f = &t->facts;
        f->has_job = t->job != NULL;
        f->wants_prepare = t->hook->can_prepare;
        f->margin_ms = s->config->margin_ms;
        if (!t->job)
                return;
        f->is_checked = t->job->is_checked;
        f->seen = t->job->seen;
        f->is_rejected = t->job->is_rejected;
        f->rejections = t->job->rejections;
        f->not_before_ms = t->job->not_before_ms;
        f->is_needed = is_needed_by_another(s, t, now_ms);
}

bool task_look(const struct sight *s, size_t version, int64_t now_ms, struct task *ret)
{
        const struct ledger *l = s->ledger;
        struct task *t = ret;
        *t = (struct task){.facts.now_ms = now_ms};
        ledger_version_at(l, version, &t->old);
        t->job = jobs_find(s->jobs, &t->old.id);
        bool is_live = t->old.state == VERSION_CURRENT || t->old.state == VERSION_REPLACED;
        if (!is_live || !is_ours(s, t) || !ledger_rotation(l, &t->old.id, now_ms, &t->rotation))
                return false;
        if (t->rotation.is_done && !t->job)
                return false;
        struct engine_facts *f = &t->facts;
        f->is_due = t->rotation.due != NOT_DUE;
        f->is_current = t->old.state == VERSION_CURRENT;
        f->is_done = t->rotation.is_done;
        f->is_claimed_by_me = t->rotation.is_claimed && !strcmp(t->rotation.claimed_by, s->me);
        f->my_lease_until_ms = t->rotation.claimed_until_ms;
        f->wait_until_ms = t->rotation.must_wait ? t->rotation.wait_until_ms : 0;
        note_job(s, now_ms, t);
        find_pending(s, t);
        f->is_fitting = f->pending == ENGINE_PENDING && fits_policy(l, t);
        f->other_until_ms = other_until(s, t);
        if (f->is_due)
                f->slot_until_ms = slot_until(s, t, now_ms);
        find_left_over(s, t);
        if (f->pending == ENGINE_PROMOTED)
                find_proof(s, now_ms, t);
        f->has_proof = t->proof != NULL;
        return true;
}

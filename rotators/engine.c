#include "rotators/engine.h"

static struct engine_next rest(int64_t until_ms)
{
        return (struct engine_next){ENGINE_REST, until_ms};
}

static struct engine_next go(enum engine_step step)
{
        return (struct engine_next){step, 0};
}

static struct engine_next forget(const struct engine_facts *f)
{
        return f->has_job && !f->is_needed ? go(ENGINE_FORGET) : rest(INT64_MAX);
}

static bool has_lease(const struct engine_facts *f)
{
        return f->is_claimed_by_me && f->my_lease_until_ms - f->now_ms >= f->margin_ms;
}

/* Only who holds the lease works on it. */
static struct engine_next under_lease(const struct engine_facts *f, enum engine_step step)
{
        if (f->other_until_ms > f->now_ms)
                return rest(f->other_until_ms);
        return go(has_lease(f) ? step : ENGINE_CLAIM);
}

static struct engine_next finish(const struct engine_facts *f)
{
        if (!f->has_job && !f->has_proof)
                return rest(INT64_MAX); /* no value is here to prove anything with: another rotator, or by hand */
        if (f->wait_until_ms > f->now_ms)
                return rest(f->wait_until_ms);
        if (f->is_in_motion)
                return rest(INT64_MAX);
        bool is_started = f->revoke == OUTCOME_STARTED || f->revoke == OUTCOME_UNKNOWN;
        return under_lease(f, is_started ? ENGINE_REVOKE : ENGINE_START_REVOKE);
}

/* The start of `set` is in the log; whether it ran is known only to the process that was to run it. */
static struct engine_next set_or_look(const struct engine_facts *f)
{
        bool may_set = f->seen == SEEN_UNTOUCHED || f->seen == SEEN_OTHER;
        return under_lease(f, may_set ? ENGINE_SET : ENGINE_RECONCILE);
}

static struct engine_next after_failed_test(const struct engine_facts *f)
{
        if (f->seen == SEEN_PENDING)
                return under_lease(f, ENGINE_TEST);
        return under_lease(f, f->seen == SEEN_OTHER ? ENGINE_START_SET : ENGINE_RECONCILE);
}

static struct engine_next test_or_promote(const struct engine_facts *f)
{
        switch (f->test) {
        case OUTCOME_OK: return under_lease(f, ENGINE_PROMOTE);
        case OUTCOME_FAILED:
        case OUTCOME_UNKNOWN: return after_failed_test(f);
        case OUTCOME_NONE:
        case OUTCOME_STARTED: break;
        }
        return under_lease(f, ENGINE_TEST);
}

static struct engine_next bring_in(const struct engine_facts *f)
{
        switch (f->set) {
        case OUTCOME_NONE: return f->has_custody ? under_lease(f, ENGINE_START_SET) : rest(INT64_MAX);
        case OUTCOME_FAILED: return under_lease(f, ENGINE_START_SET);
        case OUTCOME_OK: return test_or_promote(f);
        case OUTCOME_STARTED:
        case OUTCOME_UNKNOWN: break;
        }
        return set_or_look(f);
}

static struct engine_next start(const struct engine_facts *f)
{
        if (!f->is_due || f->rejections >= ENGINE_REJECTIONS_MAX)
                return rest(INT64_MAX);
        if (f->slot_until_ms > f->now_ms)
                return rest(f->slot_until_ms);
        /* Looking changes nothing, so it needs no lease; and nobody holds one who cannot reach the target. */
        if (!f->is_checked && f->other_until_ms <= f->now_ms)
                return go(ENGINE_CHECK);
        return under_lease(f, f->wants_prepare ? ENGINE_PREPARE : ENGINE_SEAL);
}

/* A value that was never set may be replaced by another; so may one that the target is certain to have refused. */
static bool wants_another_value(const struct engine_facts *f)
{
        return f->pending == ENGINE_NO_PENDING || (f->set == OUTCOME_NONE && !f->is_fitting) ||
               (f->set == OUTCOME_FAILED && f->is_rejected);
}

struct engine_next engine_next(const struct engine_facts *f)
{
        if (f->is_done)
                return forget(f);
        if (f->not_before_ms > f->now_ms)
                return rest(f->not_before_ms);
        if (f->pending == ENGINE_PROMOTED)
                return finish(f);
        if (!f->is_current || f->pending == ENGINE_DROPPED)
                return forget(f);
        return wants_another_value(f) ? start(f) : bring_in(f);
}

const char *engine_step_word(enum engine_step step)
{
        static const char *const words[ENGINE_STEPS] = {"rest",         "check",  "claim",     "prepare", "seal",
                                                        "start-set",    "set",    "reconcile", "test",    "promote",
                                                        "start-revoke", "revoke", "forget"};
        return words[step];
}

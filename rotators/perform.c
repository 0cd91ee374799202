/* Doing one step: statements to the broker, hooks to the target, notes to our own disk, in an order that a crash
 * between any two of them cannot harm. */
#include "base/clock.h"
#include "base/log.h"
#include "rotators/hook_call.h"
#include "rotators/rotator.h"
#include <string.h>

/* ---- trouble ---- */

static void back_off(const struct rotator *r, struct job *job)
{
        int64_t next = job->backoff_ms ? job->backoff_ms * 2 : r->config.backoff_first_ms;
        job->backoff_ms = next < r->config.backoff_most_ms ? next : r->config.backoff_most_ms;
        job->not_before_ms = client_now_ms(r->client) + job->backoff_ms;
}

static void calm_down(struct job *job)
{
        job->backoff_ms = job->not_before_ms = 0;
}

/* Refusals by the rules mean that the world moved: look again later. The rest concerns the whole program. */
static enum err weigh(const struct rotator *r, struct job *job, const char *what, enum err e)
{
        if (e == OK)
                return OK;
        log_event(LOG_LEVEL_WARNING, "rotation.delayed", F_TEXT("step", what), F_TEXT("error", err_word(e)),
                  F_TEXT("why", err_reason()));
        back_off(r, job);
        bool is_of_all = e == ERR_SHUTTING_DOWN || e == ERR_NOT_DURABLE;
        bool is_of_this_one = err_is_public(e) || e == ERR_UNSAFE_PROGRAM || e == ERR_NO_ENTRY || e == ERR_CONFIG ||
                              e == ERR_BAD_CONTAINER;
        return is_of_this_one && !is_of_all ? OK : e;
}

/* ---- statements ---- */

static struct statement rotation_of(const struct task *t, enum rotation_step step, enum rotation_outcome outcome)
{
        struct statement s = {.type = STATEMENT_ROTATION};
        s.rotation.version = t->old.id;
        s.rotation.step = step;
        s.rotation.outcome = outcome;
        if (step != STEP_CLAIM) {
                s.rotation.has_pending = true;
                s.rotation.pending = t->pending.id;
        }
        return s;
}

MUST_CHECK static enum err say(struct rotator *r, const struct task *t, enum rotation_step step,
                               enum rotation_outcome outcome)
{
        struct statement s = rotation_of(t, step, outcome);
        return client_say(r->client, &s, NULL, 0, NULL, NULL);
}

MUST_CHECK static enum err claim(struct rotator *r, const struct task *t)
{
        struct statement s = rotation_of(t, STEP_CLAIM, OUTCOME_NONE);
        s.rotation.until_ms = client_now_ms(r->client) + ENGINE_LEASE_MS;
        return client_say(r->client, &s, NULL, 0, NULL, NULL);
}

/* ---- hooks ---- */

/* Runs the step with the value that `of` keeps. */
MUST_CHECK static enum err run_hook(struct rotator *r, const struct task *t, const char *step, const struct job *of,
                                    uint64_t number, const struct document *opened, struct hook_result *ret)
{
        CLEANUP_DOCUMENT struct document pending = {0};
        char key[HASH_HEX + 1];
        enum err e = job_load_value(&r->jobs, of->recipient, &client_identity(r->client)->open, t->credential->name,
                                    number, &pending);
        if (e != OK)
                return e;
        hash_to_hex(&t->pending.id, key);
        const struct hook_call call = {.hook = t->hook,
                                       .step = step,
                                       .credential = t->credential->name,
                                       .idempotency_key = key,
                                       .handle = of->handle.n ? bytes_text(&of->handle) : NULL,
                                       .roster_config = bytes_span(&t->credential->hook_config),
                                       .pending = &pending,
                                       .opened = opened && opened->n_fields ? opened : NULL,
                                       .timeout_ms = r->config.hook_timeout_ms};
        log_event(LOG_LEVEL_INFO, "hook.started", F_TEXT("step", step), F_TEXT("credential", t->credential->name));
        if ((e = hook_run(&call, ret)) != OK)
                return e;
        log_event(ret->exit == PLUGIN_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "hook.ended", F_TEXT("step", step),
                  F_TEXT("credential", t->credential->name), F_INT("exit", ret->exit),
                  F_TEXT("evidence", ret->evidence), F_TEXT("why", bytes_text(&ret->why)));
        return OK;
}

MUST_CHECK static enum err take_handle(struct rotator *r, struct job *job, const struct hook_result *result)
{
        if (result->handle.n == 0)
                return OK;
        bytes_clear(&job->handle);
        bytes_add_span(&job->handle, bytes_span(&result->handle));
        return job_save(&r->jobs, job);
}

/* A hook that prints secrets must become known, once; it does not stop the rotation for ever. */
static bool must_tell_leak(struct job *job, const struct hook_result *result)
{
        bool is_first = result->has_leaked && !job->has_told_leak;
        job->has_told_leak |= result->has_leaked;
        return is_first;
}

static enum rotation_outcome outcome_of(const struct hook_result *result)
{
        if (result->exit == PLUGIN_OK)
                return OUTCOME_OK;
        return result->exit == PLUGIN_UNKNOWN ? OUTCOME_UNKNOWN : OUTCOME_FAILED;
}

/* What the log already says is not repeated; "try again" is said by nobody until it works or fails. */
MUST_CHECK static enum err say_outcome(struct rotator *r, struct task *t, enum rotation_step step,
                                       enum rotation_outcome before, const struct hook_result *result)
{
        enum rotation_outcome outcome = outcome_of(result);
        if (result->exit == PLUGIN_OK)
                calm_down(t->job);
        else
                back_off(r, t->job);
        if (result->exit == PLUGIN_TRY_AGAIN || (outcome == before && !must_tell_leak(t->job, result)))
                return OK;
        return say(r, t, step, outcome);
}

MUST_CHECK static enum err start_set(struct rotator *r, struct task *t)
{
        enum err e = say(r, t, STEP_SET, OUTCOME_STARTED);
        if (e == OK)
                t->job->seen = SEEN_UNTOUCHED;
        return e;
}

MUST_CHECK static enum err set(struct rotator *r, struct task *t, struct hook_result *result)
{
        enum err e;
        t->job->seen = SEEN_NOTHING; /* from here on it may have run */
        if ((e = run_hook(r, t, "set", t->job, t->pending.fields->number, NULL, result)) != OK)
                return e;
        if ((e = take_handle(r, t->job, result)) != OK)
                return e;
        if (result->is_value_rejected) {
                t->job->is_rejected = true;
                t->job->rejections++;
                if ((e = job_save(&r->jobs, t->job)) != OK)
                        return e;
        }
        if (result->exit == PLUGIN_TRY_AGAIN)
                t->job->seen = SEEN_UNTOUCHED;
        return say_outcome(r, t, STEP_SET, t->facts.set, result);
}

MUST_CHECK static enum err reconcile(struct rotator *r, struct task *t, struct hook_result *result)
{
        enum err e = run_hook(r, t, "reconcile", t->job, t->pending.fields->number, NULL, result);
        if (e != OK)
                return e;
        if (result->exit == PLUGIN_OK && !strcmp(result->evidence, "other")) {
                t->job->seen = SEEN_OTHER;
                return OK;
        }
        if (result->exit != PLUGIN_OK || strcmp(result->evidence, "pending") != 0) {
                back_off(r, t->job);
                return OK;
        }
        t->job->seen = SEEN_PENDING;
        if ((e = take_handle(r, t->job, result)) != OK)
                return e;
        return t->facts.set == OUTCOME_OK ? OK : say(r, t, STEP_SET, OUTCOME_OK);
}

MUST_CHECK static enum err test(struct rotator *r, struct task *t, struct hook_result *result)
{
        enum err e = run_hook(r, t, "test", t->job, t->pending.fields->number, NULL, result);
        t->job->seen = SEEN_NOTHING;
        return e == OK ? say_outcome(r, t, STEP_TEST, t->facts.test, result) : e;
}

/* ---- the end ---- */

static enum old_evidence evidence_of(const struct hook_result *result)
{
        if (!strcmp(result->evidence, "refused"))
                return OLD_REFUSED;
        return !strcmp(result->evidence, "replaced") ? OLD_REPLACED : OLD_UNPROVEN;
}

MUST_CHECK static enum err say_done(struct rotator *r, struct task *t, const struct hook_result *result)
{
        struct statement s = rotation_of(t, STEP_DONE, OUTCOME_NONE);
        s.rotation.old = evidence_of(result);
        s.rotation.has_new_works = true;
        s.rotation.handle = t->proof->handle.n ? bytes_text(&t->proof->handle) : NULL;
        return client_say(r->client, &s, NULL, 0, NULL, NULL);
}

MUST_CHECK static enum err revoke_old(struct rotator *r, struct task *t, struct hook_result *result)
{
        CLEANUP_DOCUMENT struct document opened = {0};
        enum err e;
        if (!t->proof) {
                back_off(r, t->job); /* sealed by hand meanwhile: an admin ends it by hand */
                return OK;
        }
        if ((e = task_fetch_opened(r, t, &opened)) != OK)
                return e;
        if ((e = run_hook(r, t, "revoke", t->proof, t->proof_number, &opened, result)) != OK)
                return e;
        return result->exit == PLUGIN_OK ? say_done(r, t, result)
                                         : say_outcome(r, t, STEP_REVOKE, t->facts.revoke, result);
}

/* A value whose set may have run stays on the disk, sealed, even when another version won. */
MUST_CHECK static enum err forget(struct rotator *r, struct task *t)
{
        bool is_certain = t->facts.is_done || t->facts.set == OUTCOME_NONE || t->facts.set == OUTCOME_FAILED;
        return jobs_remove(&r->jobs, t->job, !is_certain);
}

MUST_CHECK static enum err perform(struct rotator *r, struct task *t, enum engine_step step,
                                   struct hook_result *result)
{
        switch (step) {
        case ENGINE_CLAIM: return claim(r, t);
        case ENGINE_SEAL: return task_seal(r, t);
        case ENGINE_START_SET: return start_set(r, t);
        case ENGINE_SET: return set(r, t, result);
        case ENGINE_RECONCILE: return reconcile(r, t, result);
        case ENGINE_TEST: return test(r, t, result);
        case ENGINE_PROMOTE: return say(r, t, STEP_PROMOTED, OUTCOME_NONE);
        case ENGINE_START_REVOKE: return say(r, t, STEP_REVOKE, OUTCOME_STARTED);
        case ENGINE_REVOKE: return revoke_old(r, t, result);
        case ENGINE_FORGET: return forget(r, t);
        case ENGINE_REST:
        case ENGINE_STEPS: break;
        }
        return OK;
}

enum err task_perform(struct rotator *r, struct task *t, enum engine_step step)
{
        struct hook_result result = {0};
        if (!t->job && step != ENGINE_FORGET)
                t->job = jobs_add(&r->jobs, &t->old.id);
        log_event(LOG_LEVEL_INFO, "rotation.stepped", F_TEXT("step", engine_step_word(step)),
                  F_TEXT("credential", t->credential->name), F_INT("number", (int64_t)t->old.fields->number));
        err_forget();
        enum err e = perform(r, t, step, &result);
        hook_result_done(&result);
        return e == OK ? OK : weigh(r, t->job, engine_step_word(step), e);
}

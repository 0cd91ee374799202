/* After a hook has run: what it found goes into our notes and into the log. The world may have moved meanwhile, so
 * the task is looked at anew. */
#include "base/clock.h"
#include "base/log.h"
#include "rotators/rotator.h"
#include <assert.h>
#include <string.h>

static void calm_down(struct job *job)
{
        job->backoff_ms = job->not_before_ms = 0;
}

static bool is_evidence(const struct hook_result *result, const char *word)
{
        return result->exit == PLUGIN_OK && !strcmp(result->evidence, word);
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
static void say_outcome(struct rotator *r, struct task *t, enum engine_step step, enum rotation_step what,
                        enum rotation_outcome before, const struct hook_result *result, struct speech *speech)
{
        enum rotation_outcome outcome = outcome_of(result);
        if (result->exit != PLUGIN_OK)
                task_back_off(r, t->job);
        else if (step == ENGINE_SET)
                t->job->not_before_ms =
                        0; /* only the test tells whether it went well: until then the pauses grow on */
        else
                calm_down(t->job);
        bool is_news = outcome != before || must_tell_leak(t->job, result);
        if (result->exit == PLUGIN_TRY_AGAIN || !is_news)
                return;
        const struct statement s = task_statement(t, what, outcome);
        speech_add(speech, t, step, &s);
}

/* ---- before there is a value ---- */

/* A claim that failed: people hear that the target is out of reach, and no other rotator is kept from trying. */
static void say_trouble(struct rotator *r, struct task *t, struct speech *speech)
{
        struct statement s = task_statement(t, STEP_CLAIM, OUTCOME_FAILED);
        task_back_off(r, t->job);
        if (t->job->has_told_check)
                return;
        s.rotation.until_ms = client_now_ms(r->client) + r->config.backoff_first_ms;
        speech_add(speech, t, ENGINE_CHECK, &s);
}

/* What is in use now must be known, and known after a crash, before a second slot is made. */
MUST_CHECK static enum err checked(struct rotator *r, struct task *t, const struct hook_result *result,
                                   struct speech *speech)
{
        t->job->is_checked = result->exit == PLUGIN_OK;
        if (!t->job->is_checked) {
                say_trouble(r, t, speech);
                return OK;
        }
        calm_down(t->job);
        t->job->has_told_check = false;
        if (t->job->old_handle.n || result->handle.n == 0)
                return OK;
        bytes_add_span(&t->job->old_handle, bytes_span(&result->handle));
        if (t->hook->slots == 1)
                return OK; /* with its value */
        enum err e = job_save(&r->jobs, t->job);
        return e == OK ? jobs_flush(&r->jobs) : e;
}

MUST_CHECK static enum err prepared(struct rotator *r, struct task *t, const struct hook_result *result,
                                    struct speech *speech)
{
        if (result->exit != PLUGIN_OK) {
                t->job->is_checked = false;
                say_trouble(r, t, speech);
                return OK;
        }
        calm_down(t->job);
        return task_seal(r, t, result, speech);
}

/* ---- with a value ---- */

MUST_CHECK static enum err was_set(struct rotator *r, struct task *t, const struct hook_result *result,
                                   struct speech *speech)
{
        enum err e = take_handle(r, t->job, result);
        if (e != OK)
                return e;
        if (result->is_value_rejected) {
                t->job->is_rejected = true;
                t->job->rejections++;
                if ((e = job_save(&r->jobs, t->job)) != OK)
                        return e;
        }
        if (result->exit == PLUGIN_TRY_AGAIN)
                t->job->seen = SEEN_UNTOUCHED;
        if (result->exit == PLUGIN_OK)
                t->job->seen = SEEN_PENDING; /* what it is worth, the next test tells */
        say_outcome(r, t, ENGINE_SET, STEP_SET, t->facts.set, result, speech);
        return OK;
}

MUST_CHECK static enum err reconciled(struct rotator *r, struct task *t, const struct hook_result *result,
                                      struct speech *speech)
{
        if (is_evidence(result, "other")) {
                t->job->seen = SEEN_OTHER;
                return OK;
        }
        if (!is_evidence(result, "pending")) {
                task_back_off(r, t->job);
                return OK;
        }
        t->job->seen = SEEN_PENDING;
        enum err e = take_handle(r, t->job, result);
        if (e != OK || t->facts.set == OUTCOME_OK)
                return e;
        const struct statement s = task_statement(t, STEP_SET, OUTCOME_OK);
        speech_add(speech, t, ENGINE_RECONCILE, &s);
        return OK;
}

static void tested(struct rotator *r, struct task *t, const struct hook_result *result, struct speech *speech)
{
        t->job->seen = SEEN_NOTHING;
        say_outcome(r, t, ENGINE_TEST, STEP_TEST, t->facts.test, result, speech);
}

/* ---- the end ---- */

static enum old_evidence evidence_of(const struct hook_result *result)
{
        if (is_evidence(result, "refused"))
                return OLD_REFUSED;
        return is_evidence(result, "replaced") ? OLD_REPLACED : OLD_UNPROVEN;
}

static void revoked(struct rotator *r, struct task *t, const struct hook_result *result, struct speech *speech)
{
        if (result->exit != PLUGIN_OK) {
                say_outcome(r, t, ENGINE_REVOKE, STEP_REVOKE, t->facts.revoke, result, speech);
                return;
        }
        struct statement s = task_statement(t, STEP_DONE, OUTCOME_NONE);
        s.rotation.old = evidence_of(result);
        s.rotation.has_new_works = true;
        s.rotation.handle = t->proof && t->proof->handle.n ? bytes_text(&t->proof->handle) : NULL;
        calm_down(t->job);
        speech_add(speech, t, ENGINE_REVOKE, &s);
}

/* ---- all ---- */

MUST_CHECK static enum err finish(struct rotator *r, struct task *t, const struct errand *errand,
                                  struct speech *speech)
{
        const struct hook_result *result = &errand->result;
        switch (errand->step) {
        case ENGINE_CHECK: return checked(r, t, result, speech);
        case ENGINE_PREPARE: return prepared(r, t, result, speech);
        case ENGINE_SET: return was_set(r, t, result, speech);
        case ENGINE_RECONCILE: return reconciled(r, t, result, speech);
        case ENGINE_TEST: tested(r, t, result, speech); break;
        case ENGINE_REVOKE: revoked(r, t, result, speech); break;
        case ENGINE_REST:
        case ENGINE_CLAIM:
        case ENGINE_SEAL:
        case ENGINE_START_SET:
        case ENGINE_PROMOTE:
        case ENGINE_START_REVOKE:
        case ENGINE_FORGET:
        case ENGINE_STEPS: break;
        }
        return OK;
}

static void log_end(const struct errand *e)
{
        log_event(e->result.exit == PLUGIN_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "hook.ended",
                  F_TEXT("step", e->call.step), F_TEXT("credential", e->credential), F_INT("exit", e->result.exit),
                  F_TEXT("evidence", e->result.evidence), F_TEXT("why", bytes_text(&e->result.why)));
}

/* Whether what the hook did still is of this rotation: another one may have taken the credential over. */
static bool look_again(const struct rotator *r, const struct errand *errand, struct task *ret)
{
        const struct ledger *l = client_ledger(r->client);
        const struct sight sight = {l, client_me(r->client), &r->config, &r->jobs};
        struct version_view old;
        char key[HASH_HEX + 1] = "";
        if (!ledger_version_by_id(l, &errand->old_version, &old) ||
            !task_look(&sight, old.index, client_now_ms(r->client), ret) || !ret->job)
                return false;
        if (ret->pending.fields)
                hash_to_hex(&ret->pending.id, key);
        return errand->step == ENGINE_CHECK || errand->step == ENGINE_PREPARE || !strcmp(key, errand->key);
}

/* A target that says how long it wants to be left alone is left alone that long, whatever our own pauses are. */
static void heed(struct rotator *r, const struct errand *errand)
{
        struct job *job = jobs_find(&r->jobs, &errand->old_version);
        int64_t then = client_now_ms(r->client) + errand->result.retry_after_s * SECOND_MS;
        if (job && errand->result.retry_after_s > 0 && job->not_before_ms < then)
                job->not_before_ms = then;
}

enum err task_finish(struct rotator *r, struct errand *errand, struct speech *speech)
{
        struct job *job = jobs_find(&r->jobs, &errand->old_version);
        struct task t;
        enum err e = OK;
        assert(job); /* nobody forgets a busy one */
        job->is_busy = false;
        if (errand->error != OK) {
                e = task_weigh(r, job, errand->step, err_because(errand->error, "%s", errand->why));
        } else {
                log_end(errand);
                err_forget();
                if (look_again(r, errand, &t))
                        e = task_weigh(r, job, errand->step, finish(r, &t, errand, speech));
                heed(r, errand);
        }
        errand_free(errand);
        return e;
}

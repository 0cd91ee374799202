/* Beginning a step: statements for the broker, hooks for the target, notes on our own disk, in an order that a crash
 * between any two of them cannot harm. */
#include "base/clock.h"
#include "base/log.h"
#include "rotators/rotator.h"
#include <string.h>

/* ---- trouble ---- */

void task_back_off(const struct rotator *r, struct job *job)
{
        int64_t next = job->backoff_ms ? job->backoff_ms * 2 : r->config.backoff_first_ms;
        job->backoff_ms = next < r->config.backoff_most_ms ? next : r->config.backoff_most_ms;
        job->not_before_ms = client_now_ms(r->client) + job->backoff_ms;
}

/* Refusals by the rules mean that the world moved: look again later. The rest concerns the whole program. */
enum err task_weigh(const struct rotator *r, struct job *job, enum engine_step step, enum err e)
{
        if (e == OK)
                return OK;
        log_event(LOG_LEVEL_WARNING, "rotation.delayed", F_TEXT("step", engine_step_word(step)),
                  F_TEXT("error", err_word(e)), F_TEXT("why", err_reason()));
        task_back_off(r, job);
        bool is_of_all = e == ERR_SHUTTING_DOWN || e == ERR_NOT_DURABLE || e == ERR_RESTORED;
        bool is_of_this_one = err_is_public(e) || e == ERR_UNSAFE_PROGRAM || e == ERR_NO_ENTRY || e == ERR_CONFIG ||
                              e == ERR_BAD_CONTAINER;
        return is_of_this_one && !is_of_all ? OK : e;
}

/* ---- statements ---- */

struct statement task_statement(const struct task *t, enum rotation_step step, enum rotation_outcome outcome)
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

static void say(struct speech *speech, struct task *t, enum engine_step step, enum rotation_step what,
                enum rotation_outcome outcome)
{
        const struct statement s = task_statement(t, what, outcome);
        speech_add(speech, t, step, &s);
}

static void claim(const struct rotator *r, struct task *t, struct speech *speech)
{
        struct statement s = task_statement(t, STEP_CLAIM, OUTCOME_NONE);
        s.rotation.until_ms = client_now_ms(r->client) + r->config.lease_ms;
        speech_add(speech, t, ENGINE_CLAIM, &s);
}

/* ---- hooks ---- */

bool step_runs_hook(enum engine_step step)
{
        switch (step) {
        case ENGINE_CHECK:
        case ENGINE_PREPARE:
        case ENGINE_SET:
        case ENGINE_RECONCILE:
        case ENGINE_TEST:
        case ENGINE_REVOKE: return true;
        case ENGINE_REST:
        case ENGINE_CLAIM:
        case ENGINE_SEAL:
        case ENGINE_START_SET:
        case ENGINE_PROMOTE:
        case ENGINE_START_REVOKE:
        case ENGINE_FORGET:
        case ENGINE_STEPS: break;
        }
        return false;
}

static struct errand *errand_new(const struct task *t, enum engine_step step)
{
        struct errand *e = mem_new(1, sizeof *e);
        char key[HASH_HEX + 1];
        bool has_pending = t->pending.fields && step != ENGINE_CHECK && step != ENGINE_PREPARE;
        hash_to_hex(has_pending ? &t->pending.id : &t->old.id, key);
        e->old_version = t->old.id;
        e->step = step;
        e->target = target_of(t->hook, bytes_span(&t->credential->hook_config));
        e->credential = mem_text(t->credential->name);
        e->key = mem_text(key);
        return e;
}

MUST_CHECK static enum err write_call(struct rotator *r, const struct task *t, struct errand *e)
{
        if (t->job && t->job->old_handle.n)
                bytes_add_span(&e->old_handle, bytes_span(&t->job->old_handle));
        e->call = (struct hook_call){.hook = t->hook,
                                     .step = engine_step_word(e->step),
                                     .is_old_by_hand = t->old.fields->is_initial,
                                     .is_prepare = e->step == ENGINE_PREPARE,
                                     .credential = e->credential,
                                     .idempotency_key = e->key,
                                     .handle = e->handle.n ? bytes_text(&e->handle) : NULL,
                                     .old_handle = e->old_handle.n ? bytes_text(&e->old_handle) : NULL,
                                     .roster_config = bytes_span(&t->credential->hook_config),
                                     .pending = e->pending.n_fields ? &e->pending : NULL,
                                     .opened = e->opened.n_fields ? &e->opened : NULL,
                                     .sequence = t->hook->can_serve ? ++r->asked : 0,
                                     .timeout_ms = r->config.hook_timeout_ms};
        enum err error = hook_write_request(&e->call, &e->request);
        e->call.roster_config = span_of(NULL, 0); /* the ledger's, which moves on */
        return error;
}

/* With the value that `of` keeps; NULL: there is none yet. */
MUST_CHECK static enum err load_value(const struct rotator *r, const struct job *of, uint64_t number,
                                      struct errand *e)
{
        if (!of)
                return OK;
        if (of->handle.n)
                bytes_add_span(&e->handle, bytes_span(&of->handle));
        return job_load_value(&r->jobs, of->recipient, &client_identity(r->client)->open, e->credential, number,
                              &e->pending);
}

MUST_CHECK static enum err send(struct rotator *r, struct task *t, enum engine_step step, const struct job *of,
                                uint64_t number)
{
        struct errand *errand = errand_new(t, step);
        bool wants_opened =
                step == ENGINE_REVOKE || ((step == ENGINE_CHECK || step == ENGINE_PREPARE) && t->hook->can_prepare);
        enum err e = load_value(r, of, number, errand);
        if (e == OK && wants_opened)
                e = task_fetch_opened(r, t, &errand->opened);
        if (e == OK)
                e = write_call(r, t, errand);
        if (e != OK) {
                errand_free(errand);
                return e;
        }
        log_event(LOG_LEVEL_INFO, "hook.started", F_TEXT("step", errand->call.step),
                  F_TEXT("credential", errand->credential));
        if ((e = crew_send(r->crew, errand)) == OK)
                t->job->is_busy = true;
        return e;
}

MUST_CHECK static enum err set(struct rotator *r, struct task *t)
{
        t->job->seen = SEEN_NOTHING; /* from here on it may have run */
        return send(r, t, ENGINE_SET, t->job, t->pending.fields->number);
}

MUST_CHECK static enum err revoke_old(struct rotator *r, struct task *t)
{
        if (t->proof)
                return send(r, t, ENGINE_REVOKE, t->proof, t->proof_number);
        task_back_off(r, t->job); /* sealed by hand meanwhile: an admin ends it by hand */
        return OK;
}

/* A value whose set may have run stays on the disk, sealed, even when another version won. */
MUST_CHECK static enum err forget(struct rotator *r, struct task *t)
{
        bool is_certain = t->facts.is_done || t->facts.set == OUTCOME_NONE || t->facts.set == OUTCOME_FAILED;
        return jobs_remove(&r->jobs, t->job, !is_certain);
}

/* ---- all ---- */

MUST_CHECK static enum err perform(struct rotator *r, struct task *t, enum engine_step step, struct speech *speech)
{
        switch (step) {
        case ENGINE_CHECK:
        case ENGINE_PREPARE: return send(r, t, step, NULL, 0);
        case ENGINE_CLAIM: claim(r, t, speech); break;
        case ENGINE_SEAL: return task_seal(r, t, NULL, speech);
        case ENGINE_START_SET: say(speech, t, step, STEP_SET, OUTCOME_STARTED); break;
        case ENGINE_SET: return set(r, t);
        case ENGINE_RECONCILE:
        case ENGINE_TEST: return send(r, t, step, t->job, t->pending.fields->number);
        case ENGINE_PROMOTE: say(speech, t, step, STEP_PROMOTED, OUTCOME_NONE); break;
        case ENGINE_START_REVOKE: say(speech, t, step, STEP_REVOKE, OUTCOME_STARTED); break;
        case ENGINE_REVOKE: return revoke_old(r, t);
        case ENGINE_FORGET: return forget(r, t);
        case ENGINE_REST:
        case ENGINE_STEPS: break;
        }
        return OK;
}

enum err task_perform(struct rotator *r, struct task *t, enum engine_step step, struct speech *speech)
{
        if (!t->job && step != ENGINE_FORGET)
                t->job = jobs_add(&r->jobs, &t->old.id);
        log_event(LOG_LEVEL_INFO, "rotation.stepped", F_TEXT("step", engine_step_word(step)),
                  F_TEXT("credential", t->credential->name), F_INT("number", (int64_t)t->old.fields->number));
        if (t->job)
                t->job->has_told_custody = false;
        err_forget();
        enum err e = perform(r, t, step, speech);
        return e == OK || step == ENGINE_FORGET ? e : task_weigh(r, t->job, step, e);
}

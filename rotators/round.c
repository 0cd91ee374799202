/* One round: one look at everything there is to do, and a beginning of what can be begun. */
#include "base/clock.h"
#include "rotators/rotator.h"
#include "rotators/stop.h"

#define CREW_WAIT_MS (2 * SECOND_MS)

static struct sight see(const struct rotator *r)
{
        return (struct sight){client_ledger(r->client), client_me(r->client), &r->config, &r->jobs};
}

/* One look at everything there is to do. */
struct round {
        struct speech speech;
        unsigned active; /* rotations that move */
        bool has_moved;  /* something was begun or ended */
        int64_t next_ms; /* when time alone makes more possible */
};

static bool must_wait_for_room(const struct rotator *r, const struct task *t, enum engine_step step)
{
        CLEANUP_FREE char *target = NULL;
        if (!step_runs_hook(step))
                return false;
        target = target_of(t->hook, bytes_span(&t->credential->hook_config));
        return !crew_has_room(r->crew, target);
}

MUST_CHECK static enum err visit(struct rotator *r, size_t version, struct round *round)
{
        const struct sight sight = see(r);
        struct task t;
        if (!task_look(&sight, version, client_now_ms(r->client), &t))
                return OK;
        if (t.job && t.job->is_busy) {
                round->active++;
                return OK;
        }
        struct engine_next next = engine_next(&t.facts);
        if (next.step == ENGINE_REST) {
                task_log_rest(r, &t, next.rest_until_ms);
                if (next.rest_until_ms < round->next_ms)
                        round->next_ms = next.rest_until_ms;
                return OK;
        }
        round->active++;
        if (must_wait_for_room(r, &t, next.step))
                return OK;
        round->has_moved = true;
        return task_perform(r, &t, next.step, &round->speech);
}

/* First what is under way, the oldest before the others: whoever has begun is not kept waiting by who came later. A
 * job that ends leaves the list. */
MUST_CHECK static enum err visit_jobs(struct rotator *r, struct round *round)
{
        enum err e = OK;
        for (size_t i = 0; e == OK && i < r->jobs.n;) {
                const size_t n = r->jobs.n;
                struct version_view old;
                if (ledger_version_by_id(client_ledger(r->client), &r->jobs.job[i]->old_version, &old))
                        e = visit(r, old.index, round);
                i += r->jobs.n == n;
        }
        return e;
}

static bool is_over(const struct rotator *r, const struct version_view *v)
{
        struct rotation_view rotation;
        if (v->state == VERSION_DROPPED)
                return true;
        return v->state == VERSION_REPLACED && !jobs_find(&r->jobs, &v->id) &&
               ledger_rotation(client_ledger(r->client), &v->id, client_now_ms(r->client), &rotation) &&
               rotation.is_done;
}

/* Thousands of them are not looked at anew in each round. */
static void pass_over(struct rotator *r)
{
        const struct ledger *l = client_ledger(r->client);
        for (struct version_view v; r->n_over < ledger_versions(l); r->n_over++) {
                ledger_version_at(l, r->n_over, &v);
                if (!is_over(r, &v))
                        return;
        }
}

/* Then new ones, as many as may be under way. */
MUST_CHECK static enum err visit_rest(struct rotator *r, struct round *round)
{
        const struct ledger *l = client_ledger(r->client);
        enum err e = OK;
        pass_over(r);
        for (size_t i = r->n_over; e == OK && i < ledger_versions(l) && round->active < JOBS_AT_ONCE; i++) {
                struct version_view v;
                ledger_version_at(l, i, &v);
                bool is_live = v.state == VERSION_CURRENT || v.state == VERSION_REPLACED;
                if (is_live && !jobs_find(&r->jobs, &v.id))
                        e = visit(r, i, round);
        }
        return e;
}

MUST_CHECK static enum err take_results(struct rotator *r, struct round *round)
{
        enum err e = OK;
        for (struct errand *errand; e == OK && (errand = crew_take(r->crew, 0));) {
                round->has_moved = true;
                e = task_finish(r, errand, &round->speech);
        }
        return e;
}

/* What was found out is said even when something else went wrong meanwhile (e). */
MUST_CHECK static enum err say_all(struct rotator *r, struct round *round, enum err e)
{
        CLEANUP_FREE char *why = mem_text(err_reason());
        enum err said = speech_hold(r, &round->speech);
        return e == OK ? said : err_because(e, "%s", why);
}

MUST_CHECK static enum err look_around(struct rotator *r, struct round *round)
{
        enum err e = take_results(r, round);
        if (e == OK && !stop_is_wanted())
                e = visit_jobs(r, round);
        if (e == OK && !stop_is_wanted())
                e = visit_rest(r, round);
        return say_all(r, round, e);
}

/* Hooks are out, and there is nothing else to do: the log may have news, too. */
MUST_CHECK static enum err wait_for_crew(struct rotator *r, struct round *round)
{
        struct errand *errand = crew_take(r->crew, CREW_WAIT_MS);
        if (!errand)
                return client_sync(r->client, 0, NULL);
        *round = (struct round){.has_moved = true};
        enum err e = task_finish(r, errand, &round->speech);
        if (e == OK)
                e = take_results(r, round);
        return say_all(r, round, e);
}

enum err rotator_work(struct rotator *r, int64_t *ret_next_ms)
{
        struct round round;
        enum err e = OK;
        do {
                round = (struct round){.next_ms = INT64_MAX};
                if ((e = look_around(r, &round)) == OK && !round.has_moved && crew_out(r->crew) > 0)
                        e = wait_for_crew(r, &round);
        } while (e == OK && (round.has_moved || crew_out(r->crew) > 0));
        *ret_next_ms = round.next_ms;
        return e;
}

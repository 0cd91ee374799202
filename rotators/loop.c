/* The loop: bring the log up to date, do what there is to do, wait for more. */
#include "base/clock.h"
#include "base/log.h"
#include "rotators/hook_call.h"
#include "rotators/rotator.h"
#include <signal.h>
#include <string.h>
#include <time.h>

#define POLL_S        25
#define AWAY_FIRST_MS 500
#define AWAY_MOST_MS  (30 * SECOND_MS)
#define CREW_WAIT_MS  (2 * SECOND_MS)
#define CHECK_WAIT_MS (60 * SECOND_MS)

/* ---- stopping: only when no hook runs ---- */

static void on_stop(int number UNUSED)
{
        _exit(0); /* everything that counts is on the disk or in the log; the kernel takes the locked memory back */
}

static bool stop_is_wanted(void)
{
        sigset_t set;
        return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) == 1 || sigismember(&set, SIGINT) == 1);
}

static void stops(int how)
{
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigprocmask(how, &set, NULL);
}

static void catch_stops(void)
{
        struct sigaction action = {.sa_handler = on_stop};
        stops(SIG_BLOCK);
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGINT, &action, NULL);
        signal(SIGPIPE, SIG_IGN);
}

static void sleep_ms(int64_t ms)
{
        const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
        stops(SIG_UNBLOCK);
        nanosleep(&t, NULL);
        stops(SIG_BLOCK);
}

/* ---- one round ---- */

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

/* Then new ones, as many as may be under way. */
MUST_CHECK static enum err visit_rest(struct rotator *r, struct round *round)
{
        const struct ledger *l = client_ledger(r->client);
        enum err e = OK;
        for (size_t i = 0; e == OK && i < ledger_versions(l) && round->active < JOBS_AT_ONCE; i++) {
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

/* What was found out is said even when something else went wrong meanwhile. */
MUST_CHECK static enum err look_around(struct rotator *r, struct round *round)
{
        enum err e = take_results(r, round);
        if (e == OK && !stop_is_wanted())
                e = visit_jobs(r, round);
        if (e == OK && !stop_is_wanted())
                e = visit_rest(r, round);
        CLEANUP_FREE char *why = mem_text(err_reason());
        enum err said = speech_hold(r, &round->speech);
        return e == OK ? said : err_because(e, "%s", why);
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
        enum err said = speech_hold(r, &round->speech);
        return e == OK ? said : e;
}

/* Does what can be done now; *ret_next_ms: when time alone makes more possible. */
MUST_CHECK static enum err work(struct rotator *r, int64_t *ret_next_ms)
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

static bool will_pass(enum err e)
{
        return e == ERR_UNREACHABLE || e == ERR_STATE_UNKNOWN || e == ERR_RATE || e == ERR_SHUTTING_DOWN ||
               e == ERR_NOT_DURABLE || e == ERR_RESTORED;
}

/* The signal may come while we only listen; hooks that run are seen to their end first. */
MUST_CHECK static enum err listen_for(struct rotator *r, unsigned wait_s)
{
        size_t sent, refused;
        stops(SIG_UNBLOCK);
        enum err e = client_sync(r->client, wait_s, NULL);
        stops(SIG_BLOCK);
        return e == OK ? client_retry_outgoing(r->client, &sent, &refused) : e;
}

static bool is_in_log(const void *context, const char *recipient)
{
        const struct ledger *l = context;
        for (size_t i = 0; i < ledger_versions(l); i++) {
                struct version_view v;
                ledger_version_at(l, i, &v);
                if (!strcmp(v.fields->recipient, recipient))
                        return true;
        }
        return false;
}

/* Once, when the log is up to date for the first time. */
MUST_CHECK static enum err begin(const struct rotator *r, bool *has_begun)
{
        if (*has_begun)
                return OK;
        *has_begun = true;
        log_event(LOG_LEVEL_NOTICE, "rotator.started", F_TEXT("name", client_me(r->client)), F_INT("jobs", r->jobs.n),
                  F_INT("log_size", ledger_size(client_ledger(r->client))));
        return jobs_sweep(&r->jobs, is_in_log, client_ledger(r->client));
}

static unsigned seconds_until(const struct rotator *r, int64_t next_ms)
{
        int64_t left = next_ms - client_now_ms(r->client);
        if (left > POLL_S * SECOND_MS)
                return POLL_S;
        return left < SECOND_MS ? 1 : (unsigned)(left / SECOND_MS);
}

static bool is_waiting(const struct rotator *r)
{
        for (size_t i = 0; i < r->jobs.n; i++)
                if (r->jobs.job[i]->not_before_ms > client_now_ms(r->client))
                        return true;
        return false;
}

/* Their results are kept until the broker can be told. */
static void wait_for_hooks(struct rotator *r, int64_t ms)
{
        struct speech unsaid = {0};
        struct errand *errand = crew_take(r->crew, ms);
        if (errand && (task_finish(r, errand, &unsaid) != OK || jobs_flush(&r->jobs) != OK))
                log_event(LOG_LEVEL_WARNING, "hook.lost", F_TEXT("why", err_reason()));
        speech_done(&unsaid); /* the engine looks at the target again */
}

MUST_CHECK static enum err turn(struct rotator *r, const struct loop_options *o)
{
        int64_t away_ms = 0;
        unsigned wait_s = 0;
        bool has_begun = false;
        for (;;) {
                int64_t next_ms = INT64_MAX;
                enum err e = listen_for(r, wait_s);
                if (e == OK)
                        e = begin(r, &has_begun);
                if (e == OK)
                        e = work(r, &next_ms);
                crew_rest(r->crew);
                if (e == OK) {
                        away_ms = 0;
                        if (o->once && !is_waiting(r))
                                return OK;
                        wait_s = seconds_until(r, next_ms);
                        continue;
                }
                if (!will_pass(e))
                        return e;
                away_ms = away_ms ? away_ms * 2 : AWAY_FIRST_MS;
                away_ms = away_ms < AWAY_MOST_MS ? away_ms : AWAY_MOST_MS;
                log_event(LOG_LEVEL_WARNING, "broker.away", F_TEXT("error", err_word(e)), F_TEXT("why", err_reason()),
                          F_INT("again_in_ms", away_ms));
                if (crew_out(r->crew) == 0)
                        sleep_ms(away_ms);
                else
                        wait_for_hooks(r, away_ms);
                wait_s = 0;
        }
}

/* ---- start ---- */

MUST_CHECK static enum err check_credential(struct rotator *r, const struct credential *c,
                                            const struct hook_entry *hook)
{
        struct hook_result result = {0};
        const struct hook_call call = {.hook = hook,
                                       .step = "check",
                                       .credential = c->name,
                                       .idempotency_key = "check",
                                       .roster_config = bytes_span(&c->hook_config),
                                       .timeout_ms = CHECK_WAIT_MS};
        enum err e = hook_run(&call, &result);
        if (e == OK)
                printf("%s: %s%s%s\n", c->name, result.exit == PLUGIN_OK ? "ok" : "NOT READY",
                       result.why.n ? ": " : "", bytes_text(&result.why));
        if (e == OK && result.exit != PLUGIN_OK)
                e = err_because(ERR_HOOK, "%s: %s", c->name, bytes_text(&result.why));
        hook_result_done(&result);
        return e;
}

MUST_CHECK static enum err check_all(struct rotator *r)
{
        enum err e = client_sync(r->client, 0, NULL), worst = OK;
        const struct roster *roster = ledger_roster(client_ledger(r->client));
        for (size_t i = 0; e == OK && i < roster->n_credentials; i++) {
                const struct credential *c = &roster->credentials[i];
                const struct hook_entry *hook = config_hook(&r->config, c->hook);
                const struct policy *policy = roster_policy_of(roster, c->name);
                enum err one = hook && name_list_has(&policy->rotators, client_me(r->client))
                                       ? check_credential(r, c, hook)
                                       : OK;
                worst = one != OK ? one : worst;
        }
        return e != OK ? e : worst;
}

/* Somebody has mended the target or the policy: the last value gets another chance, then new ones. */
MUST_CHECK static enum err retry_given_up(struct rotator *r)
{
        enum err e = OK;
        for (size_t i = 0; e == OK && i < r->jobs.n; i++) {
                struct job *job = r->jobs.job[i];
                if (job->rejections == 0)
                        continue;
                job->rejections = 0;
                job->is_rejected = false;
                e = job_save(&r->jobs, job);
        }
        return e == OK ? jobs_flush(&r->jobs) : e;
}

enum err rotator_run(struct rotator *r, const struct loop_options *o)
{
        enum err e = OK;
        for (size_t i = 0; e == OK && i < r->config.n_hooks; i++)
                e = hook_describe(&r->config.hooks[i]);
        if (e != OK)
                return e;
        if (o->check)
                return check_all(r);
        if (o->dry_run)
                return rotator_preview(r);
        if (o->retry && (e = retry_given_up(r)) != OK)
                return e;
        catch_stops();
        r->crew = crew_new(r->config.hooks_at_once, r->config.hooks_per_target);
        e = turn(r, o);
        while (crew_out(r->crew) > 0)
                errand_free(crew_take(r->crew, CREW_WAIT_MS));
        crew_free(r->crew);
        return e;
}

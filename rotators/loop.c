/* The loop: bring the log up to date, do what there is to do, wait for more. */
#include "base/clock.h"
#include "base/log.h"
#include "rotators/hook_call.h"
#include "rotators/rotator.h"
#include "rotators/stop.h"
#include <string.h>

#define POLL_S        25
#define AWAY_FIRST_MS 500
#define AWAY_MOST_MS  (30 * SECOND_MS)
#define CREW_WAIT_MS  (2 * SECOND_MS)

static bool will_pass(enum err e)
{
        return e == ERR_UNREACHABLE || e == ERR_STATE_UNKNOWN || e == ERR_RATE || e == ERR_SHUTTING_DOWN ||
               e == ERR_NOT_DURABLE || e == ERR_RESTORED;
}

/* The signal may come while we only listen; hooks that run are seen to their end first. */
MUST_CHECK static enum err listen_for(struct rotator *r, unsigned wait_s)
{
        size_t sent, refused;
        stop_allow();
        enum err e = client_sync(r->client, wait_s, NULL);
        stop_hold();
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

/* Their results are kept until the broker can be told. A note that cannot be written ends the rotator here as well:
 * what it believes must not run ahead of what its disk says. */
MUST_CHECK static enum err wait_for_hooks(struct rotator *r, int64_t ms)
{
        struct speech unsaid = {0};
        struct errand *errand = crew_take(r->crew, ms);
        enum err e = errand ? task_finish(r, errand, &unsaid) : OK;
        speech_done(&unsaid); /* the engine looks at the target again */
        if (will_pass(e)) {
                log_event(LOG_LEVEL_WARNING, "hook.lost", F_TEXT("why", err_reason()));
                e = OK;
        }
        return e == OK ? jobs_flush(&r->jobs) : e;
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
                        e = rotator_work(r, &next_ms);
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
                        stop_sleep(away_ms);
                else if ((e = wait_for_hooks(r, away_ms)) != OK)
                        return e;
                wait_s = 0;
        }
}

/* ---- start ---- */

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
                return rotator_check(r);
        if (o->dry_run)
                return rotator_preview(r);
        if (o->retry && (e = retry_given_up(r)) != OK)
                return e;
        stop_catch();
        r->crew = crew_new(r->config.hooks_at_once, r->config.hooks_per_target);
        e = turn(r, o);
        while (crew_out(r->crew) > 0)
                errand_free(crew_take(r->crew, CREW_WAIT_MS));
        crew_free(r->crew);
        return e;
}

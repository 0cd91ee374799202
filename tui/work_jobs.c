#include "tui/work_jobs.h"
#include "base/clock.h"
#include "tui/pending.h"
#include "tui/postmortem.h"
#include <string.h>

#define DEBTS_MAX        32u
#define CUSTODY_AGAIN_MS MINUTE_MS

void jobs_forget(struct jobs *j)
{
        secret_wipe(&j->scalar);
        j->has_review = false;
}

/* ---- following ---- */

static bool is_away(enum err e)
{
        return e == ERR_UNREACHABLE || e == ERR_SHUTTING_DOWN || e == ERR_STATE_UNKNOWN || e == ERR_NOT_DURABLE ||
               e == ERR_RATE;
}

static void take_picture(struct jobs *j, struct result *ret)
{
        const struct client *c = j->cli->client;

        ret->picture = picture_of(client_ledger(c), client_home(j->cli->client)->name, client_me(c), cli_now(j->cli));
        j->pictured_size = ledger_size(client_ledger(c));
        j->pictured_at_ms = clock_monotonic_ms();
        j->pictured_unlocked = client_is_unlocked(c);
}

static void say_link(struct result *ret, enum err e)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        ret->is_away = is_away(e);
        ret->is_alarm = e != OK && !ret->is_away;
        bytes_printf(&text, "%s: %s%s%s%s", err_word(e), err_sentence(e), *err_reason() ? " (" : "", err_reason(),
                     *err_reason() ? ")" : "");
        if (e != OK)
                ret->link_reason = mem_text(bytes_text(&text));
        err_forget();
}

static void note_bad_share(void *context, const char *credential, uint64_t number, enum err e)
{
        struct result *ret = context;
        CLEANUP_BYTES struct bytes text = BYTES_NONE;

        bytes_printf(&text, "bad-share: your share of %s version %llu does not hold (%s): tell an admin", credential,
                     (unsigned long long)number, err_word(e));
        free(ret->link_reason);
        ret->link_reason = mem_text(bytes_text(&text));
        ret->is_alarm = true;
}

/* What helps the next rotation and must never stand in the way. */
static void prove_custody(struct jobs *j, struct result *ret)
{
        const char *me = client_me(j->cli->client);
        size_t n;

        if (!me || clock_monotonic_ms() - j->custody_at_ms < CUSTODY_AGAIN_MS ||
            !custody_is_wanted(cli_ledger(j->cli), me, cli_now(j->cli)))
                return;
        j->custody_at_ms = clock_monotonic_ms();
        if (act_prove_custody(j->cli->client, note_bad_share, ret, &n) != OK)
                err_forget();
}

void jobs_follow(struct jobs *j, unsigned wait_s, int64_t picture_ms, struct result *ret)
{
        struct client *c = j->cli->client;

        ret->is_unlocked = client_is_unlocked(c);
        if (ret->is_unlocked) {
                say_link(ret, client_sync(c, wait_s, NULL));
                if (!ret->is_away && !ret->is_alarm)
                        prove_custody(j, ret);
        }
        if (ledger_size(client_ledger(c)) != j->pictured_size || j->pictured_at_ms == 0 ||
            j->pictured_unlocked != ret->is_unlocked || clock_monotonic_ms() - j->pictured_at_ms >= picture_ms)
                take_picture(j, ret);
}

/* ---- acts ---- */

static enum err ask(struct jobs *j, const struct effect *job, struct result *ret)
{
        const char *debts[DEBTS_MAX];
        struct ask a = {
                .credential = job->text[0],
                .emergency = job->text[1],
                .incident = job->text[2],
                .reason = job->text[3],
                .open_for_ms = job->ms,
        };

        a.n_acknowledges = act_debts(j->cli->client, debts, DEBTS_MAX);
        /* They are the ledger's own, which a sync moves. */
        for (size_t i = 0; i < a.n_acknowledges; i++)
                debts[i] = mem_text(debts[i]);
        a.acknowledges = debts;
        enum err e = act_request(j->cli->client, &a, &ret->id, &ret->n);

        for (size_t i = 0; i < a.n_acknowledges; i++)
                free((char *)debts[i]);
        return e;
}

static enum err review(struct jobs *j, const struct effect *job, struct result *ret)
{
        enum err e;

        jobs_forget(j);
        ret->id = job->id;
        e = act_review(j->cli->client, &job->id, &j->reviewed, &j->scalar);
        if (e != OK)
                return e;
        j->has_review = true;
        ret->seen = jobs_see(j, &j->reviewed);
        return OK;
}

static enum err approve(struct jobs *j, const struct effect *job, struct result *ret)
{
        enum err e;

        if (!j->has_review || !hash_equal(&j->reviewed.request.id, &job->id))
                return err_because(ERR_MISMATCH, "what was reviewed is another request; look again");
        e = act_approve(j->cli->client, &j->reviewed, &j->scalar, job->flag, &ret->n);
        jobs_forget(j);
        return e;
}

static void say_bad_share(void *context, const char *holder, enum err e)
{
        struct bytes *said = context;

        bytes_printf(said, "%s%s's share does not hold (%s) and was left out: tell them and an admin.",
                     said->n ? " " : "", holder, err_word(e));
}

static enum err open_it(struct jobs *j, const struct effect *job, struct result *ret)
{
        CLEANUP_BYTES struct bytes said = BYTES_NONE;
        enum err e;

        ret->id = job->id;
        ret->document = mem_new(1, sizeof(*ret->document));
        e = act_open(j->cli->client, &job->id, job->flag, say_bad_share, &said, ret->document);
        ret->text = said.n ? mem_text(bytes_text(&said)) : NULL;
        return e;
}

static enum err close_it(struct jobs *j, const struct effect *job, struct result *ret)
{
        if (job->text[0])
                return act_close_incident(j->cli->client, job->text[0], &ret->handed, &ret->n);
        return act_close_request(j->cli->client, &job->id, &ret->handed, &ret->n);
}

static enum err draft(struct jobs *j, const struct effect *job, struct result *ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = postmortem_draft(j->cli, job->text[0], &text);

        ret->text = mem_text(bytes_text(&text));
        return e;
}

/* What somebody wrote is not lost because of what failed afterwards. */
static enum err send_postmortem(struct jobs *j, const struct effect *job, struct result *ret)
{
        enum err e = postmortem_check(job->text[1]);

        return e != OK ? e
                       : act_postmortem(j->cli->client, job->text[0], (enum criterion)job->number, job->text[1],
                                        &ret->n);
}

static enum err unlock(struct jobs *j, struct identity *me)
{
        return client_unlock(j->cli->client, me);
}

static enum err lock(struct jobs *j)
{
        jobs_forget(j);
        client_lock(j->cli->client);
        return OK;
}

static enum err perform(struct jobs *j, const struct effect *job, struct identity *me, struct result *ret)
{
        struct client *c = j->cli->client;

        switch ((int)job->kind) {
        case EFFECT_UNLOCK: return unlock(j, me);
        case EFFECT_LOCK: return lock(j);
        case EFFECT_FORGET: jobs_forget(j); return OK;
        case EFFECT_ASK: return ask(j, job, ret);
        case EFFECT_REVIEW: return review(j, job, ret);
        case EFFECT_APPROVE: return approve(j, job, ret);
        case EFFECT_DENY: return act_deny(c, &job->id, job->text[0], job->flag, &ret->n);
        case EFFECT_CANCEL: return act_cancel(c, &job->id, &ret->n);
        case EFFECT_OPEN: return open_it(j, job, ret);
        case EFFECT_CLOSE: return close_it(j, job, ret);
        case EFFECT_HOLD: return act_hold(c, job->text[0], NULL, &ret->n);
        case EFFECT_EXTEND: return act_extend(c, &job->id, job->ms, &ret->n);
        case EFFECT_TIMELINE: return jobs_timeline(j, job->text[0], &ret->page);
        case EFFECT_DRAFT: return draft(j, job, ret);
        case EFFECT_POSTMORTEM: return send_postmortem(j, job, ret);
        case EFFECT_LOG: return jobs_log(j, job->number, job->text[0], &ret->page);
        case EFFECT_ENTRY: return jobs_entry(j, job->number, &ret->text);
        case EFFECT_VERIFY: return jobs_verify(j, &ret->text);
        case EFFECT_ROSTERS: return jobs_rosters(j, &ret->page);
        case EFFECT_ROTATION: return jobs_rotation(j, job, ret);
        case EFFECT_PLAN: return jobs_plan(j, job, ret);
        case EFFECT_ORDER: return jobs_order(j, job, ret);
        default: return ERR_INTERNAL;
        }
}

void jobs_perform(struct jobs *j, const struct effect *job, struct identity *me, struct result *ret)
{
        err_forget();
        ret->kind = job->kind;
        ret->err = perform(j, job, me, ret);
        ret->reason = mem_text(err_reason());
        err_forget();
        ret->is_unlocked = client_is_unlocked(j->cli->client);
        take_picture(j, ret);
}

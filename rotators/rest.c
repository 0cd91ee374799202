/* Why a rotation rests: for people, who may be the ones it waits for. */
#include "base/clock.h"
#include "base/log.h"
#include "rotators/rotator.h"

static bool waits_for_custody(const struct task *t)
{
        const struct engine_facts *f = &t->facts;
        return f->pending == ENGINE_PENDING && f->set == OUTCOME_NONE && f->is_fitting && !f->has_custody;
}

void task_explain_rest(const struct rotator *r, const struct task *t, int64_t until_ms, struct bytes *ret)
{
        if (waits_for_custody(t)) {
                bytes_printf(ret,
                             "waits until %u holders have proven their shares of the new version; still to come: ",
                             t->pending.fields->need);
                ledger_custody_wanted(client_ledger(r->client), &t->pending, t->facts.now_ms, ret);
                bytes_add_text(ret, " (`breakglass inbox`)");
        } else if (until_ms == INT64_MAX) {
                bytes_add_text(ret, "waits for the log (another rotator, or an admin)");
        } else {
                bytes_printf(ret, "waits for %lld s", (long long)((until_ms - t->facts.now_ms) / SECOND_MS));
        }
}

/* Once, and again when it has moved meanwhile. */
void task_log_rest(const struct rotator *r, const struct task *t, int64_t until_ms)
{
        if (!t->job || t->job->has_told_custody || !waits_for_custody(t))
                return;
        CLEANUP_BYTES struct bytes why = BYTES_NONE;
        task_explain_rest(r, t, until_ms, &why);
        t->job->has_told_custody = true;
        log_event(LOG_LEVEL_WARNING, "rotation.waits", F_TEXT("credential", t->credential->name),
                  F_INT("number", (int64_t)t->pending.fields->number), F_TEXT("why", bytes_text(&why)));
}

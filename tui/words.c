#include "tui/words.h"
#include "tui/say.h"
#include <string.h>

const char *request_name(const struct request_view *r, char ret[NAME_TEXT])
{
        snprintf(ret, NAME_TEXT, "R%llu", (unsigned long long)r->n);
        return ret;
}

const char *request_incident(const struct request_view *r)
{
        return r->has_incident ? r->incident : "none given";
}

const char *request_closes_as(const struct request_view *r, char ret[NAME_TEXT])
{
        return r->has_incident ? r->incident : request_name(r, ret);
}

const char *request_state_word(enum request_state s)
{
        switch (s) {
        case REQUEST_WAITING: return "waiting";
        case REQUEST_READY: return "ready";
        case REQUEST_OPENED: return "opened";
        case REQUEST_ENDED: return "ended";
        }
        return "unknown";
}

const char *request_end_word(enum request_end e)
{
        switch (e) {
        case END_NONE: return "none";
        case END_DENIED: return "denied";
        case END_CANCELLED: return "cancelled";
        case END_DONE: return "done";
        case END_TIME: return "time";
        case END_WEBHOOK: return "webhook";
        case END_EXPIRED: return "expired";
        case END_RETIRED: return "retired";
        case END_OFFLINE: return "offline";
        }
        return "unknown";
}

static const char *end_words(enum request_end e)
{
        switch (e) {
        case END_NONE: return "not ended";
        case END_DENIED: return "denied: too few holders are left who could approve";
        case END_CANCELLED: return "cancelled by its requester";
        case END_DONE: return "closed";
        case END_TIME: return "closed: its time was over";
        case END_WEBHOOK: return "closed: the incident was resolved";
        case END_EXPIRED: return "expired before it was opened";
        case END_RETIRED: return "ended: the credential left the roster";
        case END_OFFLINE: return "was OPENED OFFLINE, without the broker; told afterwards, at no known time";
        }
        return "ended";
}

void request_standing(const struct request_view *r, int64_t now_ms, struct bytes *ret)
{
        char time[WHEN_TEXT];
        unsigned missing = r->threshold > r->approvals ? r->threshold - r->approvals : 0;

        switch (r->state) {
        case REQUEST_WAITING:
                bytes_printf(ret, "waits for %u more approval%s; ends %s", missing, missing == 1 ? "" : "s",
                             when(r->expires_at_ms, now_ms, time));
                break;
        case REQUEST_READY: bytes_add_text(ret, "READY: its requester can open it now"); break;
        case REQUEST_OPENED:
                bytes_printf(ret, "OPEN until %s%s", when(r->access_until_ms, now_ms, time),
                             r->is_dark ? ", opened dark" : "");
                break;
        case REQUEST_ENDED: bytes_printf(ret, "%s, %s", end_words(r->end), when(r->ended_at_ms, now_ms, time)); break;
        }
}

const char *version_state_word(enum version_state s)
{
        switch (s) {
        case VERSION_SEALED: return "sealed";
        case VERSION_PENDING: return "pending";
        case VERSION_CURRENT: return "current";
        case VERSION_REPLACED: return "replaced";
        case VERSION_DROPPED: return "dropped";
        }
        return "unknown";
}

const char *rotation_reason_word(enum rotation_reason r)
{
        switch (r) {
        case NOT_DUE: return "none";
        case DUE_SPENT: return "spent";
        case DUE_OUTDATED: return "outdated";
        case DUE_ORDERED: return "ordered";
        case DUE_AGE: return "age";
        }
        return "unknown";
}

const char *rotation_reason_words(enum rotation_reason r)
{
        switch (r) {
        case NOT_DUE: return "not due";
        case DUE_SPENT: return "a share of it has left its holder";
        case DUE_OUTDATED: return "its policy has changed";
        case DUE_ORDERED: return "an admin ordered it";
        case DUE_AGE: return "it is older than its policy allows";
        }
        return "due";
}

const char *evidence_word(enum old_evidence e)
{
        switch (e) {
        case OLD_NONE: return "none";
        case OLD_REFUSED: return "refused";
        case OLD_REPLACED: return "replaced";
        case OLD_UNPROVEN: return "unproven";
        }
        return "unknown";
}

static const char *evidence_words(enum old_evidence e)
{
        switch (e) {
        case OLD_NONE: return "nothing is known of the old value";
        case OLD_REFUSED: return "the old value was tried and refused";
        case OLD_REPLACED: return "the old value is gone at its target";
        case OLD_UNPROVEN: return "NOT PROVEN that the old value is dead";
        }
        return "";
}

const char *outcome_word(enum rotation_outcome o)
{
        switch (o) {
        case OUTCOME_NONE: return "none";
        case OUTCOME_STARTED: return "started";
        case OUTCOME_OK: return "ok";
        case OUTCOME_FAILED: return "failed";
        case OUTCOME_UNKNOWN: return "unknown";
        }
        return "unknown";
}

const char *criterion_word(enum criterion c)
{
        switch (c) {
        case CRITERION_YES: return "yes";
        case CRITERION_NO: return "no";
        case CRITERION_DRILL: return "drill";
        }
        return "unknown";
}

static const char *outcome_words(enum rotation_outcome o)
{
        switch (o) {
        case OUTCOME_NONE: return "not begun";
        case OUTCOME_STARTED: return "begun";
        case OUTCOME_OK: return "it worked";
        case OUTCOME_FAILED: return "it FAILED";
        case OUTCOME_UNKNOWN: return "its outcome is UNKNOWN";
        }
        return "";
}

void rotation_stage(const struct rotation_view *r, struct bytes *ret)
{
        if (r->is_done)
                bytes_printf(ret, "done: %s%s", evidence_words(r->evidence),
                             r->new_works ? "; the new one works" : "");
        else if (r->is_promoted && r->must_wait)
                bytes_add_text(
                        ret,
                        "promoted: the new value is current; the old one is revoked once the other openings end");
        else if (r->is_promoted)
                bytes_printf(ret, "promoted: the new value is current; revoking the old one: %s",
                             outcome_words(r->revoke));
        else if (r->test != OUTCOME_NONE)
                bytes_printf(ret, "the new value is tested: %s", outcome_words(r->test));
        else if (r->set != OUTCOME_NONE)
                bytes_printf(ret, "the new value is set at its target: %s", outcome_words(r->set));
        else if (r->has_pending)
                bytes_printf(
                        ret, "a new value is sealed%s",
                        r->has_fresh_custody
                                ? ""
                                : "; too few holders have proven their shares lately, they run `breakglass inbox`");
        else if (r->is_claimed)
                bytes_printf(ret, "claimed by %s", r->claimed_by);
        else
                bytes_add_text(ret, "nobody has taken it yet");
}

unsigned rotation_steps_done(const struct rotation_view *r)
{
        if (r->is_done)
                return r->evidence == OLD_UNPROVEN ? ROTATION_STEPS - 1 : ROTATION_STEPS;
        if (r->is_promoted)
                return 5;
        if (r->test == OUTCOME_OK)
                return 4;
        if (r->set == OUTCOME_OK)
                return 3;
        return r->has_pending ? 2 : r->is_claimed ? 1 : 0;
}

static void say_step(const char *doing, const char *done, const char *noun, enum rotation_outcome o,
                     struct bytes *ret)
{
        if (o == OUTCOME_FAILED || o == OUTCOME_UNKNOWN)
                bytes_printf(ret, "%s %s", noun, o == OUTCOME_FAILED ? "FAILED" : "UNKNOWN");
        else
                bytes_add_text(ret, o == OUTCOME_STARTED ? doing : done);
}

void rotation_step(const struct rotation_view *r, struct bytes *ret)
{
        if (r->is_done)
                bytes_add_text(ret, "done");
        else if (r->revoke != OUTCOME_NONE)
                say_step("revoking", "revoked", "revoke", r->revoke, ret);
        else if (r->is_promoted)
                bytes_add_text(ret, "promoted");
        else if (r->test != OUTCOME_NONE)
                say_step("testing", "tested", "test", r->test, ret);
        else if (r->set != OUTCOME_NONE)
                say_step("setting", "set", "set", r->set, ret);
        else
                bytes_add_text(ret, r->has_pending      ? "sealed"
                                    : r->is_claimed     ? "claimed"
                                    : r->due != NOT_DUE ? "due"
                                                        : "not begun");
}

void rotation_standing(const struct rotation_view *r, int64_t now_ms, struct bytes *ret)
{
        char time[WHEN_TEXT];

        if (!r->is_done && r->due == NOT_DUE && !r->is_claimed && !r->has_pending) {
                bytes_add_text(ret, "no rotation is due");
                return;
        }
        if (!r->is_done && r->due != NOT_DUE)
                bytes_printf(ret, "rotation is owed (%s): ", rotation_reason_words(r->due));
        rotation_stage(r, ret);
        if (r->is_claimed && !r->is_promoted && !r->is_done)
                bytes_printf(ret, ", until %s", when(r->claimed_until_ms, now_ms, time));
}

void eligible_names(const struct ledger *l, const struct version_view *v, const char *except, struct bytes *ret)
{
        bool any = false;

        for (unsigned i = 0; i < v->fields->n_shares; i++) {
                const char *holder = v->fields->shares[i].holder;

                if ((except && strcmp(holder, except) == 0) || !ledger_is_eligible(l, v, holder))
                        continue;
                bytes_printf(ret, "%s%s", any ? ", " : "", holder);
                any = true;
        }
        if (!any)
                bytes_add_text(ret, "nobody");
}

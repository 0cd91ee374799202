/* Closing in the ledger (rule 8): by people when it is done, by the broker when time or a webhook says so. */
#include "quorum/ledger_state.h"

/* The requests that a close would end, walked one by one: by its id one, by incident all of it. */
struct walk {
        uint32_t next;
        bool whole_incident;
};

static struct walk walk_begin(const struct ledger *l, const struct statement *s)
{
        if (!s->close.incident)
                return (struct walk){find_of_type(l, &s->close.request, STATEMENT_REQUEST), false};
        uint32_t i = incident_find(l, s->close.incident);
        return (struct walk){i == NONE ? NONE : row_incident(l, i)->first_request, true};
}

static uint32_t walk_next(const struct ledger *l, struct walk *w)
{
        uint32_t i = w->next;
        if (i != NONE)
                w->next = w->whole_incident ? row_request(l, i)->next_of_incident : NONE;
        return i;
}

/* Not ended yet, and the signer's to close. What time has ended is over: its close line is the broker's. */
static bool close_matches(const struct ledger *l, const struct act *a, const struct request_row *r)
{
        bool may = a->is_broker || r->requester == a->by || (a->is_admin && a->s->close.incident);
        return may && request_end_at(l, r, a->at_ms, NULL) == END_NONE;
}

static enum err match_check(const struct ledger *l, const struct act *a)
{
        struct walk w = walk_begin(l, a->s);
        for (uint32_t i; (i = walk_next(l, &w)) != NONE;)
                if (close_matches(l, a, row_request(l, i)))
                        return OK;
        return ERR_NOT_FOUND;
}

static enum err form_check(const struct act *a)
{
        const bool by_incident = a->s->close.incident != NULL;
        switch (a->s->close.why) {
        case CLOSE_DONE: return a->is_broker ? ERR_NOT_ALLOWED : OK;
        case CLOSE_TIME:
        case CLOSE_EXPIRED:
                if (by_incident)
                        return err_because(ERR_BAD_STATEMENT, "this close names a request");
                break;
        case CLOSE_WEBHOOK:
                if (!by_incident)
                        return err_because(ERR_BAD_STATEMENT, "a webhook's close names an incident");
                break;
        }
        return a->is_broker ? OK : ERR_NOT_ALLOWED;
}

static enum err time_check(const struct ledger *l, const struct act *a)
{
        uint32_t i = find_of_type(l, &a->s->close.request, STATEMENT_REQUEST);
        if (i == NONE)
                return ERR_NOT_FOUND;
        const struct request_row *r = row_request(l, i);
        if (r->end != END_NONE)
                return ERR_ENDED;
        enum request_end want = a->s->close.why == CLOSE_TIME ? END_TIME : END_EXPIRED;
        return request_end_at(l, r, a->at_ms, NULL) == want ? OK : ERR_TOO_EARLY;
}

static enum err webhook_check(const struct ledger *l, const struct act *a)
{
        enum err e = match_check(l, a);
        if (e != OK)
                return e;
        const struct incident_row *i = row_incident(l, incident_find(l, a->s->close.incident));
        return incident_is_proposed(i) && a->at_ms >= i->deadline_ms ? OK : ERR_TOO_EARLY;
}

static enum err check_close(const struct ledger *l, struct act *a)
{
        enum err e = form_check(a);
        if (e != OK)
                return e;
        switch (a->s->close.why) {
        case CLOSE_DONE: return match_check(l, a);
        case CLOSE_WEBHOOK: return webhook_check(l, a);
        case CLOSE_TIME:
        case CLOSE_EXPIRED: break;
        }
        return time_check(l, a);
}

static void finish_matching(struct ledger *l, const struct act *a, enum request_end end)
{
        struct walk w = walk_begin(l, a->s);
        for (uint32_t i; (i = walk_next(l, &w)) != NONE;)
                if (close_matches(l, a, row_request(l, i)))
                        request_finish(l, i, end, a->at_ms);
}

/* It ended when its time was over; this line records it. */
static void finish_by_time(struct ledger *l, const struct act *a)
{
        int64_t ended_at_ms;
        uint32_t i = find_of_type(l, &a->s->close.request, STATEMENT_REQUEST);
        enum request_end end = request_end_at(l, row_request(l, i), a->at_ms, &ended_at_ms);
        request_finish(l, i, end, ended_at_ms);
}

static void fold_close(struct ledger *l, const struct act *a)
{
        switch (a->s->close.why) {
        case CLOSE_DONE: finish_matching(l, a, END_DONE); break;
        case CLOSE_WEBHOOK:
                finish_matching(l, a, END_WEBHOOK);
                row_incident(l, incident_find(l, a->s->close.incident))->hooked_n = this_line(l) + UINT64_C(1);
                break;
        case CLOSE_TIME:
        case CLOSE_EXPIRED: finish_by_time(l, a); break;
        }
}

const struct rule rule_close = {check_close, fold_close};

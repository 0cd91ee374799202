/* Requests in the ledger (rules 4 and 11): asking, when a request is ready, and how it ends by time itself. */
#include "quorum/ledger_state.h"

/* ---- questions ---- */

uint32_t request_find(const struct ledger *l, const struct hash *id)
{
        uint32_t r = find_of_type(l, id, STATEMENT_REQUEST);
        if (r == NONE || row_credential(l, row_request(l, r)->credential)->entry == NONE)
                return NONE;
        return r;
}

unsigned request_valid_approvals(const struct ledger *l, const struct request_row *r, int64_t at_ms)
{
        unsigned n = 0;
        uint32_t eligible = row_version(l, r->version)->eligible;
        for (uint32_t i = r->first_approval; i != NONE; i = row_approval(l, i)->next) {
                const struct approval_row *a = row_approval(l, i);
                if ((eligible >> a->position & 1) != 0 && a->expires_at_ms > at_ms)
                        n++;
        }
        return n;
}

/* A holder approves once, so approvals are distinct persons: of the eligible ones' expiries, the threshold-th from
 * the top. */
int64_t request_ready_until(const struct ledger *l, const struct request_row *r)
{
        const struct version_row *v = row_version(l, r->version);
        int64_t top[SHARE_MAX];
        unsigned n = 0, want = version_threshold(l, v);
        for (uint32_t i = r->first_approval; i != NONE; i = row_approval(l, i)->next) {
                const struct approval_row *a = row_approval(l, i);
                if ((v->eligible >> a->position & 1) == 0 || n == SHARE_MAX)
                        continue;
                unsigned k = n++;
                for (; k > 0 && top[k - 1] < a->expires_at_ms; k--)
                        top[k] = top[k - 1];
                top[k] = a->expires_at_ms;
        }
        return want >= 1 && n >= want ? top[want - 1] : 0;
}

enum request_end request_end_at(const struct ledger *l, const struct request_row *r, int64_t at_ms, int64_t *ret_at)
{
        enum request_end end = r->end;
        int64_t ended_at_ms = r->ended_at_ms;
        if (end == END_NONE && r->opened_n != 0) {
                ended_at_ms = request_access_until(r);
                end = at_ms >= ended_at_ms ? END_TIME : END_NONE;
        } else if (end == END_NONE) {
                int64_t ready_until_ms = request_ready_until(l, r);
                ended_at_ms = ready_until_ms > r->expires_at_ms ? ready_until_ms : r->expires_at_ms;
                end = at_ms >= ended_at_ms ? END_EXPIRED : END_NONE;
        }
        if (ret_at)
                *ret_at = end == END_NONE ? 0 : ended_at_ms;
        return end;
}

enum err request_alive(const struct ledger *l, const struct request_row *r, int64_t at_ms)
{
        enum request_end end = request_end_at(l, r, at_ms, NULL);
        return end == END_NONE ? OK : end == END_EXPIRED ? ERR_EXPIRED : ERR_ENDED;
}

void request_finish(struct ledger *l, uint32_t request, enum request_end end, int64_t ended_at_ms)
{
        struct request_row *r = row_request(l, request);
        r->end = (uint8_t)end;
        r->ended_at_ms = ended_at_ms;
        if (r->n_approvals > 0) /* a share that has left its holder is spent */
                row_version(l, r->version)->is_spent = true;
        if (r->previous_live == NONE)
                l->first_live = r->next_live;
        else
                row_request(l, r->previous_live)->next_live = r->next_live;
        if (r->next_live == NONE)
                l->last_live = r->previous_live;
        else
                row_request(l, r->next_live)->previous_live = r->previous_live;
        r->previous_live = r->next_live = NONE;
}

/* ---- rule: request ---- */

static enum err requester_check(const struct ledger *l, const struct act *a, const struct policy *policy,
                                const struct version_row *v)
{
        if (a->is_broker || !name_list_has(&policy->requesters, a->s->by[0]))
                return ERR_NOT_ALLOWED;
        if (policy->holders_may_request)
                return OK;
        if (name_list_has(&policy->holders, a->s->by[0]) || share_position(l, v, a->by) != NONE)
                return ERR_HOLDER_CANNOT_REQUEST;
        return OK;
}

static enum err emergency_check(const struct ledger *l, const struct statement *s, const struct policy *policy)
{
        const struct emergency *e = roster_emergency(l->roster, s->request.emergency);
        if (!e || !name_list_has(&policy->emergencies, s->request.emergency))
                return ERR_EMERGENCY;
        if (e->needs_incident && !s->request.incident)
                return err_because(ERR_EMERGENCY, "this emergency needs an incident");
        return OK;
}

static enum err times_check(const struct act *a, const struct policy *policy)
{
        const struct statement *s = a->s;
        if (s->request.expires_at_ms <= a->at_ms)
                return ERR_EXPIRED;
        if (s->request.expires_at_ms - s->made_at_ms > policy->request_for_ms)
                return err_because(ERR_TOO_LONG, "expires_at is too far");
        if (s->request.open_for_ms > policy->open_for_ms)
                return err_because(ERR_TOO_LONG, "open_for is too long");
        return OK;
}

enum err reply_to_check(const struct ledger *l, const char *reply_to, struct key *ret)
{
        if (age_public_from_text(span_text(reply_to), ret->b) != OK)
                return ERR_BAD_KEY;
        return key_find(l, ret) == NONE ? OK : err_because(ERR_BAD_KEY, "reply_to was used before");
}

static enum err check_request(const struct ledger *l, struct act *a)
{
        enum err e;
        const struct statement *s = a->s;
        uint32_t credential = credential_find(l, s->request.credential);
        uint32_t version = credential == NONE ? NONE : version_find(l, &s->request.version);
        if (version == NONE)
                return ERR_NOT_FOUND;
        const struct version_row *v = row_version(l, version);
        const struct policy *policy = l->policy_of[credential];
        if (v->credential != credential)
                return err_because(ERR_MISMATCH, "the version is another credential's");
        if ((e = requester_check(l, a, policy, v)) != OK)
                return e;
        if ((e = emergency_check(l, s, policy)) != OK)
                return e;
        if ((e = times_check(a, policy)) != OK)
                return e;
        if (v->state == VERSION_REPLACED || !version_serves(v))
                return ERR_STALE_VERSION;
        if ((e = reply_to_check(l, s->request.reply_to, &a->key)) != OK)
                return e;
        return policy->postmortem_blocks && person_owes(l, a->by, a->at_ms) ? ERR_POSTMORTEM_OWED : OK;
}

static void request_describe(struct request_row *r, const struct statement *s)
{
        r->id = s->id;
        r->made_at_ms = s->made_at_ms;
        r->expires_at_ms = s->request.expires_at_ms;
        r->asked_open_for_ms = r->open_for_ms = s->request.open_for_ms;
        r->has_incident = s->request.incident != NULL;
        r->first_approval = r->last_approval = r->first_denial = r->last_denial = r->first_vote = NONE;
        r->next_of_incident = r->previous_owed = r->next_owed = r->next_live = NONE;
}

static void incident_join(struct ledger *l, uint32_t request)
{
        struct incident_row *i = row_incident(l, row_request(l, request)->incident);
        if (i->first_request == NONE)
                i->first_request = request;
        else
                row_request(l, i->last_request)->next_of_incident = request;
        i->last_request = request;
        i->n_requests++;
}

static void live_join(struct ledger *l, uint32_t request)
{
        row_request(l, request)->previous_live = l->last_live;
        if (l->last_live == NONE)
                l->first_live = request;
        else
                row_request(l, l->last_live)->next_live = request;
        l->last_live = request;
}

uint32_t request_enter(struct ledger *l, const struct statement *s, uint32_t requester, uint32_t version,
                       const struct key *reply_to, int64_t at_ms)
{
        uint32_t i;
        char own_id[HASH_HEX + 1];
        hash_to_hex(&s->id, own_id);
        uint32_t incident = incident_intern(l, s->request.incident ? s->request.incident : own_id);
        uint32_t emergency = name_intern(l, s->request.emergency), reason = text_add(l, s->request.reason);
        struct request_row *r = add_request(l, &i);
        request_describe(r, s);
        r->n = this_line(l);
        r->at_ms = at_ms;
        r->reply_to = *reply_to;
        r->requester = requester;
        r->emergency = emergency;
        r->reason = reason;
        r->version = version;
        r->credential = row_version(l, version)->credential;
        r->incident = incident;
        r->previous_live = NONE;
        key_use(l, &r->reply_to, KEY_OF_REPLY);
        incident_join(l, i);
        return i;
}

static void fold_request(struct ledger *l, const struct act *a)
{
        const uint32_t version = version_find(l, &a->s->request.version);
        uint32_t i = request_enter(l, a->s, a->by, version, &a->key, a->at_ms);
        row_line(l, this_line(l))->row = i;
        live_join(l, i);
}

const struct rule rule_request = {check_request, fold_request};

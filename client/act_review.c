/* What an approver's own program checks before a person is asked. */
#include "base/clock.h"
#include "client/act_inside.h"
#include <inttypes.h>
#include <string.h>

#define CLOCK_SLACK_MS (10 * MINUTE_MS)

/* ---- describing ---- */

static bool approved_by(const struct client *c, const struct request_view *r, const char *who)
{
        struct approval_view a;

        for (size_t i = 0; i < ledger_approvals(client_ledger(c), r->index); i++) {
                ledger_approval_at(client_ledger(c), r->index, i, act_now_ms(c), &a);
                if (strcmp(a.approver, who) == 0)
                        return true;
        }
        return false;
}

static unsigned other_requests_24h(const struct client *c, const struct request_view *r)
{
        const struct ledger *l = client_ledger(c);
        struct request_view other;
        unsigned n = 0;

        for (size_t i = 0; i < ledger_requests(l); i++) {
                ledger_request_at(l, i, act_now_ms(c), &other);
                if (other.index != r->index && strcmp(other.requester, r->requester) == 0 &&
                    other.at_ms + DAY_MS > act_now_ms(c))
                        n++;
        }
        return n;
}

static bool opened_in(const struct client *c, const char *who, const char *incident)
{
        const struct ledger *l = client_ledger(c);
        struct request_view r;

        for (size_t i = 0; i < ledger_requests(l); i++) {
                ledger_request_at(l, i, act_now_ms(c), &r);
                if (r.opened_at_ms > 0 && strcmp(r.requester, who) == 0 && strcmp(r.incident, incident) == 0)
                        return true;
        }
        return false;
}

static unsigned debts_of(const struct client *c, const char *who)
{
        const struct ledger *l = client_ledger(c);
        struct incident_view v;
        unsigned n = 0;

        for (size_t i = 0; i < ledger_incidents(l); i++) {
                ledger_incident_at(l, i, act_now_ms(c), &v);
                n += v.owes_postmortem && opened_in(c, who, v.incident);
        }
        return n;
}

enum err act_describe(const struct client *c, const struct hash *request, struct approval_case *ret)
{
        const struct ledger *l = client_ledger(c);
        const struct roster *roster = ledger_roster(l);
        struct approval_case seen = {0};
        const struct version_share *mine;

        if (!ledger_request_by_id(l, request, act_now_ms(c), &seen.request) ||
            !ledger_version_by_id(l, &seen.request.version, &seen.version))
                return err_because(ERR_NOT_FOUND, "the log has no such request");
        seen.credential = roster_credential(roster, seen.request.credential);
        if (!seen.credential)
                return err_because(ERR_NOT_FOUND, "the roster has %s no more", seen.request.credential);
        seen.policy = roster_policy_of(roster, seen.request.credential);
        seen.emergency = roster_emergency(roster, seen.request.emergency);
        seen.roster = roster->id;
        seen.requests_24h = other_requests_24h(c, &seen.request);
        seen.debts = debts_of(c, seen.request.requester);
        if (client_me(c)) {
                mine = version_share_of(seen.version.fields, client_me(c));
                seen.my_index = mine ? mine->index : 0;
                seen.wants_override = ledger_wants_override(l, request, client_me(c), &seen.others_spent);
                seen.i_have_approved = approved_by(c, &seen.request, client_me(c));
        }
        seen.opens_it = !seen.i_have_approved && seen.request.approvals + 1 == seen.request.threshold;
        *ret = seen;
        return OK;
}

/* ---- the request ---- */

static bool is_roster_key(const struct roster *roster, const struct key *k)
{
        for (size_t i = 0; i < roster->n_people; i++)
                if (key_equal(&roster->people[i].opens, k) || key_equal(&roster->people[i].signs, k))
                        return true;
        return key_equal(&roster->broker_signs, k);
}

static bool is_used_elsewhere(const struct client *c, const struct request_view *mine)
{
        const struct ledger *l = client_ledger(c);
        struct request_view r;

        for (size_t i = 0; i < ledger_requests(l); i++) {
                ledger_request_at(l, i, 0, &r);
                if (r.index != mine->index && key_equal(&r.reply_to, &mine->reply_to))
                        return true;
        }
        return false;
}

static bool is_version_key(const struct client *c, const struct key *k)
{
        const struct ledger *l = client_ledger(c);
        char text[AGE_PUBLIC_TEXT];
        struct version_view v;

        open_key_format(k, text);
        for (size_t i = 0; i < ledger_versions(l); i++) {
                ledger_version_at(l, i, &v);
                if (strcmp(v.fields->recipient, text) == 0)
                        return true;
        }
        return false;
}

/* The padlock must be nobody's and new: what goes in there must reach the requester alone. */
static enum err check_reply_to(const struct client *c, const struct request_view *r)
{
        if (is_roster_key(ledger_roster(client_ledger(c)), &r->reply_to) || is_used_elsewhere(c, r) ||
            is_version_key(c, &r->reply_to))
                return err_because(ERR_BAD_KEY, "the request's reply key is in use elsewhere");
        return OK;
}

/* The words on the screen are the words that were signed. */
static enum err check_request_entry(const struct client *c, const struct request_view *r)
{
        struct statement *s = NULL;
        struct key reply_to;
        bool same;
        enum err e;

        if ((e = act_verify_entry(c, r->n, &r->id, STATEMENT_REQUEST, r->requester, &s)) != OK)
                return e;
        same = strcmp(s->request.credential, r->credential) == 0 && strcmp(s->request.emergency, r->emergency) == 0 &&
               strcmp(s->request.reason, r->reason) == 0 && hash_equal(&s->request.version, &r->version) &&
               s->request.expires_at_ms == r->expires_at_ms && s->request.open_for_ms == r->open_for_ms &&
               open_key_parse(span_text(s->request.reply_to), &reply_to) == OK &&
               key_equal(&reply_to, &r->reply_to) &&
               (!s->request.incident || strcmp(s->request.incident, r->incident) == 0);
        statement_free(s);
        return same ? OK : err_because(ERR_CORRUPT_LOG, "R%" PRIu64 " is not what was signed", r->n);
}

static enum err check_right_to_ask(const struct approval_case *seen, const char *me)
{
        const struct request_view *r = &seen->request;

        if (strcmp(r->requester, me) == 0)
                return err_because(ERR_NOT_ALLOWED, "nobody approves their own request");
        if (!name_list_has(&seen->policy->requesters, r->requester))
                return err_because(ERR_NOT_ALLOWED, "the policy does not let %s ask", r->requester);
        if (!seen->policy->holders_may_request && (name_list_has(&seen->policy->holders, r->requester) ||
                                                   version_share_of(seen->version.fields, r->requester)))
                return err_because(ERR_HOLDER_CANNOT_REQUEST, "%s holds a share", r->requester);
        if (!seen->emergency || !name_list_has(&seen->policy->emergencies, r->emergency))
                return err_because(ERR_EMERGENCY, "the policy does not list the emergency %s", r->emergency);
        return OK;
}

static enum err check_times(const struct client *c, const struct approval_case *seen)
{
        const struct request_view *r = &seen->request;
        int64_t now = client_now_ms(c);

        if (r->made_at_ms > now + CLOCK_SLACK_MS)
                return err_because(ERR_CLOCK, "the request was made in the future of this clock");
        if (r->expires_at_ms <= now && r->opened_at_ms == 0)
                return err_because(ERR_EXPIRED, "R%" PRIu64 " has expired", r->n);
        return OK;
}

/* ---- the version and what was approved before ---- */

static enum err check_version_state(const struct client *c, const struct approval_case *seen)
{
        struct version_view current;
        struct rotation_view rotation;

        if (seen->version.state == VERSION_CURRENT)
                return OK;
        /* While a new value is being set nobody knows which of the two works. */
        if (seen->version.state == VERSION_PENDING &&
            ledger_current_version(client_ledger(c), seen->request.credential, &current) &&
            ledger_rotation(client_ledger(c), &current.id, act_now_ms(c), &rotation) && rotation.has_pending &&
            hash_equal(&rotation.pending, &seen->version.id) && rotation.set != OUTCOME_NONE)
                return OK;
        if (seen->version.state == VERSION_REPLACED &&
            ledger_rotation(client_ledger(c), &seen->version.id, act_now_ms(c), &rotation) &&
            rotation.revoke == OUTCOME_NONE && !rotation.is_done)
                return OK;
        return err_because(ERR_STALE_VERSION, "version %" PRIu64 " of %s is not in use", seen->version.fields->number,
                           seen->request.credential);
}

static enum err check_version_entry(const struct client *c, const struct approval_case *seen)
{
        const struct version_view *v = &seen->version;
        struct statement *s = NULL;
        bool same;
        enum err e;

        if ((e = act_verify_entry(c, v->n, &v->id, STATEMENT_VERSION, v->sealer, &s)) != OK)
                return e;
        same = strcmp(s->version.credential, seen->request.credential) == 0 && s->version.need == v->fields->need &&
               s->version.number == v->fields->number &&
               memcmp(s->version.commitments, v->fields->commitments, v->fields->n_commitments * POINT_BYTES) == 0;
        if (same && (e = version_check(&s->version)) == OK && seen->my_index == 0)
                e = err_because(ERR_NOT_ALLOWED, "you hold no share of this version");
        statement_free(s);
        return same ? e : err_because(ERR_CORRUPT_LOG, "the version is not what was signed");
}

static enum err check_approvals(const struct client *c, const struct approval_case *seen)
{
        const struct ledger *l = client_ledger(c);
        struct approval_view a;
        struct statement *s;
        bool same;
        enum err e;

        for (size_t i = 0; i < ledger_approvals(l, seen->request.index); i++) {
                const struct version_share *theirs;

                ledger_approval_at(l, seen->request.index, i, act_now_ms(c), &a);
                if ((e = act_verify_entry(c, a.n, &a.id, STATEMENT_APPROVAL, a.approver, &s)) != OK)
                        return e;
                theirs = version_share_of(seen->version.fields, a.approver);
                same = hash_equal(&s->approval.request, &seen->request.id) &&
                       hash_equal(&s->approval.version, &seen->version.id) && theirs &&
                       theirs->index == s->approval.index;
                statement_free(s);
                if (!same)
                        return err_because(ERR_CORRUPT_LOG, "%s's approval is not of this request", a.approver);
        }
        return OK;
}

/* What the broker would say, asked of our own ledger. */
static enum err check_rules(struct client *c, const struct approval_case *seen)
{
        struct statement s = {.type = STATEMENT_APPROVAL};

        client_fill_head(c, &s);
        s.approval.request = seen->request.id;
        s.approval.version = seen->version.id;
        s.approval.index = seen->my_index;
        s.approval.override = seen->wants_override;
        s.approval.expires_at_ms = s.made_at_ms + seen->policy->request_for_ms;
        s.id = hash_of(span_of(s.nonce, sizeof(s.nonce))); /* of no entry */
        return ledger_check(client_ledger(c), &s, act_now_ms(c));
}

/* ---- the share ---- */

static enum err open_share(struct client *c, const struct approval_case *seen, struct secret *ret_scalar)
{
        const struct version_share *mine = version_share_of(seen->version.fields, client_me(c));
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        enum err e;

        if ((e = client_blob(c, &mine->sha256, &file)) != OK)
                return e;
        return version_open_share(seen->version.fields, client_me(c), bytes_span(&file), &client_identity(c)->open,
                                  ret_scalar);
}

enum err act_review(struct client *c, const struct hash *request, struct approval_case *ret,
                    struct secret *ret_scalar)
{
        struct approval_case seen;
        enum err e;

        if ((e = client_sync(c, 0, NULL)) != OK)
                return e;
        if ((e = act_describe(c, request, &seen)) != OK)
                return e;
        if (seen.request.state == REQUEST_ENDED)
                return act_why_ended(&seen.request);
        if ((e = check_right_to_ask(&seen, client_me(c))) != OK)
                return e;
        if ((e = check_version_entry(c, &seen)) != OK)
                return e;
        if ((e = check_version_state(c, &seen)) != OK)
                return e;
        if ((e = check_request_entry(c, &seen.request)) != OK)
                return e;
        if ((e = check_reply_to(c, &seen.request)) != OK)
                return e;
        if ((e = check_times(c, &seen)) != OK)
                return e;
        if (seen.i_have_approved)
                return err_because(ERR_DUPLICATE, "you have approved R%" PRIu64, seen.request.n);
        if ((e = check_approvals(c, &seen)) != OK)
                return e;
        if ((e = check_rules(c, &seen)) != OK)
                return e;
        if ((e = open_share(c, &seen, ret_scalar)) != OK)
                return e;
        *ret = seen;
        return OK;
}

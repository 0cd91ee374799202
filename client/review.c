#include "client/review.h"
#include "base/clock.h"
#include "quorum/envelope.h"
#include "quorum/sshsig.h"
#include <inttypes.h>
#include <string.h>

#define CLOCK_SLACK_MS (10 * MINUTE_MS)

/* ---- verifying again ---- */

static enum err differs(uint64_t n, const char *what)
{
        return err_because(ERR_CORRUPT_LOG, "entry %" PRIu64 " of the own copy: %s", n, what);
}

/* While the signer's roster is still in force the name must still have that key. */
static bool is_key_of(const struct review *v, const struct statement *s, const struct key *signer)
{
        const struct roster *roster = ledger_roster(v->ledger);
        const struct person *p = roster_person(roster, s->by[0]);

        if (!hash_equal(&s->roster, &roster->id))
                return true;
        return p && key_equal(&p->signs, signer);
}

static enum err verify_line(const struct review *v, const struct line *line, const struct hash *id,
                            enum statement_type type, const char *by, struct statement **ret)
{
        const struct envelope *e = &line->envelope;
        struct hash is = hash_of(bytes_span(&e->payload));
        struct statement *s = NULL;
        struct key signer;

        if (e->type != type || e->n_signatures != 1 || !hash_equal(&is, id))
                return differs(line->n, "another statement than the one verified");
        if (sshsig_signer(bytes_span(&e->signatures[0]), &signer) != OK ||
            sshsig_verify(&signer, statement_namespace(type), bytes_span(&e->payload),
                          bytes_span(&e->signatures[0])) != OK)
                return differs(line->n, "its signature does not hold");
        if (statement_parse(type, bytes_span(&e->payload), &s) != OK)
                return differs(line->n, "malformed");
        if (strcmp(s->by[0], by) != 0 || !is_key_of(v, s, &signer)) {
                statement_free(s);
                return differs(line->n, "signed by another key than its name's");
        }
        *ret = s;
        return OK;
}

enum err review_entry(const struct review *v, uint64_t n, const struct hash *id, enum statement_type type,
                      const char *by, struct statement **ret)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_LINE struct line line = {0};
        enum err e;

        if ((e = v->line(v->context, n, &text)) != OK)
                return e;
        if ((e = line_read(bytes_span(&text), &line)) != OK)
                return e;
        return verify_line(v, &line, id, type, by, ret);
}

/* ---- the request ---- */

static bool is_roster_key(const struct roster *roster, const struct key *k)
{
        for (size_t i = 0; i < roster->n_people; i++)
                if (key_equal(&roster->people[i].opens, k) || key_equal(&roster->people[i].signs, k))
                        return true;
        return key_equal(&roster->broker_signs, k);
}

static bool is_used_elsewhere(const struct review *v, const struct request_view *mine)
{
        const struct ledger *l = v->ledger;
        struct request_view r;

        for (size_t i = 0; i < ledger_requests(l); i++) {
                ledger_request_at(l, i, 0, &r);
                if (r.index != mine->index && key_equal(&r.reply_to, &mine->reply_to))
                        return true;
        }
        return false;
}

static bool is_version_key(const struct review *v, const struct key *k)
{
        const struct ledger *l = v->ledger;
        char text[AGE_PUBLIC_TEXT];
        struct version_view version;

        open_key_format(k, text);
        for (size_t i = 0; i < ledger_versions(l); i++) {
                ledger_version_at(l, i, &version);
                if (strcmp(version.fields->recipient, text) == 0)
                        return true;
        }
        return false;
}

/* The padlock must be nobody's and new: what goes in there must reach the requester alone. */
static enum err check_reply_to(const struct review *v, const struct request_view *r)
{
        if (is_roster_key(ledger_roster(v->ledger), &r->reply_to) || is_used_elsewhere(v, r) ||
            is_version_key(v, &r->reply_to))
                return err_because(ERR_BAD_KEY, "the request's reply key is in use elsewhere");
        return OK;
}

/* The words on the screen are the words that were signed. */
static enum err check_request_entry(const struct review *v, const struct request_view *r)
{
        struct statement *s = NULL;
        struct key reply_to;
        bool same;
        enum err e;

        if ((e = review_entry(v, r->n, &r->id, STATEMENT_REQUEST, r->requester, &s)) != OK)
                return e;
        same = strcmp(s->request.credential, r->credential) == 0 && strcmp(s->request.emergency, r->emergency) == 0 &&
               strcmp(s->request.reason, r->reason) == 0 && hash_equal(&s->request.version, &r->version) &&
               s->request.expires_at_ms - s->made_at_ms == r->expires_at_ms - r->made_at_ms &&
               (v->is_untimed || s->made_at_ms == r->made_at_ms) && s->request.open_for_ms == r->open_for_ms &&
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

static enum err check_times(const struct review *v, const struct approval_case *seen)
{
        const struct request_view *r = &seen->request;
        int64_t now = v->clock_ms;

        if (v->is_untimed)
                return OK;
        if (r->made_at_ms > now + CLOCK_SLACK_MS)
                return err_because(ERR_CLOCK, "the request was made in the future of this clock");
        if (r->expires_at_ms <= now && r->opened_at_ms == 0)
                return err_because(ERR_EXPIRED, "R%" PRIu64 " has expired", r->n);
        return OK;
}

/* ---- the version and what was approved before ---- */

static enum err check_version_state(const struct review *v, const struct approval_case *seen)
{
        struct version_view current;
        struct rotation_view rotation;

        if (seen->version.state == VERSION_CURRENT)
                return OK;
        /* While a new value is being set nobody knows which of the two works. */
        if (seen->version.state == VERSION_PENDING &&
            ledger_current_version(v->ledger, seen->request.credential, &current) &&
            ledger_rotation(v->ledger, &current.id, v->now_ms, &rotation) && rotation.has_pending &&
            hash_equal(&rotation.pending, &seen->version.id) && rotation.set != OUTCOME_NONE)
                return OK;
        if (seen->version.state == VERSION_REPLACED &&
            ledger_rotation(v->ledger, &seen->version.id, v->now_ms, &rotation) && rotation.revoke == OUTCOME_NONE &&
            !rotation.is_done)
                return OK;
        return err_because(ERR_STALE_VERSION, "version %" PRIu64 " of %s is not in use", seen->version.fields->number,
                           seen->request.credential);
}

static enum err check_version_entry(const struct review *v, const struct approval_case *seen)
{
        const struct version_view *version = &seen->version;
        struct statement *s = NULL;
        bool same;
        enum err e;

        if ((e = review_entry(v, version->n, &version->id, STATEMENT_VERSION, version->sealer, &s)) != OK)
                return e;
        same = strcmp(s->version.credential, seen->request.credential) == 0 &&
               s->version.need == version->fields->need && s->version.number == version->fields->number &&
               memcmp(s->version.commitments, version->fields->commitments,
                      version->fields->n_commitments * POINT_BYTES) == 0;
        if (same && (e = version_check(&s->version)) == OK && seen->my_index == 0)
                e = err_because(ERR_NOT_ALLOWED, "you hold no share of this version");
        statement_free(s);
        return same ? e : err_because(ERR_CORRUPT_LOG, "the version is not what was signed");
}

static enum err check_approvals(const struct review *v, const struct approval_case *seen)
{
        const struct ledger *l = v->ledger;
        struct approval_view a;
        struct statement *s;
        bool same;
        enum err e;

        for (size_t i = 0; i < ledger_approvals(l, seen->request.index); i++) {
                const struct version_share *theirs;

                ledger_approval_at(l, seen->request.index, i, v->now_ms, &a);
                if ((e = review_entry(v, a.n, &a.id, STATEMENT_APPROVAL, a.approver, &s)) != OK)
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
static enum err check_rules(const struct review *v, const struct approval_case *seen)
{
        struct statement s = *v->say;

        s.approval.request = seen->request.id;
        s.approval.version = seen->version.id;
        s.approval.index = seen->my_index;
        s.approval.override = seen->wants_override;
        s.approval.expires_at_ms = s.made_at_ms + seen->policy->request_for_ms;
        s.id = hash_of(span_of(s.nonce, sizeof(s.nonce))); /* of no entry */
        return ledger_check(v->ledger, &s, v->now_ms);
}

/* ---- the share ---- */

static enum err open_share(const struct review *v, const struct approval_case *seen, struct secret *ret_scalar)
{
        const struct version_share *mine = version_share_of(seen->version.fields, v->me);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        enum err e;

        if ((e = v->share(v->context, &mine->sha256, &file)) != OK)
                return e;
        return version_open_share(seen->version.fields, v->me, bytes_span(&file), v->opens, ret_scalar);
}

/* ---- all of it ---- */

enum err review_request(const struct review *v, const struct hash *request, struct approval_case *ret,
                        struct secret *ret_scalar)
{
        struct approval_case seen;
        enum err e;

        if ((e = review_describe(v, request, &seen)) != OK)
                return e;
        if (seen.request.state == REQUEST_ENDED)
                return act_why_ended(&seen.request);
        if ((e = check_right_to_ask(&seen, v->me)) != OK)
                return e;
        if ((e = check_version_entry(v, &seen)) != OK)
                return e;
        if ((e = check_version_state(v, &seen)) != OK)
                return e;
        if ((e = check_request_entry(v, &seen.request)) != OK)
                return e;
        if ((e = check_reply_to(v, &seen.request)) != OK)
                return e;
        if ((e = check_times(v, &seen)) != OK)
                return e;
        if (seen.i_have_approved)
                return err_because(ERR_DUPLICATE, "you have approved R%" PRIu64, seen.request.n);
        if ((e = check_approvals(v, &seen)) != OK)
                return e;
        if ((e = check_rules(v, &seen)) != OK)
                return e;
        if ((e = open_share(v, &seen, ret_scalar)) != OK)
                return e;
        *ret = seen;
        return OK;
}

/* Asking: a request carries a fresh padlock, whose key is kept sealed before anybody hears of it. */
#include "client/act_inside.h"
#include <string.h>

size_t act_debts(const struct client *c, const char *ret[], size_t max)
{
        const struct ledger *l = client_ledger(c);
        struct incident_view v;
        size_t n = 0;

        for (size_t i = 0; i < ledger_incidents(l) && n < max; i++) {
                ledger_incident_at(l, i, act_now_ms(c), &v);
                if (v.is_overdue)
                        ret[n++] = v.incident;
        }
        return n;
}

/* ---- the same ask of an earlier run, whose answer was lost ---- */

static bool is_text(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_same_ask(const struct client *c, const struct request_view *r, const struct ask *a)
{
        return r->state != REQUEST_ENDED && strcmp(r->requester, client_me(c)) == 0 &&
               strcmp(r->credential, a->credential) == 0 && strcmp(r->emergency, a->emergency) == 0 &&
               strcmp(r->reason, a->reason) == 0 && is_text(r->has_incident ? r->incident : NULL, a->incident);
}

/* What client_sync() has just sent again may be this very ask: then that is the request. */
static bool find_resent(const struct client *c, const struct ask *a, struct hash *ret_request, uint64_t *ret_n)
{
        struct request_view r;

        for (size_t i = 0; i < c->n_resent; i++) {
                if (!ledger_request_by_id(client_ledger(c), &c->resent[i], act_now_ms(c), &r) ||
                    !is_same_ask(c, &r, a))
                        continue;
                *ret_request = r.id;
                if (ret_n)
                        *ret_n = r.n;
                return true;
        }
        return false;
}

/* ---- a new one ---- */

static enum err send_with_key(struct client *c, struct statement *s, const struct secret *one_time,
                              struct hash *ret_request, uint64_t *ret_n)
{
        CLEANUP_OUTGOING struct outgoing o = {0};
        enum err e;

        if ((e = client_compose(c, s, NULL, 0, &o)) != OK)
                return e;
        if ((e = home_keep_key(&c->home, &o.id, &client_identity(c)->opens, one_time)) != OK)
                return e;
        if ((e = client_store(c, &o)) != OK)
                return e;
        *ret_request = o.id;
        e = client_deliver_now(c, &o, ret_n);
        if (err_is_public(e) || e == ERR_UNREACHABLE) {
                CLEANUP_FREE char *why = mem_text(err_reason());

                if (home_drop_key(&c->home, &o.id) == OK)
                        (void)err_because(e, "%s", why);
        }
        return e;
}

static enum err ask(struct client *c, const struct ask *a, const struct version_view *version,
                    struct hash *ret_request, uint64_t *ret_n)
{
        const struct policy *policy = roster_policy_of(ledger_roster(client_ledger(c)), a->credential);
        CLEANUP_SECRET struct secret one_time = SECRET_NONE;
        struct statement s = {.type = STATEMENT_REQUEST};
        char reply_to[AGE_PUBLIC_TEXT];
        struct key padlock;
        enum err e;

        if ((e = age_new_identity(&one_time)) != OK)
                return e;
        if ((e = age_public_of(&one_time, &padlock)) != OK)
                return e;
        open_key_format(&padlock, reply_to);
        s.request.credential = a->credential;
        s.request.version = version->id;
        s.request.emergency = a->emergency;
        s.request.incident = a->incident;
        s.request.reason = a->reason;
        s.request.open_for_ms = a->open_for_ms ? a->open_for_ms : policy->open_for_ms;
        s.request.reply_to = reply_to;
        s.request.expires_at_ms = client_now_ms(c) + policy->request_for_ms;
        s.request.n_acknowledges = a->n_acknowledges;
        s.request.acknowledges = (const char **)a->acknowledges;
        return send_with_key(c, &s, &one_time, ret_request, ret_n);
}

enum err act_request(struct client *c, const struct ask *a, struct hash *ret_request, uint64_t *ret_n)
{
        struct version_view version;
        enum err e;

        if ((e = client_sync(c, 0, NULL)) != OK)
                return e;
        if (!roster_credential(ledger_roster(client_ledger(c)), a->credential))
                return err_because(ERR_NOT_FOUND, "the roster has no credential of that name");
        if (!ledger_current_version(client_ledger(c), a->credential, &version))
                return err_because(ERR_NOT_FOUND, "nobody has sealed %s yet", a->credential);
        if (find_resent(c, a, ret_request, ret_n))
                return OK;
        return ask(c, a, &version, ret_request, ret_n);
}

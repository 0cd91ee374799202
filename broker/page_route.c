#include "broker/page_route.h"
#include "base/log.h"
#include "quorum/paging.h"
#include <string.h>

void page_route_done(struct page_route *r)
{
        free(r->people.name);
        *r = (struct page_route){0};
}

/* ---- what the roster says ---- */

static const char *credential_of(const struct event *e)
{
        return e->credential ? e->credential : e->request ? e->request->credential : NULL;
}

/* An event about a whole incident concerns every credential that was asked for in it. */
static void add_credentials(const struct event *e, const struct ledger *l, struct name_list *ret)
{
        if (credential_of(e) && !e->is_of_incident)
                paging_add(ret, credential_of(e));
        for (size_t i = 0; e->is_of_incident && i < ledger_requests(l); i++) {
                struct request_view r;
                ledger_request_at(l, i, e->at_ms, &r);
                if (!strcmp(r.incident, e->incident))
                        paging_add(ret, r.credential);
        }
}

static void ask_one(const struct roster *r, const char *kind, const struct event *e, const char *credential,
                    struct paging_targets *ret)
{
        const struct policy *policy =
                credential && roster_credential(r, credential) ? roster_policy_of(r, credential) : NULL;
        struct paging_about about = {kind, e->severity, policy ? policy->name : NULL, credential};
        paging_route_to(r, &about, ret);
}

static void ask_routes(const struct event *e, const char *kind, const struct ledger *l, struct paging_targets *ret)
{
        struct name_list credentials = {0};
        add_credentials(e, l, &credentials);
        if (!credentials.n)
                ask_one(ledger_roster(l), kind, e, NULL, ret);
        for (size_t i = 0; i < credentials.n; i++)
                ask_one(ledger_roster(l), kind, e, credentials.name[i], ret);
        free(credentials.name);
}

/* An escalation goes where its step says; people who are named without a channel are reached as for the asking. */
static void ask_step(const struct event *e, const struct ledger *l, struct paging_targets *ret)
{
        CLEANUP_TARGETS struct paging_targets usual = {0};
        paging_resolve(ledger_roster(l), e->to, ret);
        if (ret->channels.n)
                return;
        ask_routes(e, "requested", l, &usual);
        ret->is_everybody = paging_is_everybody(&usual);
        for (size_t i = 0; i < usual.channels.n; i++)
                paging_add(&ret->channels, usual.channels.name[i]);
}

/* ---- which channels there are ---- */

static bool has(const struct page_route *r, const struct config_channel *ch)
{
        for (size_t i = 0; i < r->n; i++)
                if (r->to[i].channel == ch)
                        return true;
        return false;
}

static void add(struct page_route *r, const struct config_channel *ch, bool is_quiet)
{
        if (!has(r, ch))
                r->to[r->n++] = (struct page_route_end){ch, is_quiet};
}

static void add_all(struct page_route *r, const struct event *e, const struct config *c, bool is_wish_counted)
{
        for (size_t i = 0; i < c->n_channels; i++)
                if ((!e->not_by || strcmp(e->not_by, c->channels[i].name) != 0) &&
                    (!is_wish_counted || config_channel_wants(&c->channels[i], e->kind)))
                        add(r, &c->channels[i], false);
}

static void add_named(struct page_route *r, const struct event *e, const struct config *c,
                      const struct name_list *names)
{
        for (size_t i = 0; i < names->n; i++) {
                const struct config_channel *ch = config_channel(c, names->name[i]);
                if (ch && config_channel_wants(ch, e->kind) && (!e->not_by || strcmp(e->not_by, ch->name) != 0))
                        add(r, ch, false);
        }
}

/* Everybody, when nothing says who or none of those named is there; an opening even when nobody wants to know. */
static void add_routed(struct page_route *r, const struct event *e, const struct config *c,
                       const struct paging_targets *t)
{
        if (!paging_is_everybody(t))
                add_named(r, e, c, &t->channels);
        if (!r->n && (paging_is_everybody(t) || t->channels.n || e->is_urgent))
                add_all(r, e, c, true);
        if (!r->n && e->is_urgent)
                add_all(r, e, c, false);
}

/* ---- what follows up on a request ---- */

static bool is_follow_up(const struct event *e)
{
        static const char *const kinds[] = {"unanswered", "ready",   "opened", "denied",
                                            "closed",     "expired", "rotated"};
        for (size_t i = 0; e->request && i < COUNT_OF(kinds); i++)
                if (!strcmp(kinds[i], e->kind))
                        return true;
        return false;
}

/* Nobody has to do anything any more, and nothing has happened. */
static bool is_no_longer_needed(const struct event *e)
{
        return e->request && (!strcmp(e->kind, "closed") || !strcmp(e->kind, "expired")) && !e->request->opened_at_ms;
}

static void add_told(struct page_route *r, const struct event *e, const struct config *c,
                     const struct page_route_memory *m, bool is_quiet)
{
        for (size_t i = 0; i < c->n_channels; i++)
                if (config_channel_wants(&c->channels[i], e->kind) && m->is_told(m->context, c->channels[i].name))
                        add(r, &c->channels[i], is_quiet);
}

void page_route_of(const struct event *e, const struct ledger *l, const struct config *c,
                   const struct page_route_memory *m, struct page_route *ret)
{
        CLEANUP_TARGETS struct paging_targets t = {0};
        *ret = (struct page_route){0};
        if (e->to)
                ask_step(e, l, &t);
        else
                ask_routes(e, e->kind, l, &t);
        if (is_no_longer_needed(e))
                add_told(ret, e, c, m, true);
        if (!ret->n)
                add_routed(ret, e, c, &t);
        if (is_follow_up(e))
                add_told(ret, e, c, m, !e->is_urgent && strcmp(e->kind, "unanswered") != 0);
        ret->people = t.people;
        t.people = (struct name_list){0};
        if (!e->to || !ret->people.n)
                audience_of(e, l, &ret->people);
}

void page_route_warn(const struct roster *r, const struct config *c)
{
        if (!r->paging)
                log_event(LOG_LEVEL_WARNING, "notify.unusable", F_TEXT("where", r->paging_error),
                          F_TEXT("why", "the roster's `notify` or `escalate` can't be gone by: everybody is paged"));
        for (size_t i = 0; r->paging && i < r->paging->n_channels; i++)
                if (!config_channel(c, r->paging->channels[i].name))
                        log_event(LOG_LEVEL_WARNING, "channel.missing",
                                  F_TEXT("channel", r->paging->channels[i].name),
                                  F_TEXT("why", "the roster's `notify` names it, the configuration does not"));
}

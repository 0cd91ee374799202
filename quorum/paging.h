/* Whom to page: the roster's `notify` and its policies' `escalate`, read into plain data.
 *
 *   notify:
 *     channels: {slack-oncall: {domain: slack}, pagerduty: {domain: pagerduty}}   those of the broker's configuration
 *     receivers: {sre-leads: {channels: [pagerduty], people: [carol, dave]}}      names for several
 *     route:                                                                      as in Alertmanager
 *       receiver: slack-oncall
 *       routes:
 *         - {match: {policy: prod-db, severity: [critical, error]}, receiver: [sre-leads, slack-oncall], continue:
 * true} policies: {prod-db: {…, escalate: [{after: 2m, to: [carol, sre-leads]}, {after: 5m, to: [pagerduty]}]}}
 *
 * Programs go by it; no rule of the ledger does: any strict YAML may stand there in a valid roster
 * (docs/protocol.md). What doesn't fit this grammar is left in `roster->paging_error`: then `roster lint`, `sign` and
 * `submit` refuse, and the broker pages everybody about everything.
 *
 * Texts belong to the roster. */
#pragma once
#include "quorum/roster.h"

#define PAGING_NAMES_MAX     64u /* of one list; channels, receivers, routes */
#define ESCALATION_STEPS_MAX 16u

struct paging_channel {
        const char *name, *domain; /* domain: what it fails together with; NULL: not said */
};

struct paging_receiver {
        const char *name;
        struct name_list channels, people; /* not both empty */
};

struct paging_route {
        struct name_list kinds, severities, policies, credentials; /* empty: any */
        struct name_list receivers;                                /* receivers and channels; empty: nobody */
        bool goes_on;                                              /* `continue`: later ones are looked at too */
        unsigned line;
};

struct escalation_step {
        int64_t after_ms;    /* since the asking; ascending */
        struct name_list to; /* receivers, channels, people; empty: whoever was asked, again */
};

struct escalation {
        size_t n;
        struct escalation_step *step;
};

struct paging {
        size_t n_channels, n_receivers, n_routes;
        struct paging_channel *channels;
        struct paging_receiver *receivers;
        struct paging_route *routes;
        bool has_default;
        struct name_list otherwise;     /* the default `receiver` */
        size_t n_escalations;           /* as many as policies, in their order */
        struct escalation *escalations; /* n 0: none */
};

/* The kinds and severities of events that a `match` may name; NULL-ended. */
extern const char *const paging_kinds[], *const paging_severities[];

/* Reads what the roster says. ret: never NULL unless *ret_error is set, "line L, column C: …" (to be freed). */
void paging_read(const struct roster *r, struct paging **ret, char **ret_error);
void paging_free(struct paging *p);

/* ---- questions ---- */

/* What is known of an event; NULL where it makes no sense. */
struct paging_about {
        const char *kind, *severity, *policy, *credential;
};

struct paging_targets {
        struct name_list channels, people; /* nobody twice */
        bool is_everybody;                 /* nothing says who */
};
#define CLEANUP_TARGETS __attribute__((cleanup(paging_targets_done)))
void paging_targets_done(struct paging_targets *t);

/* Adds whom the routes name: the first that matches and, after a `continue`, further ones; without a match the
 * default. */
void paging_route_to(const struct roster *r, const struct paging_about *about, struct paging_targets *ret);
/* Adds what a list of receivers, channels and people stands for. */
void paging_resolve(const struct roster *r, const struct name_list *to, struct paging_targets *ret);
/* Every channel that there is: nothing says which, or people are named and no channel. */
bool paging_is_everybody(const struct paging_targets *t);
/* Adds one name unless it is there. */
void paging_add(struct name_list *l, const char *name);
const struct paging_channel *paging_channel(const struct paging *p, const char *name);   /* NULL */
const struct paging_receiver *paging_receiver(const struct paging *p, const char *name); /* NULL */
/* A policy's steps; NULL when it has none. */
const struct escalation *paging_escalation(const struct roster *r, const char *policy);

/* What is allowed but unwise about it; called by roster_lint(). */
void paging_lint(const struct roster *r, void (*warn)(void *context, const char *sentence), void *context);

/* Credentials and people, as the roster and the log's custody statements have them. */
#include "base/clock.h"
#include "quorum/version.h"
#include "tui/pending.h"
#include "tui/picture.h"
#include "tui/words.h"
#include <string.h>

#define CUSTODY_FRESH_MS (90 * DAY_MS)

/* ---- credentials ---- */

static size_t emergency_index(const struct picture *p, const char *id)
{
        for (size_t i = 0; i < p->n_emergencies; i++)
                if (strcmp(p->emergencies[i].id, id) == 0)
                        return i;
        return 0;
}

static void add_policy(struct picture *p, const struct policy *policy, struct picture_credential *to)
{
        to->policy = arena_text(&p->arena, policy->name);
        to->open_for_ms = policy->open_for_ms;
        to->request_for_ms = policy->request_for_ms;
        to->need = policy->approvals;
        to->may_ask = p->me && name_list_has(&policy->requesters, p->me) &&
                      (policy->holders_may_request || !name_list_has(&policy->holders, p->me));
        to->n_emergencies = policy->emergencies.n;
        to->emergencies = arena_new(&p->arena, to->n_emergencies, sizeof(*to->emergencies));
        for (size_t i = 0; i < to->n_emergencies; i++)
                to->emergencies[i] = emergency_index(p, policy->emergencies.name[i]);
}

static void add_version(struct picture *p, const struct ledger *l, const struct version_view *v,
                        struct picture_credential *to)
{
        CLEANUP_BYTES struct bytes holders = BYTES_NONE;

        to->number = v->fields->number;
        to->need = ledger_threshold(l, v);
        to->is_outdated = ledger_is_outdated(l, v);
        to->custody = p->versions[v->index].custody;
        to->n_custody = p->versions[v->index].n_custody;
        for (size_t i = 0; i < to->n_custody; i++) {
                const struct picture_custody *h = &to->custody[i];

                if (!h->is_eligible)
                        continue;
                bytes_printf(&holders, "%s%s", holders.n ? ", " : "", h->holder);
                to->n_eligible++;
                to->n_fresh += h->checked_at_ms != 0 && p->at_ms - h->checked_at_ms <= CUSTODY_FRESH_MS;
        }
        to->holders = arena_text(&p->arena, holders.n ? bytes_text(&holders) : "nobody");
        to->ready = to->n_eligible < to->need ? READY_NO : to->n_fresh < to->need ? READY_SHAKY : READY_YES;
        to->rotation = p->versions[v->index].standing;
        to->is_by_hand = p->versions[v->index].is_by_hand;
}

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct picture_credential *)a)->name, ((const struct picture_credential *)b)->name);
}

static void note_openings(struct picture *p)
{
        for (size_t i = 0; i < p->n_requests; i++) {
                const struct request_view *v = &p->requests[i].view;
                const struct picture_credential key = {.name = v->credential};
                struct picture_credential *c =
                        v->opened_at_ms ? bsearch(&key, p->credentials, p->n_credentials, sizeof(key), by_name)
                                        : NULL;

                if (c && v->opened_at_ms > c->last_opened_ms)
                        c->last_opened_ms = v->opened_at_ms;
        }
}

void picture_add_credentials(struct picture *p, const struct ledger *l)
{
        const struct roster *r = ledger_roster(l);

        p->n_credentials = r->n_credentials;
        p->credentials = arena_new(&p->arena, p->n_credentials, sizeof(*p->credentials));
        for (size_t i = 0; i < p->n_credentials; i++) {
                struct picture_credential *to = &p->credentials[i];
                const struct credential *c = &r->credentials[i];
                struct version_view v;

                to->name = arena_text(&p->arena, c->name);
                to->id = hash_of(span_text(to->name));
                to->opens_what = arena_text(&p->arena, c->opens_what ? c->opens_what : "");
                to->holders = "nobody";
                add_policy(p, roster_policy_of(r, c->name), to);
                if (ledger_current_version(l, c->name, &v))
                        add_version(p, l, &v, to);
                else
                        to->is_by_hand = rotation_is_by_hand(l, c->name);
                p->n_ready += to->ready == READY_YES;
                p->n_shaky += to->ready == READY_SHAKY;
        }
        qsort(p->credentials, p->n_credentials, sizeof(*p->credentials), by_name);
        note_openings(p);
}

/* ---- people ---- */

static const char *roles_of(struct picture *p, const struct roster *r, const struct person *who)
{
        CLEANUP_BYTES struct bytes roles = BYTES_NONE;
        bool holds = false, asks = false, rotates = false;

        for (size_t i = 0; i < r->n_policies; i++) {
                holds |= name_list_has(&r->policies[i].holders, who->name);
                asks |= name_list_has(&r->policies[i].requesters, who->name);
                rotates |= name_list_has(&r->policies[i].rotators, who->name);
        }
        bytes_printf(&roles, "%s%s%s%s", roster_is_admin(r, who->name) ? "admin " : "", holds ? "holder " : "",
                     asks ? "requester " : "", rotates ? "rotator " : "");
        if (roles.n == 0)
                bytes_add_text(&roles, "in no policy ");
        roles.p[roles.n - 1] = '\0';
        return arena_text(&p->arena, (const char *)roles.p);
}

static struct picture_person *person_of(const struct picture *p, const char *name)
{
        for (size_t i = 0; i < p->n_people; i++)
                if (strcmp(p->people[i].name, name) == 0)
                        return &p->people[i];
        return NULL;
}

static void count_share(struct picture *p, const struct picture_custody *h)
{
        struct picture_person *who = person_of(p, h->holder);
        int64_t at = h->checked_at_ms;

        if (!who)
                return;
        who->held++;
        if (at == 0)
                who->never++;
        else if (p->at_ms - at <= CUSTODY_FRESH_MS)
                who->fresh++;
        else
                who->stale++;
        if (at && (who->oldest_ms == 0 || at < who->oldest_ms))
                who->oldest_ms = at;
}

void picture_add_people(struct picture *p, const struct ledger *l)
{
        const struct roster *r = ledger_roster(l);

        p->n_people = r->n_people;
        p->people = arena_new(&p->arena, p->n_people, sizeof(*p->people));
        for (size_t i = 0; i < p->n_people; i++) {
                const struct person *who = &r->people[i];

                p->people[i] = (struct picture_person){
                        .name = arena_text(&p->arena, who->name),
                        .id = hash_of(span_text(who->name)),
                        .team = arena_text(&p->arena, who->team),
                        .zone = arena_text(&p->arena, who->zone),
                        .roles = roles_of(p, r, who),
                        .is_rotator = who->is_rotator,
                };
        }
        for (size_t i = 0; i < ledger_versions(l); i++)
                for (size_t k = 0; k < p->versions[i].n_custody; k++)
                        count_share(p, &p->versions[i].custody[k]);
}

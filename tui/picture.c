#include "tui/picture.h"
#include "tui/pending.h"
#include "tui/words.h"
#include <string.h>

static void add_incidents(struct picture *p, const struct ledger *l)
{
        size_t n = ledger_incidents(l);

        p->incidents = arena_new(&p->arena, n, sizeof(*p->incidents));
        for (size_t i = n; i-- > 0;) {
                struct picture_incident *to = &p->incidents[p->n_incidents++];

                ledger_incident_at(l, i, p->at_ms, &to->view);
                to->view.incident = arena_text(&p->arena, to->view.incident);
                to->id = hash_of(span_text(to->view.incident));
                p->n_debts += to->view.is_overdue;
        }
        p->debts = arena_new(&p->arena, p->n_debts + 1, sizeof(*p->debts));
        p->n_debts = 0;
        for (size_t i = 0; i < n; i++)
                if (p->incidents[i].view.is_overdue)
                        p->debts[p->n_debts++] = p->incidents[i].view.incident;
}

static void add_emergencies(struct picture *p, const struct roster *r)
{
        p->n_emergencies = r->n_emergencies;
        p->emergencies = arena_new(&p->arena, r->n_emergencies, sizeof(*p->emergencies));
        for (size_t i = 0; i < r->n_emergencies; i++) {
                const struct emergency *e = &r->emergencies[i];

                p->emergencies[i] = (struct picture_emergency){
                        arena_text(&p->arena, e->id), arena_text(&p->arena, e->means),
                        arena_text(&p->arena, e->example), arena_text(&p->arena, e->not_this), e->needs_incident};
        }
}

static void add_channels(struct picture *p, const struct ledger *l)
{
        p->n_channels = ledger_channels(l);
        p->channels = arena_new(&p->arena, p->n_channels, sizeof(*p->channels));
        for (size_t i = 0; i < p->n_channels; i++) {
                ledger_channel_at(l, i, &p->channels[i]);
                p->channels[i].channel = arena_text(&p->arena, p->channels[i].channel);
        }
}

const char *picture_name(struct picture *p, const char *text)
{
        size_t n = COUNT_OF(p->names);

        for (size_t i = 0; text && i < n && i < p->n_names; i++)
                if (strcmp(p->names[i], text) == 0)
                        return p->names[i];
        return text ? (p->names[p->n_names++ % n] = arena_text(&p->arena, text)) : NULL;
}

static void add_head(struct picture *p, const struct ledger *l)
{
        struct hash root = ledger_root(l);
        char hex[HASH_HEX + 1];

        hash_to_hex(&root, hex);
        memcpy(p->head, hex, 16);
        p->size = ledger_size(l);
        p->last_at_ms = ledger_last_at(l);
}

struct picture *picture_of(const struct ledger *l, const char *installation, const char *me, int64_t now_ms)
{
        struct picture *p = mem_new(1, sizeof(*p));
        const struct roster *r = ledger_roster(l);

        p->at_ms = now_ms;
        p->installation = arena_text(&p->arena, installation);
        p->me = arena_text(&p->arena, me);
        if (!r)
                return p;
        p->roster = r->number;
        add_head(p, l);
        add_emergencies(p, r);
        add_incidents(p, l);
        picture_add_versions(p, l);
        picture_add_requests(p, l);
        picture_add_credentials(p, l);
        picture_add_people(p, l);
        picture_add_rotations(p);
        picture_add_lots(p, l);
        add_channels(p, l);
        p->is_admin = me && roster_is_admin(r, me);
        p->wants_custody = me && custody_is_wanted(l, me, now_ms);
        return p;
}

void picture_free(struct picture *p)
{
        if (!p)
                return;
        arena_done(&p->arena);
        free(p);
}

const struct picture_request *picture_request_of(const struct picture *p, const struct hash *id)
{
        for (size_t i = 0; p && i < p->n_requests; i++)
                if (hash_equal(&p->requests[i].view.id, id))
                        return &p->requests[i];
        return NULL;
}

const struct picture_credential *picture_credential_of(const struct picture *p, const char *name)
{
        for (size_t i = 0; p && i < p->n_credentials; i++)
                if (strcmp(p->credentials[i].name, name) == 0)
                        return &p->credentials[i];
        return NULL;
}

const struct picture_incident *picture_incident_of(const struct picture *p, const char *name)
{
        for (size_t i = 0; p && i < p->n_incidents; i++)
                if (strcmp(p->incidents[i].view.incident, name) == 0)
                        return &p->incidents[i];
        return NULL;
}

const struct picture_emergency *picture_emergency_of(const struct picture *p, const char *id)
{
        for (size_t i = 0; p && i < p->n_emergencies; i++)
                if (strcmp(p->emergencies[i].id, id) == 0)
                        return &p->emergencies[i];
        return NULL;
}

bool picture_is_my_incident(const struct picture *p, const char *name)
{
        for (size_t i = 0; p && i < p->n_requests; i++)
                if (p->requests[i].is_mine && strcmp(p->requests[i].view.incident, name) == 0)
                        return true;
        return false;
}

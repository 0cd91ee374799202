/* Rosters in the ledger (rule 2): the chain, used keys, who would be locked out, and who is eligible now. */
#include "quorum/ledger_state.h"
#include <string.h>

/* ---- check ---- */

static enum err chain_check(const struct ledger *l, const struct roster *r)
{
        if (!l->roster)
                return r->number == 1 && !r->has_previous ? OK : ERR_ROSTER_GAP;
        if (r->number > l->roster->number + 1)
                return ERR_ROSTER_GAP;
        if (r->number < l->roster->number)
                return ERR_ROSTER_ROLLBACK;
        if (r->number == l->roster->number || !r->has_previous || !hash_equal(&r->previous, &l->roster->id))
                return ERR_ROSTER_FORK;
        return OK;
}

/* A key that served as a padlock or as a version's own is nobody's: its private half was in other hands. */
static enum err keys_check(const struct ledger *l, const struct roster *r)
{
        const unsigned taken = KEY_OF_VERSION | KEY_OF_REPLY;
        if (key_was_used(l, &r->broker_signs, taken))
                return err_because(ERR_BAD_ROSTER, "the broker's key was used for something else");
        for (size_t i = 0; i < r->n_people; i++) {
                const struct person *p = &r->people[i];
                if (key_was_used(l, &p->signs, taken) || key_was_used(l, &p->opens, taken))
                        return err_because(ERR_BAD_ROSTER, "a key of %s was used for something else", p->name);
        }
        return OK;
}

static unsigned eligible_under(const struct ledger *l, const struct version_row *v, const struct roster *r,
                               const struct policy *policy)
{
        unsigned n = 0;
        for (uint32_t i = 0; i < v->n_shares; i++) {
                const struct share_row *share = share_at(l, v, i);
                const char *holder = name_text(l, share->holder);
                const struct person *p = roster_person(r, holder);
                if (p && key_equal(&p->opens, &share->recipient) && name_list_has(&policy->holders, holder))
                        n++;
        }
        return n;
}

static enum err lock_out_check_one(const struct ledger *l, uint32_t version, const struct roster *r,
                                   const struct policy *policy)
{
        const struct version_row *v = row_version(l, version);
        unsigned want = v->need > policy->approvals ? v->need : policy->approvals;
        unsigned have = eligible_under(l, v, r, policy);
        if (have >= want)
                return OK;
        return err_because(ERR_LOCKS_OUT, "%s version %llu would have %u of %u holders",
                           name_text(l, row_credential(l, v->credential)->name), (unsigned long long)v->number, have,
                           want);
}

static enum err lock_out_check(const struct ledger *l, const struct roster *r)
{
        for (size_t i = 0; i < r->n_credentials; i++) {
                uint32_t name = name_find(l, r->credentials[i].name);
                uint32_t row = name == NONE ? NONE : row_name(l, name)->credential;
                if (row == NONE || row_credential(l, row)->current == NONE)
                        continue;
                const struct policy *policy = roster_policy(r, r->credentials[i].policy);
                enum err e = lock_out_check_one(l, row_credential(l, row)->current, r, policy);
                uint32_t v = row_credential(l, row)->last_waiting;
                for (; e == OK && v != NONE; v = row_version(l, v)->next_waiting)
                        e = lock_out_check_one(l, v, r, policy);
                if (e != OK)
                        return e;
        }
        return OK;
}

enum err roster_check(const struct ledger *l, const struct statement *s)
{
        enum err e;
        if (!s->new_roster)
                return ERR_BAD_ROSTER;
        if ((e = chain_check(l, s->new_roster)) != OK)
                return e;
        if ((e = keys_check(l, s->new_roster)) != OK)
                return e;
        return lock_out_check(l, s->new_roster);
}

/* ---- fold ---- */

static void person_enter(struct ledger *l, const struct person *p)
{
        uint32_t name = name_intern(l, p->name), row = row_name(l, name)->person;
        if (row == NONE) {
                struct person_row *new_row = add_person(l, &row);
                new_row->name = name;
                new_row->entry = new_row->first_owed = new_row->first_proof = new_row->last_seat = NONE;
                row_name(l, name)->person = row;
        }
        key_use(l, &p->signs, KEY_IN_ROSTER);
        key_use(l, &p->opens, KEY_IN_ROSTER);
}

static void credential_enter(struct ledger *l, const struct roster *r, const struct credential *c)
{
        uint32_t name = name_intern(l, c->name), row = row_name(l, name)->credential;
        if (row == NONE) {
                struct credential_row *new_row = add_credential(l, &row);
                new_row->name = name;
                new_row->current = new_row->last_waiting = new_row->last_version = new_row->entry = NONE;
                row_name(l, name)->credential = row;
        }
        row_credential(l, row)->postmortem_within_ms = roster_policy(r, c->policy)->postmortem_within_ms;
}

static void forget_entries(struct ledger *l)
{
        for (uint32_t i = 0; i < count_person(l); i++)
                row_person(l, i)->entry = NONE;
        for (uint32_t i = 0; i < count_credential(l); i++) {
                row_credential(l, i)->entry = NONE;
                l->policy_of[i] = NULL;
        }
}

void roster_relink(struct ledger *l)
{
        const struct roster *r = l->roster;
        if (count_credential(l) > l->policy_cap) {
                l->policy_cap = count_credential(l);
                l->policy_of = mem_grow(l->policy_of, l->policy_cap, sizeof(const struct policy *));
        }
        forget_entries(l);
        for (size_t i = 0; i < r->n_people; i++)
                row_person(l, row_name(l, name_find(l, r->people[i].name))->person)->entry = (uint32_t)i;
        for (size_t i = 0; i < r->n_credentials; i++) {
                uint32_t c = row_name(l, name_find(l, r->credentials[i].name))->credential;
                row_credential(l, c)->entry = (uint32_t)i;
                l->policy_of[c] = roster_policy(r, r->credentials[i].policy);
        }
}

static void versions_judge_anew(struct ledger *l)
{
        for (uint32_t i = 0; i < count_version(l); i++) {
                struct version_row *v = row_version(l, i);
                v->eligible = eligible_mask(l, v);
                v->is_outdated = version_is_outdated(l, v);
        }
}

void roster_fold(struct ledger *l, const struct statement *s)
{
        uint32_t i;
        struct roster *mine = NULL;
        /* The statement keeps its own; it was parsed from these bytes before. */
        enum err e = roster_parse(bytes_span(&s->new_roster->yaml), &mine);
        assert(e == OK);
        roster_free(l->roster);
        l->roster = mine;
        struct roster_row *row = add_roster(l, &i);
        row->n = this_line(l);
        row->number = mine->number;
        row->id = mine->id;
        row->broker_signs = mine->broker_signs;
        key_use(l, &mine->broker_signs, KEY_IN_ROSTER);
        for (size_t k = 0; k < mine->n_people; k++)
                person_enter(l, &mine->people[k]);
        for (size_t k = 0; k < mine->n_credentials; k++)
                credential_enter(l, mine, &mine->credentials[k]);
        roster_relink(l);
        seats_fold(l);
        versions_judge_anew(l);
}

/* ---- questions ---- */

const struct person *person_of(const struct ledger *l, uint32_t name)
{
        if (name == NONE || row_name(l, name)->person == NONE)
                return NULL;
        uint32_t entry = row_person(l, row_name(l, name)->person)->entry;
        return entry == NONE ? NULL : &l->roster->people[entry];
}

uint32_t credential_find(const struct ledger *l, const char *name)
{
        uint32_t i = name_find(l, name);
        uint32_t c = i == NONE ? NONE : row_name(l, i)->credential;
        return c != NONE && row_credential(l, c)->entry != NONE ? c : NONE;
}

uint32_t eligible_mask(const struct ledger *l, const struct version_row *v)
{
        const struct policy *policy = policy_of_version(l, v);
        uint32_t mask = 0;
        for (uint32_t i = 0; policy && i < v->n_shares; i++) {
                const struct share_row *share = share_at(l, v, i);
                const struct person *p = person_of(l, share->holder);
                if (p && key_equal(&p->opens, &share->recipient) &&
                    name_list_has(&policy->holders, name_text(l, share->holder)))
                        mask |= UINT32_C(1) << i;
        }
        return mask;
}

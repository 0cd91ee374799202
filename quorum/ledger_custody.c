/* Custody in the ledger: a holder has opened their shares of these versions, and they fit (rules 3 and 10). */
#include "quorum/ledger_state.h"

static enum err check_one(const struct ledger *l, const struct act *a, const struct hash *id)
{
        uint32_t i = version_find(l, id);
        if (i == NONE)
                return ERR_NOT_FOUND;
        const struct version_row *v = row_version(l, i);
        if (a->by == NONE || share_position(l, v, a->by) == NONE)
                return err_because(ERR_NOT_ALLOWED, "the signer has no share of this version");
        if (v->state == VERSION_SEALED && version_being_set(l, v->credential) != NONE)
                return ERR_CLAIMED;
        return OK;
}

static enum err check_custody(const struct ledger *l, struct act *a)
{
        const struct hash_list *list = &a->s->custody.versions;
        enum err e = OK;
        for (size_t i = 0; e == OK && i < list->n; i++)
                e = check_one(l, a, &list->h[i]);
        return e;
}

/* The person has used this opening key now. */
static void proof_note(struct ledger *l, uint32_t name, const struct key *opens, int64_t at_ms)
{
        uint32_t person = row_name(l, name)->person, i = row_person(l, person)->first_proof;
        for (; i != NONE; i = row_proof(l, i)->next)
                if (key_equal(&row_proof(l, i)->opens, opens)) {
                        row_proof(l, i)->at_ms = at_ms;
                        return;
                }
        struct proof_row *p = add_proof(l, &i);
        p->opens = *opens;
        p->at_ms = at_ms;
        p->next = row_person(l, person)->first_proof;
        row_person(l, person)->first_proof = i;
}

static void fold_one(struct ledger *l, const struct act *a, const struct hash *id)
{
        uint32_t i = version_find(l, id);
        struct version_row *v = row_version(l, i);
        uint32_t position = share_position(l, v, a->by);
        struct share_row *share = share_at(l, v, position);
        share->custody_at_ms = a->at_ms;
        v->proven |= UINT32_C(1) << position;
        proof_note(l, a->by, &share->recipient, a->at_ms);
        if (v->state == VERSION_SEALED && bits_of(v->proven & v->eligible) >= v->need)
                version_make_current(l, i, a->at_ms);
}

static void fold_custody(struct ledger *l, const struct act *a)
{
        const struct hash_list *list = &a->s->custody.versions;
        for (size_t i = 0; i < list->n; i++)
                fold_one(l, a, &list->h[i]);
}

const struct rule rule_custody = {check_custody, fold_custody};

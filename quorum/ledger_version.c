/* Versions and custody in the ledger (rule 3): who may seal what, and how a version becomes the current one. */
#include "quorum/ledger_state.h"
#include "quorum/version.h"
#include <string.h>

/* ---- questions ---- */

uint32_t version_find(const struct ledger *l, const struct hash *id)
{
        uint32_t v = find_of_type(l, id, STATEMENT_VERSION);
        if (v == NONE || row_credential(l, row_version(l, v)->credential)->entry == NONE)
                return NONE;
        return v;
}

struct share_row *share_at(const struct ledger *l, const struct version_row *v, uint32_t position)
{
        assert(position < v->n_shares);
        return row_share(l, v->first_share + position);
}

uint32_t share_position(const struct ledger *l, const struct version_row *v, uint32_t holder)
{
        for (uint32_t i = 0; i < v->n_shares; i++)
                if (share_at(l, v, i)->holder == holder)
                        return i;
        return NONE;
}

unsigned version_threshold(const struct ledger *l, const struct version_row *v)
{
        const struct policy *policy = policy_of_version(l, v);
        return policy && policy->approvals > v->need ? policy->approvals : v->need;
}

bool version_is_outdated(const struct ledger *l, const struct version_row *v)
{
        const struct policy *policy = policy_of_version(l, v);
        if (!policy)
                return false; /* retired: nothing to rotate */
        return strcmp(policy->name, name_text(l, v->policy)) != 0 || v->need != policy->approvals ||
               v->n_shares != policy->holders.n || bits_of(v->eligible) != v->n_shares;
}

uint32_t version_being_set(const struct ledger *l, uint32_t credential)
{
        uint32_t v = row_credential(l, credential)->last_waiting;
        for (; v != NONE; v = row_version(l, v)->next_waiting)
                if (row_version(l, v)->state == VERSION_PENDING && row_version(l, v)->set != OUTCOME_NONE)
                        return v;
        return NONE;
}

bool version_serves(const struct version_row *v)
{
        switch ((enum version_state)v->state) {
        case VERSION_CURRENT: return true;
        case VERSION_PENDING: return v->set != OUTCOME_NONE;
        case VERSION_REPLACED: return !v->is_revoking && !v->is_done;
        case VERSION_SEALED:
        case VERSION_DROPPED: break;
        }
        return false;
}

/* ---- becoming current ---- */

static void waiting_drop(struct ledger *l, struct credential_row *c)
{
        for (uint32_t i = c->last_waiting; i != NONE;) {
                struct version_row *v = row_version(l, i);
                i = v->next_waiting;
                v->next_waiting = NONE;
                v->state = VERSION_DROPPED;
        }
        c->last_waiting = NONE;
}

void version_make_current(struct ledger *l, uint32_t version, int64_t at_ms)
{
        struct version_row *v = row_version(l, version);
        struct credential_row *c = row_credential(l, v->credential);
        if (c->current != NONE) {
                struct version_row *old = row_version(l, c->current);
                old->state = VERSION_REPLACED;
                old->replaced_by = version;
                old->evidence = v->is_initial ? OLD_UNPROVEN : OLD_NONE;
        }
        waiting_drop(l, c);
        v->state = VERSION_CURRENT;
        v->current_since_ms = at_ms;
        c->current = version;
}

/* ---- rule: version ---- */

static enum err sealer_check(const struct ledger *l, const struct act *a, uint32_t credential)
{
        const struct credential *c = &l->roster->credentials[row_credential(l, credential)->entry];
        const struct name_list *may = a->s->version.is_initial ? &c->sealers : &l->policy_of[credential]->rotators;
        return !a->is_broker && name_list_has(may, a->s->by[0]) ? OK : ERR_SEALER;
}

static enum err share_check(const struct ledger *l, const struct policy *policy, const struct version_share *share)
{
        const struct person *p = roster_person(l->roster, share->holder);
        if (!p || !name_list_has(&policy->holders, share->holder))
                return err_because(ERR_BAD_VERSION, "a share is for somebody who is no holder in the policy");
        if (strcmp(share->recipient, p->opens_text) != 0)
                return err_because(ERR_BAD_VERSION, "the share of %s is not sealed to their key", p->name);
        return OK;
}

/* need and holders are exactly the policy's; version_check() saw to it that holders and indices are distinct. */
static enum err policy_check(const struct ledger *l, const struct version_fields *v, const struct policy *policy)
{
        if (strcmp(v->policy, policy->name) != 0)
                return err_because(ERR_BAD_VERSION, "the credential has another policy");
        if (v->need != policy->approvals)
                return err_because(ERR_BAD_VERSION, "the policy wants %u approvals", policy->approvals);
        if (v->n_shares != policy->holders.n)
                return err_because(ERR_BAD_VERSION, "the policy has %zu holders", policy->holders.n);
        for (unsigned i = 0; i < v->n_shares; i++) {
                enum err e = share_check(l, policy, &v->shares[i]);
                if (e != OK)
                        return e;
        }
        return OK;
}

static enum err recipient_check(const struct ledger *l, struct act *a)
{
        if (age_public_from_text(span_text(a->s->version.recipient), a->key.b) != OK)
                return ERR_BAD_KEY;
        return key_find(l, &a->key) == NONE ? OK : err_because(ERR_BAD_KEY, "the version's key was used before");
}

/* The number is the next one, previous the current version, and a rotation rotates that one. */
static enum err place_check(const struct ledger *l, const struct version_fields *v, const struct credential_row *c)
{
        const struct hash *current = c->current == NONE ? NULL : &row_version(l, c->current)->id;
        if (v->number != c->highest + 1)
                return err_because(ERR_STALE_VERSION, "the next number is %llu", (unsigned long long)c->highest + 1);
        if (v->has_previous != (current != NULL) || (current && !hash_equal(&v->previous, current)))
                return err_because(ERR_STALE_VERSION, "previous is not the current version");
        if (!v->is_initial && (!current || !hash_equal(&v->rotation_of, current)))
                return err_because(ERR_STALE_VERSION, "it rotates a version that is not the current one");
        return OK;
}

static enum err turn_check(const struct ledger *l, const struct act *a, uint32_t credential)
{
        const struct credential_row *c = row_credential(l, credential);
        if (a->s->version.is_initial)
                return version_being_set(l, credential) == NONE ? OK : ERR_CLAIMED;
        if (rotation_due(l, c->current, a->at_ms) == NOT_DUE)
                return ERR_NOT_DUE;
        return rotation_is_claimed_by_other(row_version(l, c->current), a->by, a->at_ms) ? ERR_CLAIMED : OK;
}

static enum err check_version(const struct ledger *l, struct act *a)
{
        enum err e;
        const struct version_fields *v = &a->s->version;
        uint32_t credential = credential_find(l, v->credential);
        if (credential == NONE)
                return ERR_NOT_FOUND;
        if ((e = sealer_check(l, a, credential)) != OK)
                return e;
        if ((e = version_check(v)) != OK)
                return e;
        if ((e = policy_check(l, v, l->policy_of[credential])) != OK)
                return e;
        if ((e = recipient_check(l, a)) != OK)
                return e;
        if ((e = place_check(l, v, row_credential(l, credential))) != OK)
                return e;
        return turn_check(l, a, credential);
}

static uint32_t shares_add(struct ledger *l, const struct version_fields *v)
{
        uint32_t first = count_share(l), i;
        for (unsigned k = 0; k < v->n_shares; k++) {
                uint32_t holder = name_intern(l, v->shares[k].holder);
                uint32_t recipient = name_intern(l, v->shares[k].recipient);
                struct share_row *share = add_share(l, &i);
                share->holder = holder;
                share->recipient_text = recipient;
                share->recipient = person_of(l, holder)->opens;
                share->index = v->shares[k].index;
                share->sha256 = v->shares[k].sha256;
        }
        return first;
}

static uint32_t commitments_add(struct ledger *l, const struct version_fields *v)
{
        uint32_t first = count_point(l), i;
        for (unsigned k = 0; k < v->n_commitments; k++)
                memcpy(add_point(l, &i)->b, v->commitments[k], POINT_BYTES);
        return first;
}

static void version_describe(struct ledger *l, struct version_row *row, const struct version_fields *v)
{
        row->number = v->number;
        row->ciphertext_bytes = v->ciphertext_bytes;
        row->ciphertext_sha256 = v->ciphertext_sha256;
        row->has_previous = v->has_previous;
        row->is_initial = v->is_initial;
        if (v->has_previous)
                row->previous = v->previous;
        if (!v->is_initial)
                row->rotation_of = v->rotation_of;
        row->need = v->need;
        row->n_shares = v->n_shares;
        row->next_waiting = row->claimed_by = row->replaced_by = NONE;
}

static void fold_version(struct ledger *l, const struct act *a)
{
        uint32_t i;
        const struct version_fields *v = &a->s->version;
        uint32_t credential = credential_find(l, v->credential), policy = name_intern(l, v->policy);
        uint32_t recipient_text = text_add(l, v->recipient);
        struct version_row *row = add_version(l, &i);
        version_describe(l, row, v);
        row->n = this_line(l);
        row->at_ms = a->at_ms;
        row->id = a->s->id;
        row->recipient = a->key;
        row->credential = credential;
        row->policy = policy;
        row->sealer = a->by;
        row->recipient_text = recipient_text;
        row->first_share = shares_add(l, v);
        row->first_commitment = commitments_add(l, v);
        row->eligible = eligible_mask(l, row);
        row_line(l, this_line(l))->row = i;
        key_use(l, &row->recipient, KEY_OF_VERSION);
        version_materialise(l, i);

        struct credential_row *c = row_credential(l, credential);
        c->highest = v->number;
        row->before = c->last_version;
        c->last_version = i;
        if (c->current == NONE) {
                version_make_current(l, i, a->at_ms);
                return;
        }
        row->state = v->is_initial ? VERSION_SEALED : VERSION_PENDING;
        row->next_waiting = c->last_waiting;
        c->last_waiting = i;
}

const struct rule rule_version = {check_version, fold_version};

/* The fields as the statement gave them, for who opens or reseals shares; texts lie in the pool. */
void version_materialise(struct ledger *l, uint32_t version)
{
        const struct version_row *v = row_version(l, version);
        if (version >= l->fields_cap) {
                l->fields_cap = count_version(l) > 2 * l->fields_cap ? count_version(l) : 2 * l->fields_cap;
                l->fields = mem_grow(l->fields, l->fields_cap, sizeof *l->fields);
        }
        struct version_fields *f = l->fields[version] = mem_new(1, sizeof *f);
        f->credential = name_text(l, row_credential(l, v->credential)->name);
        f->number = v->number;
        f->has_previous = v->has_previous;
        f->previous = v->previous;
        f->policy = name_text(l, v->policy);
        f->need = f->n_commitments = v->need;
        f->recipient = text_at(l, v->recipient_text);
        for (uint32_t i = 0; i < v->need; i++)
                memcpy(f->commitments[i], row_point(l, v->first_commitment + i)->b, POINT_BYTES);
        f->n_shares = v->n_shares;
        for (uint32_t i = 0; i < v->n_shares; i++) {
                const struct share_row *share = share_at(l, v, i);
                f->shares[i] = (struct version_share){name_text(l, share->holder), share->index,
                                                      name_text(l, share->recipient_text), share->sha256};
        }
        f->ciphertext_sha256 = v->ciphertext_sha256;
        f->ciphertext_bytes = v->ciphertext_bytes;
        f->is_initial = v->is_initial;
        f->rotation_of = v->rotation_of;
}

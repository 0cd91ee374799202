/* Versions: what requests, credentials and people have in common, looked up once. */
#include "tui/pending.h"
#include "tui/picture.h"
#include "tui/words.h"
#include <string.h>

static void add_custody(struct picture *p, const struct ledger *l, const struct version_view *v,
                        struct picture_version *to)
{
        to->custody = arena_new(&p->arena, v->fields->n_shares, sizeof(*to->custody));
        for (unsigned i = 0; i < v->fields->n_shares; i++) {
                const char *holder = v->fields->shares[i].holder;

                to->custody[to->n_custody++] = (struct picture_custody){picture_name(p, holder),
                                                                        ledger_custody_of_version(l, &v->id, holder),
                                                                        ledger_is_eligible(l, v, holder)};
        }
}

/* Whom a new value waits for before it may be set. */
static void add_missing_custody(struct picture *p, const struct ledger *l, struct picture_version *to)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE, text = BYTES_NONE;
        const struct rotation_view *r = &to->rotation;
        struct version_view v;

        if (!r->has_pending || r->set != OUTCOME_NONE || r->has_fresh_custody || r->is_promoted ||
            !ledger_version_by_id(l, &r->pending, &v))
                return;
        unsigned n = ledger_custody_wanted(l, &v, p->at_ms, &names);

        bytes_printf(&text, "%u/%u: %s", n, v.fields->need, names.n ? bytes_text(&names) : "nobody could");
        to->missing = arena_text(&p->arena, bytes_text(&text));
}

static void add_standing(struct picture *p, const struct ledger *l, const struct version_view *v,
                         struct picture_version *to)
{
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;

        to->is_known = ledger_rotation(l, &v->id, p->at_ms, &to->rotation);
        to->rotation.claimed_by = arena_text(&p->arena, to->rotation.claimed_by);
        to->is_unfinished = to->is_known && rotation_is_unfinished(v, &to->rotation);
        to->state = rotate_state_of(&to->rotation, to->is_by_hand);
        if (!to->is_unfinished)
                return;
        add_missing_custody(p, l, to);
        rotation_standing(&to->rotation, p->at_ms, &standing);
        to->standing = arena_text(&p->arena, bytes_text(&standing));
}

static void add_rotation(struct picture *p, const struct ledger *l, const struct version_view *v)
{
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;
        bool is_unproven = v->state == VERSION_REPLACED && v->evidence == OLD_UNPROVEN;

        bytes_add_text(&standing, is_unproven ? "replaced, but NOT PROVEN that the old value is dead"
                                              : p->versions[v->index].standing);
        if (!is_unproven && p->versions[v->index].is_by_hand)
                bytes_add_text(&standing, "; BY HAND: change it at its target, then `breakglass seal`");
        p->rotations[p->n_rotations++] = (struct picture_rotation){
                .id = v->id,
                .credential = p->versions[v->index].credential,
                .number = v->fields->number,
                .standing = arena_text(&p->arena, bytes_text(&standing)),
                .is_bad = is_unproven,
        };
}

static void add_version(struct picture *p, const struct ledger *l, const struct version_view *v,
                        struct picture_version *to)
{
        const struct credential *c = roster_credential(ledger_roster(l), v->fields->credential);

        to->id = v->id;
        to->number = v->fields->number;
        to->credential = arena_text(&p->arena, v->fields->credential);
        to->what = c ? arena_text(&p->arena, c->opens_what) : NULL;
        to->is_by_hand = rotation_is_by_hand(l, v->fields->credential);
        to->is_live = version_is_live(v);
        if (to->is_live)
                add_custody(p, l, v, to);
        add_standing(p, l, v, to);
}

void picture_add_versions(struct picture *p, const struct ledger *l)
{
        size_t n = ledger_versions(l);

        p->n_versions = n;
        p->versions = arena_new(&p->arena, n, sizeof(*p->versions));
        p->rotations = arena_new(&p->arena, n, sizeof(*p->rotations));
        for (size_t i = 0; i < n; i++) {
                struct version_view v;

                ledger_version_at(l, i, &v);
                add_version(p, l, &v, &p->versions[i]);
                if (p->versions[i].is_unfinished)
                        add_rotation(p, l, &v);
        }
}

#include "tui/rotations.h"
#include <string.h>

enum rotation_group rotation_group_of(enum rotate_state s)
{
        switch (s) {
        case ROTATE_AT_WORK: return GROUP_WORK;
        case ROTATE_WAITING: return GROUP_WAITING;
        case ROTATE_REFUSED:
        case ROTATE_REPLACED: return GROUP_PROVEN;
        case ROTATE_IN_TROUBLE:
        case ROTATE_UNPROVEN:
        case ROTATE_IS_BY_HAND:
        case ROTATE_STATES: break;
        }
        return GROUP_PEOPLE;
}

/* What the picture lists is sorted already; a plan is in the roster's order. */
static void each_of_plan(const struct model *m, const struct rotate_plan *p,
                         void (*visit)(void *context, const struct picture_version *v), void *context)
{
        const struct picture_version **found = mem_new(p->n + 1, sizeof(const struct picture_version *));

        for (size_t i = 0; i < p->n; i++)
                found[i] = picture_version_of(m->picture, &p->one[i].version);
        for (unsigned group = 0; group < ROTATION_GROUPS; group++)
                for (size_t i = 0; i < p->n; i++)
                        if (found[i] && rotation_group_of(found[i]->state) == group)
                                visit(context, found[i]);
        free(found);
}

void rotations_each(const struct model *m, void (*visit)(void *context, const struct picture_version *v),
                    void *context)
{
        const struct picture *p = m->picture;

        if (m->rotating.following)
                each_of_plan(m, m->rotating.following, visit, context);
        else
                for (size_t i = 0; i < p->n_shown; i++)
                        visit(context, &p->versions[p->shown[i]]);
}

static void count(void *context, const struct picture_version *v)
{
        rotate_count_add(context, v->state);
}

struct rotate_count rotations_count(const struct model *m)
{
        struct rotate_count c = {0};

        rotations_each(m, count, &c);
        return c;
}

void rotations_say_scope(const struct model *m, struct bytes *ret)
{
        const struct rotate_plan *p = m->rotating.following;

        if (!p)
                bytes_add_text(ret, "All due, under way or ended within 7 days");
        else if (p->n_entries)
                bytes_printf(ret, "The order in entry %llu%s alone", (unsigned long long)p->entries[0],
                             p->n_entries > 1 ? " and following" : "");
        else
                bytes_add_text(ret, "What was chosen alone");
}

/* ---- orders, as the listed rotations remember them ---- */

/* The nearest order on that side of `from`; UINT64_MAX when there is none. */
static uint64_t next_order(const struct picture *p, bool older, uint64_t from)
{
        uint64_t best = UINT64_MAX;

        for (size_t i = 0; i < p->n_shown; i++) {
                const struct rotation_view *r = &p->versions[p->shown[i]].rotation;
                uint64_t n = r->order_n;

                if (!r->has_order || (older ? n >= from : n <= from))
                        continue;
                if (best == UINT64_MAX || (older ? n > best : n < best))
                        best = n;
        }
        return best;
}

static struct rotate_plan *plan_of_order(const struct picture *p, uint64_t n)
{
        struct rotate_plan *plan = mem_new(1, sizeof(*plan));

        for (size_t i = 0; i < p->n_shown; i++) {
                const struct picture_version *v = &p->versions[p->shown[i]];

                if (v->rotation.has_order && v->rotation.order_n == n)
                        rotate_plan_add(plan, &v->id, v->is_by_hand ? ROTATE_BY_HAND : ROTATE_ORDER, true);
        }
        plan->entries = mem_new(1, sizeof(*plan->entries));
        plan->entries[plan->n_entries++] = n;
        return plan;
}

bool rotations_follow(struct model *m, bool older)
{
        struct rotate_plan *now = m->rotating.following;
        uint64_t at = older ? UINT64_MAX : 0, n = UINT64_MAX;
        bool was_following = now != NULL;

        if (now && now->n_entries)
                at = older ? now->entries[0] : now->entries[now->n_entries - 1];
        if (older || now)
                n = next_order(m->picture, older, at);
        if (n == UINT64_MAX && older)
                return false;
        rotate_plan_free(now);
        m->rotating.following = n == UINT64_MAX ? NULL : plan_of_order(m->picture, n);
        return was_following || n != UINT64_MAX;
}

struct effect rotations_go(struct model *m, const struct hash *version)
{
        rotate_plan_free(m->rotating.following);
        m->rotating.following = NULL;
        input_clear(&m->filter[SCREEN_ROTATIONS]);
        m->selected[SCREEN_ROTATIONS] = *version;
        return model_go(m, SCREEN_ROTATIONS);
}

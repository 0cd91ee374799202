/* The rotations that people follow: due, under way, ended without a proof or lately, and whatever was ordered with
 * one of these, so that what an order came to is told whole. */
#include "base/clock.h"
#include "tui/picture.h"
#include <string.h>

#define LATELY_MS (7 * DAY_MS)

/* ---- finding one by its id ---- */

static int by_id(const void *a, const void *b, void *context)
{
        const struct picture_version *versions = context;

        return memcmp(&versions[*(const size_t *)a].id, &versions[*(const size_t *)b].id, sizeof(struct hash));
}

static void index_versions(struct picture *p)
{
        p->by_id = arena_new(&p->arena, p->n_versions, sizeof(*p->by_id));
        for (size_t i = 0; i < p->n_versions; i++)
                p->by_id[i] = i;
        qsort_r(p->by_id, p->n_versions, sizeof(*p->by_id), by_id, p->versions);
}

const struct picture_version *picture_version_of(const struct picture *p, const struct hash *id)
{
        size_t low = 0, high = p ? p->n_versions : 0;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                const struct picture_version *v = &p->versions[p->by_id[middle]];
                int order = memcmp(id, &v->id, sizeof(*id));

                if (order == 0)
                        return v;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

/* ---- which ---- */

static bool is_lively(const struct picture *p, const struct picture_version *v)
{
        const struct rotation_view *r = &v->rotation;

        return v->is_unfinished || (r->is_done && p->at_ms - r->said_at_ms <= LATELY_MS);
}

static int by_number(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

        return x < y ? -1 : x > y;
}

/* The orders that some lively rotation was named in. */
static uint64_t *find_orders(struct picture *p, size_t *ret_n)
{
        uint64_t *orders = mem_new(p->n_versions + 1, sizeof(*orders));

        *ret_n = 0;
        for (size_t i = 0; i < p->n_versions; i++)
                if (p->versions[i].rotation.has_order && is_lively(p, &p->versions[i]))
                        orders[(*ret_n)++] = p->versions[i].rotation.order_n;
        qsort(orders, *ret_n, sizeof(*orders), by_number);
        return orders;
}

static int by_state_and_name(const void *a, const void *b, void *context)
{
        const struct picture_version *versions = context, *x = &versions[*(const size_t *)a],
                                     *y = &versions[*(const size_t *)b];
        int order = strcmp(x->credential, y->credential);

        if (x->state != y->state)
                return x->state < y->state ? -1 : 1;
        return order != 0 ? order : x->number < y->number ? -1 : x->number > y->number;
}

void picture_add_rotations(struct picture *p)
{
        size_t n_orders;
        uint64_t *orders = find_orders(p, &n_orders);

        index_versions(p);
        p->shown = arena_new(&p->arena, p->n_versions, sizeof(*p->shown));
        for (size_t i = 0; i < p->n_versions; i++) {
                struct picture_version *v = &p->versions[i];

                v->is_shown = is_lively(p, v) ||
                              (v->rotation.has_order &&
                               bsearch(&v->rotation.order_n, orders, n_orders, sizeof(*orders), by_number));
                if (v->is_shown)
                        p->shown[p->n_shown++] = i;
        }
        qsort_r(p->shown, p->n_shown, sizeof(*p->shown), by_state_and_name, p->versions);
        free(orders);
}

#include "tui/rotate_plan.h"
#include <string.h>

void lot_words(enum lot_kind kind, const char *name, struct bytes *ret)
{
        switch (kind) {
        case LOT_ALL: bytes_add_text(ret, "everything there is"); break;
        case LOT_OPENED_BY: bytes_printf(ret, "everything current that %s opened", name); break;
        case LOT_INCIDENT: bytes_printf(ret, "everything current that was opened in %s", name); break;
        case LOT_POLICY: bytes_printf(ret, "everything under the policy %s", name); break;
        case LOT_TAG: bytes_printf(ret, "everything with the tag %s", name); break;
        }
}

void rotate_plan_add(struct rotate_plan *p, const struct hash *version, enum rotate_way way, bool is_due)
{
        p->one = mem_grow(p->one, p->n + 1, sizeof(*p->one));
        p->one[p->n++] = (struct rotate_one){*version, way, !is_due};
        p->n_order += !is_due;
        p->n_by_hand += way == ROTATE_BY_HAND;
}

void rotate_plan_done(struct rotate_plan *p)
{
        free(p->one);
        free(p->entries);
        *p = (struct rotate_plan){0};
}

void rotate_plan_free(struct rotate_plan *p)
{
        if (!p)
                return;
        rotate_plan_done(p);
        free(p);
}

struct hash rotate_plan_digest(const struct rotate_plan *p)
{
        CLEANUP_BYTES struct bytes all = BYTES_NONE;

        for (size_t i = 0; i < p->n; i++)
                if (p->one[i].is_ordered)
                        bytes_add(&all, p->one[i].version.b, HASH_BYTES);
        return hash_of(bytes_span(&all));
}

/* ---- words ---- */

const char *rotate_one_words(const struct rotate_one *one)
{
        if (one->way == ROTATE_BY_HAND)
                return one->is_ordered ? "BY HAND: people must change it"
                                       : "BY HAND, due already: people must change it";
        return one->is_ordered ? "" : "due already";
}

void rotate_say_plan(const struct rotate_plan *p, struct bytes *ret)
{
        bytes_printf(ret, "%zu credential%s: %zu to order, %zu due already; %zu by hand.", p->n, p->n == 1 ? "" : "s",
                     p->n_order, p->n - p->n_order, p->n_by_hand);
        if (p->n_unsealed)
                bytes_printf(ret, " Nothing is sealed for %zu more: nothing to rotate.", p->n_unsealed);
}

const char *rotate_word(const struct rotate_plan *p, char ret[ROTATE_WORD])
{
        snprintf(ret, ROTATE_WORD, "rotate %zu", p->n_order);
        return ret;
}

void rotate_say_ordered(const struct rotate_plan *p, struct bytes *ret)
{
        if (p->n_order == 0)
                bytes_printf(ret, "Nothing was left to order: %zu due already", p->n);
        else
                bytes_printf(ret, "%zu rotation%s ordered (entry %llu%s)", p->n_order,
                             p->n_order == 1 ? " is" : "s are", (unsigned long long)p->entries[0],
                             p->n_entries > 1 ? " and following" : "");
        if (p->n_by_hand)
                bytes_printf(ret, "; %zu by hand: people must change %s", p->n_by_hand,
                             p->n_by_hand == 1 ? "it" : "them");
        bytes_add_byte(ret, '.');
}

enum err rotate_fail_order(const struct rotate_plan *p, enum err e)
{
        CLEANUP_BYTES struct bytes follow = BYTES_NONE;
        CLEANUP_FREE char *why = mem_text(*err_reason() ? err_reason() : err_sentence(e));

        if (p->n_entries == 0)
                return e;
        for (size_t i = 0; i < p->n_entries; i++)
                bytes_printf(&follow, " --follow %llu", (unsigned long long)p->entries[i]);
        return err_because(
                e,
                "%s. But %zu of %zu are ordered already (`breakglass rotate%s`): order again, and only the rest is",
                why, p->n_entries * ROTATE_CHUNK, p->n_order, bytes_text(&follow));
}

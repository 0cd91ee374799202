/* The ledger itself: its life, its log and its rosters. */
#include "quorum/ledger_state.h"

struct ledger *ledger_new(void)
{
        struct ledger *l = mem_new(1, sizeof *l);
        l->tree = tree_new();
        l->first_live = l->last_live = NONE;
        return l;
}

static void texts_done(struct text_pool *p)
{
        for (uint32_t i = 0; i < p->n_chunks; i++)
                free(p->chunk[i]);
        free(p->chunk);
}

void ledger_free(struct ledger *l)
{
        if (!l)
                return;
        for (uint32_t i = 0; i < count_version(l) && i < l->fields_cap; i++)
                free(l->fields[i]);
        free(l->fields);
        free(l->policy_of);
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                free(l->table[t].rows);
        texts_done(&l->text);
        free(l->ids.slot);
        free(l->names.slot);
        free(l->keys.slot);
        free(l->offline.slot);
        tree_free(l->tree);
        roster_free(l->roster);
        free(l);
}

/* ---- the log ---- */

uint64_t ledger_size(const struct ledger *l)
{
        return count_line(l);
}

int64_t ledger_last_at(const struct ledger *l)
{
        return l->last_at_ms;
}

struct hash ledger_root(const struct ledger *l)
{
        return ledger_root_at(l, ledger_size(l));
}

struct hash ledger_root_at(const struct ledger *l, uint64_t size)
{
        return size == l->seen_size && size > 0 ? l->seen_root : tree_root_at(l->tree, size);
}

const struct tree *ledger_tree(const struct ledger *l)
{
        return l->tree;
}

bool ledger_find(const struct ledger *l, const struct hash *id, uint64_t *ret_n)
{
        uint32_t n = line_find(l, id);
        if (n == NONE)
                return false;
        *ret_n = n;
        return true;
}

struct hash ledger_id_at(const struct ledger *l, uint64_t n)
{
        assert(n < ledger_size(l));
        return row_line(l, (uint32_t)n)->id;
}

/* ---- rosters ---- */

const struct hash *ledger_installation(const struct ledger *l)
{
        return count_roster(l) > 0 ? &row_roster(l, 0)->id : NULL;
}

const struct roster *ledger_roster(const struct ledger *l)
{
        return l->roster;
}

size_t ledger_rosters(const struct ledger *l)
{
        return count_roster(l);
}

void ledger_roster_at(const struct ledger *l, size_t i, struct roster_view *ret)
{
        const struct roster_row *r = row_roster(l, (uint32_t)i);
        *ret = (struct roster_view){.n = r->n, .id = r->id, .broker_signs = r->broker_signs};
}

const struct key *ledger_broker_key_at(const struct ledger *l, uint64_t size)
{
        for (uint32_t i = count_roster(l); i > 0; i--)
                if (row_roster(l, i - 1)->n < size)
                        return &row_roster(l, i - 1)->broker_signs;
        return NULL;
}

/* Tables, texts, names and indices of the ledger. */
#include "quorum/ledger_state.h"
#include <string.h>

const size_t table_row_size[TABLE_COUNT] = {
#define X(noun) [TABLE_##noun] = sizeof(struct noun##_row),
        TABLE_LIST(X)
#undef X
};

void *table_row(const struct ledger *l, enum table_name t, uint32_t i)
{
        assert(i < l->table[t].n);
        return l->table[t].rows + (size_t)i * table_row_size[t];
}

void *table_add(struct ledger *l, enum table_name t, uint32_t *ret_i)
{
        struct table *x = &l->table[t];
        assert(x->n < NONE - 1);
        if (x->n == x->cap) {
                x->cap = x->cap > 0 ? x->cap * 2 : 16;
                x->rows = mem_grow(x->rows, x->cap, table_row_size[t]);
        }
        unsigned char *row = x->rows + (size_t)x->n * table_row_size[t];
        memset(row, 0, table_row_size[t]); /* the padding too: equal states are equal bytes */
        *ret_i = x->n++;
        return row;
}

uint32_t text_add(struct ledger *l, const char *text)
{
        size_t len = strlen(text) + 1;
        if (len == 1)
                return 0;
        assert(len < TEXT_CHUNK); /* parsing allows far less */
        struct text_pool *p = &l->text;
        if (p->n_chunks == 0 || p->used + len > TEXT_CHUNK) {
                assert(p->n_chunks < UINT16_MAX);
                p->chunk = mem_grow(p->chunk, p->n_chunks + 1, sizeof(char *));
                p->chunk[p->n_chunks] = mem_new(1, TEXT_CHUNK);
                p->used = p->n_chunks == 0 ? 1 : 0;
                p->n_chunks++;
        }
        uint32_t place = p->used;
        memcpy(p->chunk[p->n_chunks - 1] + place, text, len);
        p->used += (uint32_t)len;
        return (p->n_chunks - 1) * TEXT_CHUNK + place;
}

const char *text_at(const struct ledger *l, uint32_t text)
{
        if (text == 0)
                return "";
        assert(text / TEXT_CHUNK < l->text.n_chunks);
        return l->text.chunk[text / TEXT_CHUNK] + text % TEXT_CHUNK;
}

/* ---- indices ---- */

static uint32_t tag_of(const void *p, size_t n)
{
        const unsigned char *b = p; /* FNV-1a */
        uint64_t h = UINT64_C(14695981039346656037);
        for (size_t i = 0; i < n; i++)
                h = (h ^ b[i]) * UINT64_C(1099511628211);
        return (uint32_t)(h ^ h >> 32);
}

static uint32_t tag_of_hash(const struct hash *h)
{
        uint32_t tag; /* already as good as random */
        memcpy(&tag, h->b, sizeof tag);
        return tag;
}

static void index_put(struct index *x, struct index_slot s)
{
        uint32_t i = s.tag & (x->cap - 1);
        while (x->slot[i].row != 0)
                i = (i + 1) & (x->cap - 1);
        x->slot[i] = s;
}

void index_reserve(struct index *x, uint32_t n)
{
        uint32_t cap = x->cap > 0 ? x->cap : 64;
        while (cap / 2 < n)
                cap *= 2;
        if (cap == x->cap)
                return;
        struct index_slot *old = x->slot;
        uint32_t old_cap = x->cap;
        x->slot = mem_new(cap, sizeof *x->slot);
        x->cap = cap;
        for (uint32_t i = 0; i < old_cap; i++)
                if (old[i].row != 0)
                        index_put(x, old[i]);
        free(old);
}

static void index_add(struct index *x, uint32_t tag, uint32_t row)
{
        index_reserve(x, x->n + 1);
        index_put(x, (struct index_slot){tag, row + 1});
        x->n++;
}

/* Walks the rows with this tag: for (i = index_first(…); row != NONE; …). */
static uint32_t index_next(const struct index *x, uint32_t tag, uint32_t *slot)
{
        if (x->cap == 0)
                return NONE;
        for (;; ++*slot) {
                const struct index_slot *s = &x->slot[(tag + *slot) & (x->cap - 1)];
                if (s->row == 0)
                        return NONE;
                if (s->tag == tag) {
                        ++*slot;
                        return s->row - 1;
                }
        }
}

void index_line(struct ledger *l, uint32_t i)
{
        index_add(&l->ids, tag_of_hash(&row_line(l, i)->id), i);
}

void index_name(struct ledger *l, uint32_t i)
{
        const char *text = name_text(l, i);
        index_add(&l->names, tag_of(text, strlen(text)), i);
}

void index_key(struct ledger *l, uint32_t i)
{
        index_add(&l->keys, tag_of(row_key(l, i)->key.b, KEY_BYTES), i);
}

void index_offline(struct ledger *l, uint32_t i)
{
        index_add(&l->offline, tag_of_hash(&row_offline(l, i)->id), i);
}

uint32_t offline_find(const struct ledger *l, const struct hash *id)
{
        uint32_t tag = tag_of_hash(id), slot = 0, row;
        while ((row = index_next(&l->offline, tag, &slot)) != NONE)
                if (hash_equal(&row_offline(l, row)->id, id))
                        break;
        return row;
}

uint32_t line_find(const struct ledger *l, const struct hash *id)
{
        uint32_t tag = tag_of_hash(id), slot = 0, row;
        while ((row = index_next(&l->ids, tag, &slot)) != NONE)
                if (hash_equal(&row_line(l, row)->id, id))
                        break;
        return row;
}

uint32_t find_of_type(const struct ledger *l, const struct hash *id, enum statement_type type)
{
        uint32_t n = line_find(l, id);
        if (n != NONE)
                return row_line(l, n)->type == (uint32_t)type ? row_line(l, n)->row : NONE;
        n = offline_find(l, id);
        return n != NONE && row_offline(l, n)->type == (uint32_t)type ? row_offline(l, n)->row : NONE;
}

/* ---- names ---- */

const char *name_text(const struct ledger *l, uint32_t name)
{
        return name == NONE ? NULL : text_at(l, row_name(l, name)->text);
}

uint32_t name_find(const struct ledger *l, const char *name)
{
        uint32_t tag = tag_of(name, strlen(name)), slot = 0, row;
        while ((row = index_next(&l->names, tag, &slot)) != NONE)
                if (strcmp(name_text(l, row), name) == 0)
                        break;
        return row;
}

uint32_t name_intern(struct ledger *l, const char *name)
{
        uint32_t i = name_find(l, name);
        if (i != NONE)
                return i;
        uint32_t text = text_add(l, name);
        struct name_row *n = add_name(l, &i);
        *n = (struct name_row){.text = text, .person = NONE, .credential = NONE, .incident = NONE, .channel = NONE};
        index_name(l, i);
        return i;
}

/* ---- keys ---- */

uint32_t key_find(const struct ledger *l, const struct key *k)
{
        uint32_t tag = tag_of(k->b, KEY_BYTES), slot = 0, row;
        while ((row = index_next(&l->keys, tag, &slot)) != NONE)
                if (key_equal(&row_key(l, row)->key, k))
                        break;
        return row;
}

bool key_was_used(const struct ledger *l, const struct key *k, unsigned uses)
{
        uint32_t i = key_find(l, k);
        return i != NONE && (row_key(l, i)->uses & uses) != 0;
}

void key_use(struct ledger *l, const struct key *k, unsigned use)
{
        uint32_t i = key_find(l, k);
        if (i == NONE) {
                add_key(l, &i)->key = *k;
                index_key(l, i);
        }
        row_key(l, i)->uses |= use;
}

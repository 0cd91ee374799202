/* Snapshots: the ledger's tables as bytes, for this machine's own disk.
 *
 *   header │ rows of every table │ texts │ the roster's YAML │ the tree's hashes │ BLAKE2b of all before
 *
 * The header says the program's version, the size of every row and the log's (size, root): another program's snapshot
 * is refused, and a replay is the answer. */
#include "quorum/snapshot_check.h"
#include <sodium.h>
#include <string.h>

#define CHECKSUM_BYTES 32u
#define MAGIC          "breakglass-fold/2 " BREAKGLASS_VERSION

struct header {
        char magic[48];
        uint64_t size, seen_size;
        struct hash root, seen_root;
        int64_t last_at_ms;
        uint64_t yaml_len, tree_len;
        uint32_t row_size[TABLE_COUNT], rows[TABLE_COUNT];
        uint32_t text_chunks, text_used;
        uint32_t first_live, last_live;
};

static void header_begin(struct header *h)
{
        memset(h, 0, sizeof *h);
        memcpy(h->magic, MAGIC, sizeof MAGIC);
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                h->row_size[t] = (uint32_t)table_row_size[t];
}

/* ---- save ---- */

static void texts_save(const struct text_pool *p, struct bytes *ret)
{
        for (uint32_t i = 0; i < p->n_chunks; i++)
                bytes_add(ret, p->chunk[i], i + 1 < p->n_chunks ? TEXT_CHUNK : p->used);
}

static void checksum_of(struct span s, unsigned char ret[CHECKSUM_BYTES])
{
        int r = crypto_generichash(ret, CHECKSUM_BYTES, s.p, s.n, NULL, 0);
        assert(r == 0);
}

void ledger_save(const struct ledger *l, struct bytes *ret)
{
        struct header h;
        const size_t begin = ret->n;
        unsigned char sum[CHECKSUM_BYTES];
        header_begin(&h);
        h.size = ledger_size(l);
        h.root = ledger_root(l);
        h.seen_size = l->seen_size;
        h.seen_root = l->seen_root;
        h.last_at_ms = l->last_at_ms;
        h.first_live = l->first_live;
        h.last_live = l->last_live;
        h.text_chunks = l->text.n_chunks;
        h.text_used = l->text.used;
        h.yaml_len = l->roster ? l->roster->yaml.n : 0;
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                h.rows[t] = l->table[t].n;
        bytes_add(ret, &h, sizeof h);
        for (unsigned t = 0; t < TABLE_COUNT; t++)
                bytes_add(ret, l->table[t].rows, l->table[t].n * table_row_size[t]);
        texts_save(&l->text, ret);
        if (l->roster)
                bytes_add_span(ret, bytes_span(&l->roster->yaml));
        const size_t tree_begin = ret->n;
        tree_save(l->tree, ret);
        h.tree_len = ret->n - tree_begin;
        memcpy(ret->p + begin, &h, sizeof h);
        checksum_of(span_of(ret->p + begin, ret->n - begin), sum);
        bytes_add(ret, sum, sizeof sum);
}

/* ---- load ---- */

static enum err refuse(const char *why)
{
        return err_because(ERR_CORRUPT_STORE, "snapshot: %s", why);
}

/* Takes n bytes off the front; false when there aren't so many. */
static bool take(struct span *s, uint64_t n, struct span *ret)
{
        if (n > s->n)
                return false;
        *ret = span_of(s->p, (size_t)n);
        s->p += n;
        s->n -= (size_t)n;
        return true;
}

static enum err open_sealed(struct span *s, struct header *ret)
{
        struct header mine;
        unsigned char sum[CHECKSUM_BYTES];
        struct span body = *s, part;
        header_begin(&mine);
        if (s->n < sizeof mine + CHECKSUM_BYTES)
                return refuse("too short");
        body.n -= CHECKSUM_BYTES;
        checksum_of(body, sum);
        if (memcmp(sum, body.p + body.n, sizeof sum) != 0)
                return refuse("damaged");
        if (!take(&body, sizeof *ret, &part))
                return refuse("too short");
        memcpy(ret, part.p, sizeof *ret);
        if (memcmp(ret->magic, mine.magic, sizeof mine.magic) != 0 ||
            memcmp(ret->row_size, mine.row_size, sizeof mine.row_size) != 0)
                return refuse("made by another program");
        *s = body;
        return OK;
}

static enum err tables_load(struct ledger *l, const struct header *h, struct span *s)
{
        struct span rows;
        for (unsigned t = 0; t < TABLE_COUNT; t++) {
                if (!take(s, (uint64_t)h->rows[t] * table_row_size[t], &rows) || h->rows[t] >= NONE - 1)
                        return refuse("a table is cut");
                if (rows.n == 0)
                        continue;
                l->table[t].rows = mem_grow(NULL, h->rows[t], table_row_size[t]);
                l->table[t].n = l->table[t].cap = h->rows[t];
                memcpy(l->table[t].rows, rows.p, rows.n);
        }
        return OK;
}

static enum err texts_load(struct ledger *l, const struct header *h, struct span *s)
{
        struct span text;
        struct text_pool *p = &l->text;
        if (h->text_used > TEXT_CHUNK || (uint64_t)h->text_chunks > s->n / TEXT_CHUNK + 1)
                return refuse("texts are cut");
        if (h->text_chunks > 0)
                p->chunk = mem_new(h->text_chunks, sizeof *p->chunk);
        for (; p->n_chunks < h->text_chunks; p->n_chunks++) {
                const bool is_last = p->n_chunks + 1 == h->text_chunks;
                if (!take(s, is_last ? h->text_used : TEXT_CHUNK, &text))
                        return refuse("texts are cut");
                p->chunk[p->n_chunks] = mem_new(1, TEXT_CHUNK);
                memcpy(p->chunk[p->n_chunks], text.p, text.n);
                if (p->chunk[p->n_chunks][TEXT_CHUNK - 1] != '\0')
                        return refuse("a text doesn't end");
        }
        p->used = h->text_used;
        return OK;
}

static enum err roster_load(struct ledger *l, const struct header *h, struct span *s)
{
        struct span yaml;
        if (!take(s, h->yaml_len, &yaml))
                return refuse("the roster is cut");
        if (yaml.n == 0)
                return count_line(l) == 0 ? OK : refuse("no roster");
        return roster_parse(yaml, &l->roster) == OK ? OK : refuse("the roster is malformed");
}

static enum err tree_part_load(struct ledger *l, const struct header *h, struct span *s)
{
        struct span saved;
        struct tree *tree;
        if (!take(s, h->tree_len, &saved) || s->n != 0)
                return refuse("the tree is cut");
        if (tree_load(saved, h->size, &tree) != OK)
                return refuse("the tree has another size");
        tree_free(l->tree);
        l->tree = tree;
        struct hash root = tree_root_at(tree, h->size);
        if (h->size != count_line(l) || !hash_equal(&root, &h->root))
                return refuse("the tree has another root");
        return OK;
}

static enum err head_load(struct ledger *l, const struct header *h)
{
        l->last_at_ms = h->last_at_ms;
        l->first_live = h->first_live;
        l->last_live = h->last_live;
        if (h->seen_size > h->size)
                return refuse("its last head is from the future");
        if (h->seen_size == 0)
                return OK;
        l->seen_size = h->seen_size;
        l->seen_root = tree_root_at(l->tree, h->seen_size);
        return hash_equal(&l->seen_root, &h->seen_root) ? OK : refuse("its last head is another's");
}

static void indices_build(struct ledger *l)
{
        index_reserve(&l->ids, count_line(l));
        index_reserve(&l->names, count_name(l));
        index_reserve(&l->keys, count_key(l));
        index_reserve(&l->offline, count_offline(l));
        for (uint32_t i = 0; i < count_line(l); i++)
                index_line(l, i);
        for (uint32_t i = 0; i < count_name(l); i++)
                index_name(l, i);
        for (uint32_t i = 0; i < count_key(l); i++)
                index_key(l, i);
        for (uint32_t i = 0; i < count_offline(l); i++)
                index_offline(l, i);
}

static enum err state_load(struct ledger *l, const struct header *h, struct span s)
{
        enum err e;
        if ((e = tables_load(l, h, &s)) != OK)
                return e;
        if ((e = texts_load(l, h, &s)) != OK)
                return e;
        if ((e = roster_load(l, h, &s)) != OK)
                return e;
        if ((e = tree_part_load(l, h, &s)) != OK)
                return e;
        if ((e = head_load(l, h)) != OK)
                return e;
        if (!snapshot_rows_are_sound(l))
                return refuse("a row points nowhere");
        indices_build(l);
        if (!l->roster)
                return OK;
        if (!snapshot_roster_fits(l))
                return refuse("the roster is not the one that its rows speak of");
        roster_relink(l);
        for (uint32_t i = 0; i < count_version(l); i++)
                version_materialise(l, i);
        return OK;
}

enum err ledger_load(struct span snapshot, struct ledger **ret)
{
        struct header h;
        enum err e = open_sealed(&snapshot, &h);
        if (e != OK)
                return e;
        struct ledger *l = ledger_new();
        if ((e = state_load(l, &h, snapshot)) != OK) {
                ledger_free(l);
                return e;
        }
        *ret = l;
        return OK;
}

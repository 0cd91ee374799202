#include "quorum/tree.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>

struct hash tree_leaf(struct span line)
{
        static const unsigned char zero = 0x00;
        crypto_hash_sha256_state state;
        struct hash h;
        int r = crypto_hash_sha256_init(&state);
        r |= crypto_hash_sha256_update(&state, &zero, 1);
        r |= crypto_hash_sha256_update(&state, line.p, line.n);
        r |= crypto_hash_sha256_final(&state, h.b);
        assert(r == 0);
        return h;
}

struct hash tree_node(const struct hash *left, const struct hash *right)
{
        unsigned char both[1 + 2 * HASH_BYTES];
        struct hash h;
        both[0] = 0x01;
        memcpy(both + 1, left->b, HASH_BYTES);
        memcpy(both + 1 + HASH_BYTES, right->b, HASH_BYTES);
        int r = crypto_hash_sha256(h.b, both, sizeof both);
        assert(r == 0);
        return h;
}

void frontier_add(struct frontier *f, const struct hash *leaf)
{
        struct hash h = *leaf;
        unsigned k = 0;
        for (; f->size >> k & 1; k++)
                h = tree_node(&f->edge[k], &h);
        assert(k < TREE_DEPTH_MAX);
        f->edge[k] = h;
        f->size++;
}

struct hash frontier_root(const struct frontier *f)
{
        struct hash root = hash_of(span_of("", 0));
        bool is_begun = false;
        for (unsigned k = 0; k < TREE_DEPTH_MAX; k++) {
                if (!(f->size >> k & 1))
                        continue;
                root = is_begun ? tree_node(&f->edge[k], &root) : f->edge[k];
                is_begun = true;
        }
        return root;
}

/* level[k][i] is the complete subtree over the leaves [i·2^k, (i+1)·2^k). */
struct tree {
        uint64_t size;
        struct level {
                struct hash *h;
                size_t cap;
        } level[TREE_DEPTH_MAX];
};

struct tree *tree_new(void)
{
        return mem_new(1, sizeof(struct tree));
}

void tree_free(struct tree *t)
{
        for (unsigned k = 0; t && k < TREE_DEPTH_MAX; k++)
                free(t->level[k].h);
        free(t);
}

static void level_put(struct level *l, uint64_t i, const struct hash *h)
{
        if (i >= l->cap) {
                l->cap = l->cap ? l->cap * 2 : 8;
                l->h = mem_grow(l->h, l->cap, sizeof *l->h);
        }
        l->h[i] = *h;
}

void tree_add(struct tree *t, const struct hash *leaf)
{
        struct hash h = *leaf;
        uint64_t i = t->size;
        unsigned k = 0;
        level_put(&t->level[0], i, &h);
        for (; i & 1; i >>= 1) {
                h = tree_node(&t->level[k].h[i - 1], &h);
                k++;
                assert(k < TREE_DEPTH_MAX);
                level_put(&t->level[k], i >> 1, &h);
        }
        t->size++;
}

uint64_t tree_size(const struct tree *t)
{
        return t->size;
}

struct hash tree_leaf_at(const struct tree *t, uint64_t i)
{
        assert(i < t->size);
        return t->level[0].h[i];
}

void tree_truncate(struct tree *t, uint64_t size)
{
        assert(size <= t->size);
        t->size = size; /* subtrees beyond it are written anew before they are read */
}

void tree_save(const struct tree *t, struct bytes *ret)
{
        for (unsigned k = 0; t->size >> k; k++)
                bytes_add(ret, t->level[k].h, (size_t)(t->size >> k) * HASH_BYTES);
}

enum err tree_load(struct span saved, uint64_t size, struct tree **ret)
{
        size_t hashes = 0, place = 0;
        if (size > saved.n / HASH_BYTES)
                return ERR_CORRUPT_STORE;
        for (unsigned k = 0; size >> k; k++)
                hashes += (size_t)(size >> k);
        if (saved.n != hashes * HASH_BYTES)
                return ERR_CORRUPT_STORE;
        struct tree *t = tree_new();
        t->size = size;
        for (unsigned k = 0; size >> k; k++) {
                t->level[k].cap = (size_t)(size >> k);
                t->level[k].h = mem_grow(NULL, t->level[k].cap, sizeof(struct hash));
                memcpy(t->level[k].h, saved.p + place, t->level[k].cap * HASH_BYTES);
                place += t->level[k].cap * HASH_BYTES;
        }
        *ret = t;
        return OK;
}

/* The greatest power of two below n, for n > 1; and its exponent. */
static unsigned split_exponent(uint64_t n)
{
        return 63u - (unsigned)__builtin_clzll(n - 1);
}

/* The hash over the leaves [from, from+n), n ≥ 1, where `from` is a multiple of the smallest 2^k ≥ n. */
static struct hash range_root(const struct tree *t, uint64_t from, uint64_t n)
{
        struct hash root = {{0}};
        bool is_begun = false;
        for (unsigned k = 0; n >> k; k++) {
                if (!(n >> k & 1))
                        continue;
                uint64_t begin = from + (n >> k << k) - (UINT64_C(1) << k);
                const struct hash *h = &t->level[k].h[begin >> k];
                root = is_begun ? tree_node(h, &root) : *h;
                is_begun = true;
        }
        return root;
}

struct hash tree_root_at(const struct tree *t, uint64_t size)
{
        assert(size <= t->size);
        return size ? range_root(t, 0, size) : hash_of(span_of("", 0));
}

static void add_hash(struct bytes *b, struct hash h)
{
        bytes_add(b, h.b, HASH_BYTES);
}

/* RFC 6962 §2.1.1 PATH(m, D[from:from+n]) writes from the leaf up: recursion depth is that of the tree. */
static void add_path(const struct tree *t, uint64_t m, uint64_t from, uint64_t n, struct bytes *ret)
{
        if (n <= 1)
                return;
        uint64_t k = UINT64_C(1) << split_exponent(n);
        if (m < k) {
                add_path(t, m, from, k, ret);
                add_hash(ret, range_root(t, from + k, n - k));
        } else {
                add_path(t, m - k, from + k, n - k, ret);
                add_hash(ret, range_root(t, from, k));
        }
}

enum err tree_prove_inclusion(const struct tree *t, uint64_t leaf, uint64_t size, struct bytes *ret)
{
        if (leaf >= size || size > t->size)
                return ERR_RANGE;
        add_path(t, leaf, 0, size, ret);
        return OK;
}

/* RFC 6962 §2.1.2 SUBPROOF(m, D[from:from+n], is_whole). */
static void add_subproof(const struct tree *t, uint64_t m, uint64_t from, uint64_t n, bool is_whole,
                         struct bytes *ret)
{
        if (m == n) {
                if (!is_whole)
                        add_hash(ret, range_root(t, from, n));
                return;
        }
        uint64_t k = UINT64_C(1) << split_exponent(n);
        if (m <= k) {
                add_subproof(t, m, from, k, is_whole, ret);
                add_hash(ret, range_root(t, from + k, n - k));
        } else {
                add_subproof(t, m - k, from + k, n - k, false, ret);
                add_hash(ret, range_root(t, from, k));
        }
}

enum err tree_prove_consistency(const struct tree *t, uint64_t from, uint64_t to, struct bytes *ret)
{
        if (from > to || to > t->size)
                return ERR_RANGE;
        if (from > 0)
                add_subproof(t, from, 0, to, true, ret);
        return OK;
}

/* Hashes of a proof one after the other. */
struct proof {
        struct span left;
};

static bool proof_take(struct proof *p, struct hash *ret)
{
        if (p->left.n < HASH_BYTES)
                return false;
        memcpy(ret->b, p->left.p, HASH_BYTES);
        p->left = span_of(p->left.p + HASH_BYTES, p->left.n - HASH_BYTES);
        return true;
}

/* RFC 9162 §2.1.3.2 */
enum err tree_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size, const struct hash *root,
                               struct span proof)
{
        if (index >= size)
                return ERR_MISMATCH;
        struct proof p = {proof};
        struct hash h = *leaf, sibling;
        uint64_t fn = index, sn = size - 1;
        for (; sn > 0; fn >>= 1, sn >>= 1) {
                if (fn == sn && !(fn & 1))
                        continue; /* no sibling at this height */
                if (!proof_take(&p, &sibling))
                        return ERR_MISMATCH;
                h = fn & 1 ? tree_node(&sibling, &h) : tree_node(&h, &sibling);
        }
        return p.left.n == 0 && hash_equal(&h, root) ? OK : ERR_MISMATCH;
}

/* RFC 9162 §2.1.4.2, for 0 < from < to */
static enum err verify_growth(uint64_t from, const struct hash *from_root, uint64_t to, const struct hash *to_root,
                              struct span proof)
{
        struct proof p = {proof};
        struct hash old_hash, new_hash, next;
        uint64_t fn = from - 1, sn = to - 1;
        for (; fn & 1; fn >>= 1)
                sn >>= 1;
        if (fn == 0)
                old_hash = *from_root; /* `from` is a power of two: its root is the first subtree itself */
        else if (!proof_take(&p, &old_hash))
                return ERR_MISMATCH;
        new_hash = old_hash;
        for (; sn > 0; fn >>= 1, sn >>= 1) {
                if (fn == sn && !(fn & 1))
                        continue;
                if (!proof_take(&p, &next))
                        return ERR_MISMATCH;
                if (fn & 1) {
                        old_hash = tree_node(&next, &old_hash);
                        new_hash = tree_node(&next, &new_hash);
                } else {
                        new_hash = tree_node(&new_hash, &next);
                }
        }
        if (p.left.n != 0 || !hash_equal(&old_hash, from_root) || !hash_equal(&new_hash, to_root))
                return ERR_MISMATCH;
        return OK;
}

enum err tree_verify_consistency(uint64_t from, const struct hash *from_root, uint64_t to, const struct hash *to_root,
                                 struct span proof)
{
        if (from > to)
                return ERR_MISMATCH;
        if (from == to)
                return proof.n == 0 && hash_equal(from_root, to_root) ? OK : ERR_MISMATCH;
        if (from == 0) {
                struct hash nothing = hash_of(span_of("", 0));
                return proof.n == 0 && hash_equal(from_root, &nothing) ? OK : ERR_MISMATCH;
        }
        return verify_growth(from, from_root, to, to_root, proof);
}

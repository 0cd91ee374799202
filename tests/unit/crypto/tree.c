#include "quorum/tree.h"
#include <criterion/criterion.h>
#include <string.h>

#define LEAVES 70u

static struct hash leaf_number(unsigned i)
{
        char line[16];
        snprintf(line, sizeof line, "line %u", i);
        return tree_leaf(span_text(line));
}

static struct tree *tree_of(unsigned n)
{
        struct tree *t = tree_new();
        for (unsigned i = 0; i < n; i++) {
                struct hash h = leaf_number(i);
                tree_add(t, &h);
        }
        return t;
}

/* RFC 6962 §2.1 word by word: MTH(D[from:from+n]). */
static struct hash by_definition(unsigned from, unsigned n)
{
        if (n == 0)
                return hash_of(span_of("", 0));
        if (n == 1)
                return leaf_number(from);
        unsigned k = 1;
        while (k * 2 < n)
                k *= 2;
        struct hash left = by_definition(from, k), right = by_definition(from + k, n - k);
        return tree_node(&left, &right);
}

/* The leaves and roots that Certificate Transparency's implementations are tested with. */
Test(tree, the_known_roots_of_certificate_transparency_reproduce)
{
        static const struct {
                const char *leaf_hex, *root_hex;
        } rows[] = {
                {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
                {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
                {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
                {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
                {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
                {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
                {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
                {"606162636465666768696a6b6c6d6e6f",
                 "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
        };
        struct frontier f = {0};
        struct hash empty = frontier_root(&f);
        char hex[HASH_HEX + 1];
        hash_to_hex(&empty, hex);
        cr_expect_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                unsigned char leaf[16];
                size_t n = strlen(rows[i].leaf_hex) / 2;
                cr_assert_eq(hex_decode(span_text(rows[i].leaf_hex), leaf, n), OK);
                struct hash h = tree_leaf(span_of(leaf, n));
                frontier_add(&f, &h);
                struct hash root = frontier_root(&f);
                hash_to_hex(&root, hex);
                cr_expect_str_eq(hex, rows[i].root_hex, "%zu leaves", i + 1);
        }
}

Test(tree, frontier_and_tree_agree_with_the_definition_at_every_size)
{
        struct tree *t = tree_new();
        struct frontier f = {0};
        for (unsigned n = 0; n <= LEAVES; n++) {
                struct hash want = by_definition(0, n), a = frontier_root(&f), b = tree_root_at(t, n);
                cr_expect(hash_equal(&want, &a), "frontier of %u", n);
                cr_expect(hash_equal(&want, &b), "tree of %u", n);
                struct hash next = leaf_number(n);
                frontier_add(&f, &next);
                tree_add(t, &next);
        }
        for (unsigned n = 0; n <= LEAVES; n++) {
                struct hash want = by_definition(0, n), earlier = tree_root_at(t, n);
                cr_expect(hash_equal(&want, &earlier), "earlier size %u", n);
        }
        tree_free(t);
}

Test(tree, a_leaf_is_never_a_node)
{
        struct hash a = leaf_number(0), b = leaf_number(1), node = tree_node(&a, &b);
        unsigned char both[2 * HASH_BYTES];
        memcpy(both, a.b, HASH_BYTES);
        memcpy(both + HASH_BYTES, b.b, HASH_BYTES);
        struct hash leaf = tree_leaf(span_of(both, sizeof both));
        cr_expect(!hash_equal(&leaf, &node));
}

Test(tree, what_was_truncated_can_be_added_anew)
{
        for (unsigned cut = 0; cut <= 20; cut++) {
                struct tree *t = tree_of(20);
                tree_truncate(t, cut);
                cr_expect_eq(tree_size(t), cut);
                for (unsigned i = cut; i < 33; i++) {
                        struct hash h = leaf_number(i + 1000);
                        tree_add(t, &h);
                }
                struct frontier f = {0};
                for (unsigned i = 0; i < 33; i++) {
                        struct hash h = leaf_number(i < cut ? i : i + 1000);
                        frontier_add(&f, &h);
                }
                struct hash want = frontier_root(&f), got = tree_root_at(t, 33);
                cr_expect(hash_equal(&want, &got), "cut at %u", cut);
                tree_free(t);
        }
}

Test(tree, every_leaf_is_proven_at_every_size_and_nowhere_else)
{
        struct tree *t = tree_of(20);
        for (unsigned size = 1; size <= 20; size++)
                for (unsigned i = 0; i < size; i++) {
                        CLEANUP_BYTES struct bytes proof = BYTES_NONE;
                        struct hash leaf = tree_leaf_at(t, i), root = tree_root_at(t, size);
                        cr_assert_eq(tree_prove_inclusion(t, i, size, &proof), OK);
                        for (unsigned at = 0; at <= size; at++)
                                cr_expect_eq(tree_verify_inclusion(&leaf, at, size, &root, bytes_span(&proof)),
                                             at == i ? OK : ERR_MISMATCH, "leaf %u at %u of %u", i, at, size);
                }
        tree_free(t);
}

Test(tree, every_earlier_size_is_proven_consistent)
{
        struct tree *t = tree_of(20);
        for (unsigned to = 0; to <= 20; to++)
                for (unsigned from = 0; from <= to; from++) {
                        CLEANUP_BYTES struct bytes proof = BYTES_NONE;
                        struct hash a = tree_root_at(t, from), b = tree_root_at(t, to);
                        cr_assert_eq(tree_prove_consistency(t, from, to, &proof), OK);
                        cr_expect_eq(tree_verify_consistency(from, &a, to, &b, bytes_span(&proof)), OK, "%u to %u",
                                     from, to);
                }
        tree_free(t);
}

static void damage(struct bytes *proof, size_t way)
{
        if (way < proof->n)
                proof->p[way] ^= 1;
        else if (way == proof->n)
                bytes_add_byte(proof, 0);
        else
                proof->n -= proof->n ? 1 : 0;
}

Test(tree, damaged_cut_or_lengthened_proofs_are_refused)
{
        struct tree *t = tree_of(13);
        struct hash leaf = tree_leaf_at(t, 5), a = tree_root_at(t, 6), b = tree_root_at(t, 13);
        CLEANUP_BYTES struct bytes inclusion = BYTES_NONE, consistency = BYTES_NONE;
        cr_assert_eq(tree_prove_inclusion(t, 5, 13, &inclusion), OK);
        cr_assert_eq(tree_prove_consistency(t, 6, 13, &consistency), OK);
        for (size_t way = 0; way < inclusion.n + 2; way++) {
                CLEANUP_BYTES struct bytes bad = BYTES_NONE;
                bytes_add_span(&bad, bytes_span(&inclusion));
                damage(&bad, way);
                cr_expect_eq(tree_verify_inclusion(&leaf, 5, 13, &b, bytes_span(&bad)), ERR_MISMATCH);
        }
        for (size_t way = 0; way < consistency.n + 2; way++) {
                CLEANUP_BYTES struct bytes bad = BYTES_NONE;
                bytes_add_span(&bad, bytes_span(&consistency));
                damage(&bad, way);
                cr_expect_eq(tree_verify_consistency(6, &a, 13, &b, bytes_span(&bad)), ERR_MISMATCH);
        }
        tree_free(t);
}

Test(tree, a_rewritten_history_is_never_consistent)
{
        struct tree *honest = tree_of(9), *forked = tree_of(4);
        for (unsigned i = 4; i < 15; i++) {
                struct hash h = leaf_number(i + (i == 7 ? 100 : 0));
                tree_add(forked, &h);
        }
        struct hash seen = tree_root_at(honest, 9), now = tree_root_at(forked, 15);
        CLEANUP_BYTES struct bytes proof = BYTES_NONE;
        cr_assert_eq(tree_prove_consistency(forked, 9, 15, &proof), OK);
        cr_expect_eq(tree_verify_consistency(9, &seen, 15, &now, bytes_span(&proof)), ERR_MISMATCH);
        cr_expect_eq(tree_verify_consistency(9, &seen, 9, &now, span_of("", 0)), ERR_MISMATCH);
        cr_expect_eq(tree_verify_consistency(0, &seen, 15, &now, span_of("", 0)), ERR_MISMATCH);
        cr_expect_eq(tree_verify_consistency(15, &now, 9, &seen, bytes_span(&proof)), ERR_MISMATCH);
        tree_free(honest);
        tree_free(forked);
}

Test(tree, proofs_beyond_the_tree_are_refused)
{
        struct tree *t = tree_of(5);
        CLEANUP_BYTES struct bytes proof = BYTES_NONE;
        cr_expect_eq(tree_prove_inclusion(t, 5, 5, &proof), ERR_RANGE);
        cr_expect_eq(tree_prove_inclusion(t, 0, 6, &proof), ERR_RANGE);
        cr_expect_eq(tree_prove_consistency(t, 3, 6, &proof), ERR_RANGE);
        cr_expect_eq(tree_prove_consistency(t, 4, 3, &proof), ERR_RANGE);
        cr_expect_eq(proof.n, 0);
        tree_free(t);
}

#include "quorum/share.h"
#include "base/bytes.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define ORDER_HEX         "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
#define ORDER_MINUS_1_HEX "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"

static void from_hex(const char *hex, unsigned char ret[32])
{
        cr_assert_eq(hex_decode(span_text(hex), ret, 32), OK, "%s", hex);
}

static struct secret secret_of_hex(const char *hex)
{
        struct secret s;
        cr_assert_eq(secret_new(SCALAR_BYTES, &s), OK);
        from_hex(hex, s.bytes);
        return s;
}

/* A fresh sharing of a random secret. */
struct sharing {
        struct secret s, shares;
        point_bytes commitments[SHARE_MAX];
        unsigned need, n;
};

static struct sharing sharing_new(unsigned need, unsigned n)
{
        struct sharing x = {.need = need, .n = n};
        cr_assert_eq(share_new_secret(&x.s), OK);
        cr_assert_eq(share_split(&x.s, need, n, &x.shares, x.commitments), OK);
        return x;
}

static void sharing_done(struct sharing *x)
{
        secret_wipe(&x->s);
        secret_wipe(&x->shares);
}

static unsigned char *share_of(const struct sharing *x, unsigned index)
{
        return x->shares.bytes + (size_t)(index - 1) * SCALAR_BYTES;
}

static enum err combine(const struct sharing *x, const unsigned indices[], unsigned need, struct secret *ret)
{
        CLEANUP_SECRET struct secret picked = SECRET_NONE;
        cr_assert_eq(secret_new((size_t)need * SCALAR_BYTES, &picked), OK);
        for (unsigned i = 0; i < need; i++)
                memcpy(picked.bytes + (size_t)i * SCALAR_BYTES, share_of(x, indices[i]), SCALAR_BYTES);
        return share_combine(indices, &picked, need, x->commitments[0], ret);
}

/* RFC 9591, Appendix E.3: FROST(ristretto255, SHA-512) */
Test(share, the_published_vectors_reproduce_exactly)
{
        CLEANUP_SECRET struct secret s =
                secret_of_hex("1b25a55e463cfd15cf14a5d3acc3d15053f08da49c8afcf3ab265f2ebc4f970b");
        CLEANUP_SECRET struct secret a =
                secret_of_hex("410f8b744b19325891d73736923525a4f596c805d060dfb9c98009d34e3fec02");
        static const char *const expected[3] = {
                "5c3430d391552f6e60ecdc093ff9f6f4488756aa6cebdbad75a768010b8f830e",
                "b06fc5eac20b4f6e1b271d9df2343d843e1e1fb03c4cbb673f2872d459ce6f01",
                "f17e505f0e2581c6acfe54d3846a622834b5e7b50cad9a2109a97ba7a80d5c04",
        };
        CLEANUP_SECRET struct secret shares = SECRET_NONE;
        point_bytes commitments[2], group_key;
        cr_assert_eq(share_split_with(&s, &a, 2, 3, &shares, commitments), OK);
        cr_assert_eq(shares.len, 3 * SCALAR_BYTES);
        for (unsigned i = 0; i < 3; i++) {
                scalar_bytes want;
                from_hex(expected[i], want);
                cr_expect_arr_eq(shares.bytes + i * SCALAR_BYTES, want, SCALAR_BYTES, "share %u", i + 1);
        }
        from_hex("e2a62f39eede11269e3bd5a7d97554f5ca384f9f6d3dd9c3c0d05083c7254f57", group_key);
        cr_expect_arr_eq(commitments[0], group_key, POINT_BYTES);

        CLEANUP_SECRET struct secret got = SECRET_NONE, picked = SECRET_NONE;
        cr_assert_eq(secret_copy(shares.bytes, shares.len, &picked), OK);
        memcpy(picked.bytes + SCALAR_BYTES, shares.bytes + 2 * SCALAR_BYTES, SCALAR_BYTES);
        cr_assert_eq(secret_resize(&picked, 2 * SCALAR_BYTES), OK);
        cr_assert_eq(share_combine((const unsigned[]){1, 3}, &picked, 2, group_key, &got), OK);
        cr_expect(secret_equal(&got, &s));
}

/* Tries the subset of the bits set in mask; false when it does not join. */
static bool subset_opens(const struct sharing *x, unsigned mask)
{
        unsigned indices[SHARE_MAX], n = 0;
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        for (unsigned i = 0; i < x->n; i++)
                if (mask >> i & 1)
                        indices[n++] = i + 1;
        enum err e = combine(x, indices, n, &got);
        cr_expect(e == OK || (e == ERR_MISMATCH && !got.bytes));
        return e == OK && secret_equal(&got, &x->s);
}

Test(share, every_need_subset_opens_and_no_smaller_one_does)
{
        for (unsigned n = 2; n <= 7; n++)
                for (unsigned need = 2; need <= n; need++) {
                        struct sharing x = sharing_new(need, n);
                        for (unsigned mask = 0; mask < 1u << n; mask++) {
                                unsigned members = (unsigned)__builtin_popcount(mask);
                                if (members == need)
                                        cr_expect(subset_opens(&x, mask), "%u-of-%u, %x", need, n, mask);
                                if (members + 1 == need)
                                        cr_expect(!subset_opens(&x, mask), "%u-of-%u, %x", need, n, mask);
                        }
                        sharing_done(&x);
                }
}

Test(share, the_largest_sharing_opens_in_any_order)
{
        struct sharing x = sharing_new(SHARE_MAX, SHARE_MAX);
        unsigned indices[SHARE_MAX];
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        for (unsigned i = 0; i < SHARE_MAX; i++)
                indices[i] = SHARE_MAX - i;
        cr_assert_eq(combine(&x, indices, SHARE_MAX, &got), OK);
        cr_expect(secret_equal(&got, &x.s));
        cr_expect_eq(share_verify(SHARE_MAX, share_of(&x, SHARE_MAX), x.commitments, SHARE_MAX), OK);
        sharing_done(&x);
}

Test(share, a_single_approver_is_possible)
{
        struct sharing x = sharing_new(1, 3);
        for (unsigned i = 1; i <= 3; i++) {
                cr_expect_arr_eq(share_of(&x, i), x.s.bytes, SCALAR_BYTES);
                cr_expect_eq(share_verify(i, share_of(&x, i), x.commitments, 1), OK);
                cr_expect(subset_opens(&x, 1u << (i - 1)));
        }
        /* the polynomial is the same everywhere: only the bound refuses this */
        cr_expect_eq(share_verify(SHARE_MAX + 1, share_of(&x, 1), x.commitments, 1), ERR_BAD_SHARE);
        sharing_done(&x);
}

Test(share, each_share_verifies_at_its_own_index_only)
{
        struct sharing x = sharing_new(3, 7);
        cr_assert_eq(share_check_commitments(x.commitments, 3), OK);
        for (unsigned i = 1; i <= 7; i++)
                for (unsigned at = 0; at <= 8; at++)
                        cr_expect_eq(share_verify(at, share_of(&x, i), x.commitments, 3),
                                     at == i ? OK : ERR_BAD_SHARE, "share %u at %u", i, at);
        sharing_done(&x);
}

Test(share, a_share_of_another_sharing_is_bad)
{
        struct sharing a = sharing_new(2, 3), b = sharing_new(2, 3);
        cr_expect_eq(share_verify(1, share_of(&a, 1), b.commitments, 2), ERR_BAD_SHARE);
        sharing_done(&a);
        sharing_done(&b);
}

Test(share, a_share_with_any_bit_flipped_is_bad)
{
        struct sharing x = sharing_new(2, 3);
        for (unsigned bit = 0; bit < 256; bit += 5) {
                share_of(&x, 2)[bit / 8] ^= (unsigned char)(1u << (bit % 8));
                cr_expect_eq(share_verify(2, share_of(&x, 2), x.commitments, 2), ERR_BAD_SHARE, "bit %u", bit);
                share_of(&x, 2)[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        }
        sharing_done(&x);
}

/* A scalar that is congruent to the share but not below the order would verify if only the points were compared. */
Test(share, scalars_from_the_order_on_and_zero_are_bad)
{
        struct sharing x = sharing_new(2, 3);
        scalar_bytes order, zero = {0};
        from_hex(ORDER_HEX, order);
        unsigned char same[SCALAR_BYTES];
        memcpy(same, share_of(&x, 1), SCALAR_BYTES);
        sodium_add(same, order, SCALAR_BYTES);
        cr_expect_eq(share_verify(1, same, x.commitments, 2), ERR_BAD_SHARE);
        cr_expect_eq(share_verify(1, order, x.commitments, 2), ERR_BAD_SHARE);
        cr_expect_eq(share_verify(1, zero, x.commitments, 2), ERR_BAD_SHARE);
        sharing_done(&x);
}

Test(share, a_secret_that_is_zero_or_not_canonical_is_not_split)
{
        static const struct {
                const char *hex;
                enum err e;
        } rows[] = {
                {"0000000000000000000000000000000000000000000000000000000000000000", ERR_RANGE},
                {"0100000000000000000000000000000000000000000000000000000000000000", OK},
                {ORDER_MINUS_1_HEX, OK},
                {ORDER_HEX, ERR_RANGE},
                {"eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", ERR_RANGE},
                {"0000000000000000000000000000000000000000000000000000000000000011", ERR_RANGE},
                {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", ERR_RANGE},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_SECRET struct secret s = secret_of_hex(rows[i].hex), shares = SECRET_NONE;
                point_bytes commitments[2];
                cr_expect_eq(share_split(&s, 2, 3, &shares, commitments), rows[i].e, "%s", rows[i].hex);
                cr_expect_eq(shares.bytes == NULL, rows[i].e != OK);
        }
}

Test(share, a_secret_of_31_or_33_bytes_is_not_split)
{
        for (size_t len = 31; len <= 33; len += 2) {
                CLEANUP_SECRET struct secret s = SECRET_NONE, shares = SECRET_NONE;
                point_bytes commitments[2];
                cr_assert_eq(secret_new(len, &s), OK);
                s.bytes[0] = 1;
                cr_expect_eq(share_split(&s, 2, 3, &shares, commitments), ERR_RANGE);
        }
}

Test(share, impossible_thresholds_are_refused)
{
        static const unsigned rows[][2] = {{0, 3}, {4, 3}, {2, 33}, {33, 33}, {1, 0}, {0, 0}};
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        cr_assert_eq(share_new_secret(&s), OK);
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_SECRET struct secret shares = SECRET_NONE;
                point_bytes commitments[SHARE_MAX + 1];
                cr_expect_eq(share_split(&s, rows[i][0], rows[i][1], &shares, commitments), ERR_RANGE, "%u of %u",
                             rows[i][0], rows[i][1]);
        }
}

/* f(x) = 1 − x is zero at 1: nobody could verify such a share. */
Test(share, a_sharing_with_a_zero_share_leaves_nothing_behind)
{
        CLEANUP_SECRET struct secret one =
                secret_of_hex("0100000000000000000000000000000000000000000000000000000000000000");
        CLEANUP_SECRET struct secret a = secret_of_hex(ORDER_MINUS_1_HEX), shares = SECRET_NONE;
        point_bytes commitments[2];
        memset(commitments, 7, sizeof commitments);
        cr_expect_eq(share_split_with(&one, &a, 2, 3, &shares, commitments), ERR_RANGE);
        cr_expect_null(shares.bytes);
        cr_expect(sodium_is_zero(commitments[0], sizeof commitments));
}

Test(share, coefficients_that_are_zero_or_not_canonical_are_refused)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE, shares = SECRET_NONE;
        CLEANUP_SECRET struct secret order = secret_of_hex(ORDER_HEX), zero = SECRET_NONE;
        point_bytes commitments[2];
        cr_assert_eq(share_new_secret(&s), OK);
        cr_assert_eq(secret_new(SCALAR_BYTES, &zero), OK);
        cr_expect_eq(share_split_with(&s, &order, 2, 3, &shares, commitments), ERR_RANGE);
        cr_expect_eq(share_split_with(&s, &zero, 2, 3, &shares, commitments), ERR_RANGE);
}

Test(share, two_sharings_of_one_secret_share_only_its_commitment)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE, one = SECRET_NONE, two = SECRET_NONE;
        point_bytes c1[3], c2[3];
        cr_assert_eq(share_new_secret(&s), OK);
        cr_assert_eq(share_split(&s, 3, 5, &one, c1), OK);
        cr_assert_eq(share_split(&s, 3, 5, &two, c2), OK);
        cr_expect_arr_eq(c1[0], c2[0], POINT_BYTES);
        for (unsigned k = 1; k < 3; k++)
                cr_expect_arr_neq(c1[k], c2[k], POINT_BYTES);
        for (unsigned i = 0; i < 5; i++)
                cr_expect_arr_neq(one.bytes + i * SCALAR_BYTES, two.bytes + i * SCALAR_BYTES, SCALAR_BYTES);
}

Test(share, commitments_must_be_canonical_points_other_than_the_identity)
{
        static const struct {
                const char *hex, *why;
        } rows[] = {
                {"0000000000000000000000000000000000000000000000000000000000000000", "identity"},
                {"0100000000000000000000000000000000000000000000000000000000000000", "negative field element"},
                {"00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "not canonical"},
                {"f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "not canonical"},
                {"26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371", "no square"},
        };
        struct sharing x = sharing_new(3, 5);
        for (size_t i = 0; i < COUNT_OF(rows); i++)
                for (unsigned k = 0; k < 3; k++) {
                        point_bytes commitments[3];
                        memcpy(commitments, x.commitments, sizeof commitments);
                        from_hex(rows[i].hex, commitments[k]);
                        cr_expect_eq(share_check_commitments(commitments, 3), ERR_BAD_VERSION, "%s at %u",
                                     rows[i].why, k);
                }
        cr_expect_eq(share_check_commitments(x.commitments, 0), ERR_BAD_VERSION);
        cr_expect_eq(share_check_commitments(x.commitments, 33), ERR_BAD_VERSION);
        sharing_done(&x);
}

Test(share, one_commitment_less_or_more_makes_every_share_bad)
{
        struct sharing x = sharing_new(3, 5), other = sharing_new(2, 2);
        memcpy(x.commitments[3], other.commitments[1], POINT_BYTES);
        for (unsigned i = 1; i <= 5; i++) {
                cr_expect_eq(share_verify(i, share_of(&x, i), x.commitments, 2), ERR_BAD_SHARE);
                cr_expect_eq(share_verify(i, share_of(&x, i), x.commitments, 4), ERR_BAD_SHARE);
        }
        sharing_done(&x);
        sharing_done(&other);
}

Test(share, an_index_of_zero_or_beyond_32_or_twice_does_not_combine)
{
        static const unsigned rows[][2] = {{0, 2}, {2, 2}, {1, 33}};
        struct sharing x = sharing_new(2, 3);
        CLEANUP_SECRET struct secret two = SECRET_NONE;
        cr_assert_eq(secret_copy(x.shares.bytes, 2 * SCALAR_BYTES, &two), OK);
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_SECRET struct secret got = SECRET_NONE;
                cr_expect_eq(share_combine(rows[i], &two, 2, x.commitments[0], &got), ERR_RANGE, "row %zu", i);
                cr_expect_null(got.bytes);
        }
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        cr_expect_eq(share_combine((const unsigned[]){1, 2, 3}, &two, 3, x.commitments[0], &got), ERR_RANGE);
        cr_expect_eq(share_combine((const unsigned[]){1}, &two, 0, x.commitments[0], &got), ERR_RANGE);
        sharing_done(&x);
}

Test(share, a_combined_secret_must_be_what_was_committed_to)
{
        struct sharing x = sharing_new(2, 3), other = sharing_new(2, 3);
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        memcpy(x.commitments[0], other.commitments[0], POINT_BYTES);
        cr_expect_eq(combine(&x, (const unsigned[]){1, 2}, 2, &got), ERR_MISMATCH);
        cr_expect_null(got.bytes);
        sharing_done(&x);
        sharing_done(&other);
}

/* Two shares equal under swapped signs join to zero: the secret must not be the zero scalar. */
Test(share, shares_that_join_to_zero_are_refused)
{
        CLEANUP_SECRET struct secret zero = SECRET_NONE, got = SECRET_NONE;
        point_bytes identity = {0};
        cr_assert_eq(secret_new((size_t)2 * SCALAR_BYTES, &zero), OK);
        cr_expect_eq(share_combine((const unsigned[]){1, 2}, &zero, 2, identity, &got), ERR_MISMATCH);
        cr_expect_null(got.bytes);
}

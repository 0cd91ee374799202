#include "quorum/share.h"
#include <sodium.h>
#include <string.h>

/* L = 2^252 + 27742317777372353535851937790883648493, little-endian. */
static const unsigned char group_order[SCALAR_BYTES] = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10,
};

static unsigned char *scalar_at(const struct secret *list, unsigned i)
{
        return list->bytes + (size_t)i * SCALAR_BYTES;
}

/* 0 < s < L, in constant time: the last borrow of s − L says whether it is below. */
static bool scalar_is_sound(const unsigned char s[SCALAR_BYTES])
{
        unsigned borrow = 0;
        unsigned any = 0;
        for (unsigned i = 0; i < SCALAR_BYTES; i++) {
                borrow = (((unsigned)s[i] - group_order[i] - borrow) >> 8) & 1u;
                any |= s[i];
        }
        unsigned is_not_zero = (any + 0xffu) >> 8;
        return secret_verdict((int)(borrow & is_not_zero)) != 0;
}

static void scalar_from_index(unsigned index, unsigned char ret[SCALAR_BYTES])
{
        memset(ret, 0, SCALAR_BYTES);
        ret[0] = (unsigned char)index;
}

enum err share_new_secret(struct secret *ret)
{
        enum err e = secret_new(SCALAR_BYTES, ret);
        if (e != OK)
                return e;
        crypto_core_ristretto255_scalar_random(ret->bytes); /* uniform over the non-zero scalars */
        return OK;
}

/* f(index) by Horner, coefficients a[0]…a[need-1] from the constant term up. */
static void polynomial_at(const struct secret *a, unsigned need, unsigned index, unsigned char ret[SCALAR_BYTES])
{
        scalar_bytes x;
        scalar_from_index(index, x);
        memcpy(ret, scalar_at(a, need - 1), SCALAR_BYTES);
        for (unsigned k = need - 1; k > 0; k--) {
                crypto_core_ristretto255_scalar_mul(ret, ret, x);
                crypto_core_ristretto255_scalar_add(ret, ret, scalar_at(a, k - 1));
        }
}

/* Shares and commitments of the polynomial a. Returns ERR_RANGE when a coefficient or a share is zero. */
static enum err evaluate(const struct secret *a, unsigned need, unsigned n, const struct secret *shares,
                         point_bytes commitments[])
{
        for (unsigned i = 1; i <= n; i++) {
                polynomial_at(a, need, i, scalar_at(shares, i - 1));
                if (secret_verdict(sodium_is_zero(scalar_at(shares, i - 1), SCALAR_BYTES)))
                        return ERR_RANGE; /* nobody could verify it: zero is refused everywhere */
        }
        for (unsigned k = 0; k < need; k++)
                if (secret_verdict(crypto_scalarmult_ristretto255_base(commitments[k], scalar_at(a, k))) != 0)
                        return ERR_RANGE;
        secret_declassify(commitments, (size_t)need * POINT_BYTES);
        return OK;
}

/* One arena for shares and coefficients (an allocation of locked memory costs as much as half a commitment); the
 * coefficients lie behind the shares and are wiped before the arena becomes the caller's.
 * given: NULL for random ones. */
static enum err split(const struct secret *s, const struct secret *given, unsigned need, unsigned n,
                      struct secret *ret_shares, point_bytes ret_commitments[])
{
        CLEANUP_SECRET struct secret arena = SECRET_NONE;
        enum err e = secret_new((size_t)(n + need) * SCALAR_BYTES, &arena);
        if (e != OK)
                return e;
        struct secret shares = {arena.bytes, (size_t)n * SCALAR_BYTES};
        struct secret a = {arena.bytes + shares.len, (size_t)need * SCALAR_BYTES};
        memcpy(a.bytes, s->bytes, SCALAR_BYTES);
        for (unsigned k = 1; k < need; k++) {
                if (given)
                        memcpy(scalar_at(&a, k), scalar_at(given, k - 1), SCALAR_BYTES);
                else
                        crypto_core_ristretto255_scalar_random(scalar_at(&a, k));
        }
        e = evaluate(&a, need, n, &shares, ret_commitments);
        sodium_memzero(a.bytes, a.len);
        secret_wipe_stack();
        if (e != OK)
                return e;
        secret_move(ret_shares, &arena);
        ret_shares->len = shares.len;
        return OK;
}

static enum err check_split(const struct secret *s, unsigned need, unsigned n)
{
        if (need < 1 || need > n || n > SHARE_MAX)
                return err_because(ERR_RANGE, "need %u of %u shares: 1 <= need <= n <= %u", need, n, SHARE_MAX);
        if (s->len != SCALAR_BYTES || !scalar_is_sound(s->bytes))
                return err_because(ERR_RANGE, "the secret is no non-zero canonical scalar");
        return OK;
}

enum err share_split_with(const struct secret *s, const struct secret *coefficients, unsigned need, unsigned n,
                          struct secret *ret_shares, point_bytes ret_commitments[])
{
        enum err e = check_split(s, need, n);
        if (e != OK)
                return e;
        if (coefficients && coefficients->len != (size_t)(need - 1) * SCALAR_BYTES)
                return err_because(ERR_RANGE, "need %u takes %u coefficients", need, need - 1);
        for (unsigned k = 0; coefficients && k + 1 < need; k++)
                if (!scalar_is_sound(scalar_at(coefficients, k)))
                        return err_because(ERR_RANGE, "a coefficient is no non-zero canonical scalar");
        e = split(s, coefficients, need, n, ret_shares, ret_commitments);
        if (e != OK)
                memset(ret_commitments, 0, (size_t)need * POINT_BYTES);
        return e;
}

enum err share_split(const struct secret *s, unsigned need, unsigned n, struct secret *ret_shares,
                     point_bytes ret_commitments[])
{
        return share_split_with(s, NULL, need, n, ret_shares, ret_commitments);
}

enum err share_check_commitments(const point_bytes commitments[], unsigned need)
{
        if (need < 1 || need > SHARE_MAX)
                return err_because(ERR_BAD_VERSION, "%u commitments", need);
        for (unsigned k = 0; k < need; k++) {
                if (sodium_is_zero(commitments[k], POINT_BYTES))
                        return err_because(ERR_BAD_VERSION, "commitment %u is the identity", k);
                if (crypto_core_ristretto255_is_valid_point(commitments[k]) != 1)
                        return err_because(ERR_BAD_VERSION, "commitment %u is no canonical point", k);
        }
        return OK;
}

/* p := index·p by double-and-add: commitments and indices are public, and for the small indices of shares this costs
 * a fraction of a scalar multiplication. */
static enum err point_times(unsigned index, unsigned char p[POINT_BYTES])
{
        point_bytes sum;
        memcpy(sum, p, POINT_BYTES);
        unsigned bit = 1u << 31;
        while (!(index & bit))
                bit >>= 1;
        for (bit >>= 1; bit; bit >>= 1) {
                if (crypto_core_ristretto255_add(sum, sum, sum) != 0)
                        return ERR_BAD_SHARE;
                if ((index & bit) && crypto_core_ristretto255_add(sum, sum, p) != 0)
                        return ERR_BAD_SHARE;
        }
        memcpy(p, sum, POINT_BYTES);
        return OK;
}

/* Σ index^k·C_k by Horner. */
static enum err commitment_at(unsigned index, const point_bytes commitments[], unsigned need,
                              unsigned char ret[POINT_BYTES])
{
        memcpy(ret, commitments[need - 1], POINT_BYTES);
        for (unsigned k = need - 1; k > 0; k--) {
                enum err e = point_times(index, ret);
                if (e != OK)
                        return e;
                if (crypto_core_ristretto255_add(ret, ret, commitments[k - 1]) != 0)
                        return ERR_BAD_SHARE;
        }
        return OK;
}

enum err share_verify(unsigned index, const unsigned char scalar[SCALAR_BYTES], const point_bytes commitments[],
                      unsigned need)
{
        if (index < 1 || index > SHARE_MAX || need < 1 || need > SHARE_MAX)
                return err_because(ERR_BAD_SHARE, "index %u of a version that needs %u", index, need);
        if (!scalar_is_sound(scalar))
                return err_because(ERR_BAD_SHARE, "share %u is no non-zero canonical scalar", index);
        point_bytes expected, got;
        enum err e = commitment_at(index, commitments, need, expected);
        if (e != OK)
                return e;
        if (secret_verdict(crypto_scalarmult_ristretto255_base(got, scalar)) != 0)
                return ERR_BAD_SHARE;
        secret_wipe_stack();
        if (secret_verdict(sodium_memcmp(expected, got, POINT_BYTES)) != 0)
                return err_because(ERR_BAD_SHARE, "share %u does not fit the commitments", index);
        return OK;
}

static enum err check_indices(const unsigned indices[], unsigned need)
{
        if (need < 1 || need > SHARE_MAX)
                return err_because(ERR_RANGE, "%u shares", need);
        for (unsigned i = 0; i < need; i++) {
                if (indices[i] < 1 || indices[i] > SHARE_MAX)
                        return err_because(ERR_RANGE, "index %u", indices[i]);
                for (unsigned j = 0; j < i; j++)
                        if (indices[i] == indices[j])
                                return err_because(ERR_RANGE, "index %u twice", indices[i]);
        }
        return OK;
}

/* x_i · Π_{j≠i} (x_j − x_i): what the common numerator Π x_j is to be divided by for share i. */
static void denominator(const unsigned x[], unsigned need, unsigned i, unsigned char ret[SCALAR_BYTES])
{
        bool is_negative = false;
        scalar_from_index(x[i], ret);
        for (unsigned j = 0; j < need; j++) {
                if (j == i)
                        continue;
                scalar_bytes difference;
                scalar_from_index(x[j] > x[i] ? x[j] - x[i] : x[i] - x[j], difference);
                is_negative ^= x[j] < x[i];
                crypto_core_ristretto255_scalar_mul(ret, ret, difference);
        }
        if (is_negative)
                crypto_core_ristretto255_scalar_negate(ret, ret);
}

/* λ_i = Π_{j≠i} x_j / (x_j − x_i) with one inversion for all (Montgomery's trick). Indices are public. */
static enum err lagrange_at_zero(const unsigned x[], unsigned need, scalar_bytes ret[])
{
        scalar_bytes divisor[SHARE_MAX], before[SHARE_MAX]; /* before[i] = divisor[0]·…·divisor[i-1] */
        scalar_bytes product, numerator, inverse;
        scalar_from_index(1, product);
        scalar_from_index(1, numerator);
        for (unsigned i = 0; i < need; i++) {
                scalar_bytes xi;
                scalar_from_index(x[i], xi);
                crypto_core_ristretto255_scalar_mul(numerator, numerator, xi);
                denominator(x, need, i, divisor[i]);
                memcpy(before[i], product, SCALAR_BYTES);
                crypto_core_ristretto255_scalar_mul(product, product, divisor[i]);
        }
        if (crypto_core_ristretto255_scalar_invert(inverse, product) != 0)
                return ERR_RANGE;
        crypto_core_ristretto255_scalar_mul(inverse, inverse, numerator);
        for (unsigned i = need; i-- > 0;) {
                crypto_core_ristretto255_scalar_mul(ret[i], inverse, before[i]);
                crypto_core_ristretto255_scalar_mul(inverse, inverse, divisor[i]);
        }
        return OK;
}

enum err share_combine(const unsigned indices[], const struct secret *scalars, unsigned need,
                       const unsigned char c0[POINT_BYTES], struct secret *ret_s)
{
        scalar_bytes lambda[SHARE_MAX];
        enum err e;
        if ((e = check_indices(indices, need)) != OK)
                return e;
        if (scalars->len != (size_t)need * SCALAR_BYTES)
                return err_because(ERR_RANGE, "%u shares want %u bytes", need, need * SCALAR_BYTES);
        if ((e = lagrange_at_zero(indices, need, lambda)) != OK)
                return e;

        CLEANUP_SECRET struct secret arena = SECRET_NONE; /* the sum, then one term */
        if ((e = secret_new((size_t)2 * SCALAR_BYTES, &arena)) != OK)
                return e;
        unsigned char *sum = arena.bytes, *term = arena.bytes + SCALAR_BYTES;
        for (unsigned i = 0; i < need; i++) {
                crypto_core_ristretto255_scalar_mul(term, lambda[i], scalar_at(scalars, i));
                crypto_core_ristretto255_scalar_add(sum, sum, term);
        }
        sodium_memzero(term, SCALAR_BYTES);
        point_bytes commitment;
        int base = crypto_scalarmult_ristretto255_base(commitment, sum);
        int differs = sodium_memcmp(commitment, c0, POINT_BYTES);
        secret_wipe_stack();
        if (secret_verdict(base) != 0 || secret_verdict(differs) != 0)
                return err_because(ERR_MISMATCH, "the shares do not join to the secret that the version commits to");
        secret_move(ret_s, &arena);
        ret_s->len = SCALAR_BYTES;
        return OK;
}

/* Sharing a secret scalar among holders so that any `need` of `n` restore it, and everybody can check their own share
 * (Shamir over the ristretto255 scalar field with Feldman commitments: RFC 9591, Appendix C).
 *
 * Scalars are 32 bytes little-endian, below the group order, and always lie in locked memory (the caller's struct
 * secret); points are 32 bytes, public.
 */
#pragma once
#include "base/err.h"
#include "base/secret.h"

#define SHARE_MAX    32u
#define SCALAR_BYTES 32u
#define POINT_BYTES  32u

typedef unsigned char scalar_bytes[SCALAR_BYTES];
typedef unsigned char point_bytes[POINT_BYTES];

/* A uniform non-zero scalar. Errors: ERR_MEMORY. ret: SCALAR_BYTES in locked memory. */
MUST_CHECK enum err share_new_secret(struct secret *ret);

/* Splits s into n shares with indices 1..n (share i at ret_shares->bytes + (i-1)·SCALAR_BYTES) and `need`
 * commitments. 1 ≤ need ≤ n ≤ SHARE_MAX (need = 1 only where the policy allows a single approver; the caller checks).
 * Errors: ERR_RANGE (also s zero or not canonical), ERR_MEMORY. On error every output is zero or empty. */
MUST_CHECK enum err share_split(const struct secret *s, unsigned need, unsigned n, struct secret *ret_shares,
                                point_bytes ret_commitments[]);
/* The same with given coefficients of x^1..x^(need-1) (need-1 scalars): for the published test vectors only. */
MUST_CHECK enum err share_split_with(const struct secret *s, const struct secret *coefficients, unsigned need,
                                     unsigned n, struct secret *ret_shares, point_bytes ret_commitments[]);

/* Each commitment a canonical point, none the identity. Errors: ERR_BAD_VERSION. */
MUST_CHECK enum err share_check_commitments(const point_bytes commitments[], unsigned need);

/* vss_verify: the share of `index` fits the commitments. Commitments must have passed share_check_commitments().
 * Errors: ERR_BAD_SHARE (index 0, scalar zero or not canonical, or it does not fit). */
MUST_CHECK enum err share_verify(unsigned index, const unsigned char scalar[SCALAR_BYTES],
                                 const point_bytes commitments[], unsigned need);

/* Lagrange at 0 over exactly `need` verified shares with distinct indices (one batched inversion), then s·B == C0.
 * scalars: need·SCALAR_BYTES in locked memory, in the order of indices[].
 * Errors: ERR_RANGE (an index 0 or twice), ERR_MISMATCH (the result is not what C0 commits to), ERR_MEMORY. */
MUST_CHECK enum err share_combine(const unsigned indices[], const struct secret *scalars, unsigned need,
                                  const unsigned char c0[POINT_BYTES], struct secret *ret_s);

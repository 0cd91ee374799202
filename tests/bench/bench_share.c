/* split+commit and verify+combine against the libsodium calls they cannot do without, with libgfshare for scale. */
#include "quorum/share.h"
#include "tests/bench/ratio.h"

#include <libgfshare.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct size {
        unsigned need, n;
        struct secret s, shares;
        point_bytes commitments[SHARE_MAX];
        unsigned indices[SHARE_MAX];
        scalar_bytes floor_scalar[SHARE_MAX];
        point_bytes floor_point[SHARE_MAX];
};

static void must(bool held, const char *what)
{
        if (!held) {
                fprintf(stderr, "bench_share: %s\n", what);
                abort();
        }
}

static void split_ours(void *context)
{
        struct size *z = context;
        CLEANUP_SECRET struct secret shares = SECRET_NONE;
        point_bytes commitments[SHARE_MAX];
        must(share_split(&z->s, z->need, z->n, &shares, commitments) == OK, "split");
}

/* need-1 random coefficients, need commitments, n evaluations of degree need-1. */
static void split_floor(void *context)
{
        struct size *z = context;
        scalar_bytes coefficient[SHARE_MAX], x = {0}, y;
        memcpy(coefficient[0], z->s.bytes, SCALAR_BYTES);
        for (unsigned k = 1; k < z->need; k++)
                crypto_core_ristretto255_scalar_random(coefficient[k]);
        for (unsigned k = 0; k < z->need; k++)
                must(crypto_scalarmult_ristretto255_base(z->floor_point[k], coefficient[k]) == 0, "base");
        for (unsigned i = 1; i <= z->n; i++) {
                x[0] = (unsigned char)i;
                memcpy(y, coefficient[z->need - 1], SCALAR_BYTES);
                for (unsigned k = z->need - 1; k-- > 0;) {
                        crypto_core_ristretto255_scalar_mul(y, y, x);
                        crypto_core_ristretto255_scalar_add(y, y, coefficient[k]);
                }
                memcpy(z->floor_scalar[i - 1], y, SCALAR_BYTES);
        }
}

static void join_ours(void *context)
{
        struct size *z = context;
        CLEANUP_SECRET struct secret chosen = SECRET_NONE, s = SECRET_NONE;
        must(share_check_commitments((const unsigned char(*)[POINT_BYTES])z->commitments, z->need) == OK,
             "commitments");
        for (unsigned i = 0; i < z->need; i++)
                must(share_verify(z->indices[i], z->shares.bytes + i * SCALAR_BYTES,
                                  (const unsigned char(*)[POINT_BYTES])z->commitments, z->need) == OK,
                     "verify");
        must(secret_copy(z->shares.bytes, (size_t)z->need * SCALAR_BYTES, &chosen) == OK, "copy");
        must(share_combine(z->indices, &chosen, z->need, z->commitments[0], &s) == OK, "combine");
}

/* Each share: its own point (base) and, for each commitment beyond the first, one multiplication by a power of the
 * index; the secret's point; one inversion and the Lagrange products. */
static void join_floor(void *context)
{
        struct size *z = context;
        point_bytes left, right, term;
        scalar_bytes power = {0}, x = {0}, sum = {0}, product;
        for (unsigned i = 0; i < z->need; i++) {
                must(crypto_scalarmult_ristretto255_base(left, z->shares.bytes + i * SCALAR_BYTES) == 0, "base");
                memcpy(right, z->commitments[0], POINT_BYTES);
                memset(power, 0, sizeof power);
                power[0] = 1;
                x[0] = (unsigned char)(i + 1);
                for (unsigned k = 1; k < z->need; k++) {
                        crypto_core_ristretto255_scalar_mul(power, power, x);
                        must(crypto_scalarmult_ristretto255(term, power, z->commitments[k]) == 0, "power");
                        must(crypto_core_ristretto255_add(right, right, term) == 0, "add");
                }
                must(sodium_memcmp(left, right, POINT_BYTES) == 0, "fits");
        }
        must(crypto_core_ristretto255_scalar_invert(product, z->s.bytes) == 0, "invert");
        for (unsigned i = 0; i < z->need; i++) {
                for (unsigned k = 0; k + 1 < 2 * z->need; k++)
                        crypto_core_ristretto255_scalar_mul(product, product, z->shares.bytes + i * SCALAR_BYTES);
                crypto_core_ristretto255_scalar_add(sum, sum, product);
        }
        must(crypto_scalarmult_ristretto255_base(left, sum) == 0, "secret's point");
}

static void fill_random(unsigned char *p, unsigned n)
{
        randombytes_buf(p, n);
}

static void split_gfshare(void *context)
{
        struct size *z = context;
        unsigned char numbers[SHARE_MAX], out[SCALAR_BYTES];
        for (unsigned i = 0; i < z->n; i++)
                numbers[i] = (unsigned char)(i + 1);
        gfshare_ctx *c = gfshare_ctx_init_enc(numbers, z->n, (unsigned char)z->need, SCALAR_BYTES);
        must(c != NULL, "gfshare");
        gfshare_ctx_enc_setsecret(c, z->s.bytes);
        for (unsigned i = 0; i < z->n; i++)
                gfshare_ctx_enc_getshare(c, (unsigned char)i, out);
        gfshare_ctx_free(c);
}

static void measure(unsigned need, unsigned n)
{
        struct size z = {.need = need, .n = n};
        must(share_new_secret(&z.s) == OK, "secret");
        must(share_split(&z.s, need, n, &z.shares, z.commitments) == OK, "split");
        for (unsigned i = 0; i < n; i++)
                z.indices[i] = i + 1;

        const struct contender splits[] = {
                {"ours", split_ours, &z}, {"floor", split_floor, &z}, {"gfshare", split_gfshare, &z}};
        const struct contender joins[] = {{"ours", join_ours, &z}, {"floor", join_floor, &z}};
        double split_ns[3], join_ns[2];
        ratio_measure(splits, 3, 31, 40, split_ns);
        ratio_measure(joins, 2, 31, 20, join_ns);

        char what[64];
        snprintf(what, sizeof what, "split+commit %u of %u", need, n);
        ratio_print_times(what, split_ns[0], split_ns[1], 1.3);
        snprintf(what, sizeof what, "verify+combine %u of %u", need, n);
        ratio_print_times(what, join_ns[0], join_ns[1], 1.3);
        ratio_print_time("  libgfshare split (no commitments, for scale)", split_ns[2]);
        secret_wipe(&z.s);
        secret_wipe(&z.shares);
}

int main(void)
{
        must(sodium_init() >= 0, "libsodium");
        gfshare_fill_rand = fill_random;
        measure(2, 3);
        measure(3, 5);
        measure(5, 9);
        return 0;
}

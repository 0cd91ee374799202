/* No branch and no index depends on a secret: every secret is marked undefined for valgrind's memcheck, which then
 * reports each conditional jump or address that depends on one. Verdicts and ciphertexts are public and are marked so
 * by secret_declassify(), which this program fills with a meaning. scrypt is exempt by name: its memory accesses
 * depend on the passphrase by design.
 *
 * Run by tests/scenario/constant_time.sh. With --leak it commits the mistake on purpose: the test must notice. */
#include "quorum/age.h"
#include "quorum/document.h"
#include "quorum/version.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

void secret_declassify(const void *p, size_t n)
{
        VALGRIND_MAKE_MEM_DEFINED(p, n);
}

static void poison(const struct secret *s)
{
        VALGRIND_MAKE_MEM_UNDEFINED(s->bytes, s->len);
}

static void must(enum err e, const char *what)
{
        secret_declassify(&e, sizeof e);
        if (e != OK) {
                fprintf(stderr, "poison: %s: %s (%s)\n", what, err_word(e), err_reason());
                exit(2);
        }
}

#define NEED 2u
#define N    3u

static void sharing(void)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE, shares = SECRET_NONE, chosen = SECRET_NONE, again = SECRET_NONE;
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        point_bytes c[NEED];
        must(share_new_secret(&s), "new secret");
        poison(&s);
        must(share_split(&s, NEED, N, &shares, c), "split");
        secret_declassify(c, sizeof c); /* commitments are published */
        poison(&shares);
        must(share_check_commitments((const unsigned char(*)[POINT_BYTES])c, NEED), "commitments");
        for (unsigned i = 0; i < N; i++)
                must(share_verify(i + 1, shares.bytes + i * SCALAR_BYTES, (const unsigned char(*)[POINT_BYTES])c,
                                  NEED),
                     "verify");
        must(secret_copy(shares.bytes, NEED * SCALAR_BYTES, &chosen), "copy");
        must(share_combine((const unsigned[]){1, 2}, &chosen, NEED, c[0], &again), "combine");
        poison(&again);
        must(version_key(&again, &key), "version key");
}

static void sealing(void)
{
        CLEANUP_SECRET struct secret identity = SECRET_NONE, plain = SECRET_NONE, out = SECRET_NONE,
                                     text = SECRET_NONE;
        CLEANUP_SECRET struct secret back = SECRET_NONE;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct key public;
        must(age_new_identity(&identity), "identity");
        poison(&identity);
        must(age_public_of(&identity, &public), "public key");
        secret_declassify(&public, sizeof public);
        must(secret_new(1000, &plain), "plaintext");
        poison(&plain);
        must(age_seal(&public, span_of(plain.bytes, plain.len), &file), "seal");
        secret_declassify(file.p, file.n);
        must(age_open(&identity, bytes_span(&file), AGE_ONE_STANZA, 4096, &out), "open");
        must(age_secret_to_text(&identity, &text), "secret key as text");
        must(age_secret_from_text(text.bytes, text.len, &back), "secret key from text");
}

static void leak(void)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        must(share_new_secret(&s), "new secret");
        poison(&s);
        if (s.bytes[0] & 1)
                puts("odd");
}

int main(int argc, char **argv)
{
        if (sodium_init() < 0)
                return 2;
        if (argc > 1 && strcmp(argv[1], "--leak") == 0)
                leak();
        else {
                sharing();
                sealing();
        }
        return 0;
}

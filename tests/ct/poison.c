/* No branch and no index depends on a secret: every secret is marked undefined for valgrind's memcheck, which then
 * reports each conditional jump or address that depends on one. Verdicts and ciphertexts are public and are marked so
 * by secret_declassify(), which this program fills with a meaning. scrypt is exempt by name: its memory accesses
 * depend on the passphrase by design.
 *
 * Run by tests/scenario/constant_time.sh. With --leak it commits the mistake on purpose: the test must notice. */
#include "quorum/age.h"
#include "quorum/document.h"
#include "quorum/identity.h"
#include "quorum/paper.h"
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

/* The whole way of a version: seal, a holder's share, re-sealing it, the requester's side, the document. Its form
 * (names, lengths) is public; the value is not. */
static void version(void)
{
        CLEANUP_SECRET struct secret value = SECRET_NONE, one_time = SECRET_NONE, joined = SECRET_NONE,
                                     key = SECRET_NONE;
        CLEANUP_DOCUMENT struct document sealed = {0}, opened = {0};
        const char *names[N] = {"alice", "bob", "carol"};
        struct secret identity[N] = {0};
        struct version_holder holders[N];
        struct sealed_version v = {0};
        struct key reply_to;
        const struct hash request = {{7}};
        const unsigned indices[NEED] = {1, 2};

        must(secret_new(40, &value), "value");
        const struct document_field field = {"password", value.bytes, value.len};
        must(document_build("prod/db/root", 1, &field, 1, &sealed), "document");
        VALGRIND_MAKE_MEM_UNDEFINED(document_field(&sealed, "password")->value, value.len);
        for (unsigned i = 0; i < N; i++) {
                holders[i].name = names[i];
                must(age_new_identity(&identity[i]), "identity");
                must(age_public_of(&identity[i], &holders[i].opens), "public key");
                poison(&identity[i]);
        }
        must(age_new_identity(&one_time), "one-time key");
        must(age_public_of(&one_time, &reply_to), "padlock");
        poison(&one_time);

        const struct version_fields about = {
                .credential = "prod/db/root", .number = 1, .policy = "main", .need = NEED, .is_initial = true};
        must(version_seal(&about, holders, N, &sealed, &v), "seal a version");
        secret_declassify(v.ciphertext.p, v.ciphertext.n);
        secret_declassify(&v.fields, sizeof v.fields);
        must(secret_new((size_t)NEED * SCALAR_BYTES, &joined), "room for shares");
        for (unsigned i = 0; i < NEED; i++) {
                CLEANUP_SECRET struct secret mine = SECRET_NONE, theirs = SECRET_NONE;
                CLEANUP_BYTES struct bytes moved = BYTES_NONE;
                secret_declassify(v.share_file[i].p, v.share_file[i].n);
                must(version_open_share(&v.fields, names[i], bytes_span(&v.share_file[i]), &identity[i], &mine),
                     "own share");
                must(version_reseal_share(&v.fields, i + 1, &mine, &request, &reply_to, &moved), "re-seal");
                secret_declassify(moved.p, moved.n);
                must(version_open_resealed(&v.fields, i + 1, &request, bytes_span(&moved), &one_time, &theirs),
                     "theirs");
                memcpy(joined.bytes + (size_t)i * SCALAR_BYTES, theirs.bytes, SCALAR_BYTES);
        }
        must(version_combine(&v.fields, indices, &joined, &key), "combine");
        must(version_open_document(&v.fields, bytes_span(&v.ciphertext), &key, &opened), "open the document");
        sealed_version_done(&v);
        for (unsigned i = 0; i < N; i++)
                secret_wipe(&identity[i]);
}

/* Signing, and writing the keys down in a file whose passphrase is known. */
static void identities(void)
{
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_SECRET struct secret passphrase = SECRET_NONE;
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        char folder[] = "/tmp/poison-XXXXXX", path[64];
        must(mkdtemp(folder) ? OK : ERR_IO, "folder");
        snprintf(path, sizeof path, "%s/id", folder);
        must(secret_copy("x", 1, &passphrase), "passphrase");
        must(identity_new(&i), "identity");
        poison(&i.open);
        VALGRIND_MAKE_MEM_UNDEFINED(i.sign.bytes, crypto_sign_SEEDBYTES);
        must(identity_sign(&i, STATEMENT_REQUEST, span_text("{}"), &blob), "sign");
        must(identity_save(&i, path, &passphrase, 1, false), "save");
        unlink(path);
        rmdir(folder);
}

/* Keys to words and back; how many letters were typed is public, which ones are not. */
static void paper(void)
{
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE}, back = {.sign = SECRET_NONE};
        CLEANUP_SECRET struct secret words = SECRET_NONE, typed = SECRET_NONE;
        must(identity_new(&i), "identity");
        poison(&i.open);
        VALGRIND_MAKE_MEM_UNDEFINED(i.sign.bytes, crypto_sign_SEEDBYTES);
        must(paper_write(&i, &words), "words");
        must(secret_copy(words.bytes, MNEMONIC_LETTERS, &typed), "a word");
        memset(typed.bytes + MNEMONIC_TELLING, 0, MNEMONIC_LETTERS - MNEMONIC_TELLING);
        must(mnemonic_complete(typed.bytes, typed.bytes) > 0 ? OK : ERR_BAD_WORDS, "completion");
        must(paper_read(&words, &back), "identity from words");
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
                version();
                identities();
                paper();
        }
        return 0;
}

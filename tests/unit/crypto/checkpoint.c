#include "quorum/checkpoint.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define NAME      "breakglass/aeebad4a796fcc2e15dc4c6061b45ed9b373f26adfc798ca7d2d8cc58182718e"
#define TEXT      NAME "\n17\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
#define SIGNATURE "EYIMc0ILKM1MMuFI9iFqP6tI2WWaPqHjlKGHGcFeBE/UyAKwWHVT5oF3LktJQR8UmsWzxO7qdvQjLe/4jIvqQCkmFwM="
#define DASH      "\xe2\x80\x94 "
/* Made by another implementation with the seed 00 01 … 1f. */
#define NOTE  TEXT "\n" DASH NAME " " SIGNATURE "\n"
#define OTHER DASH "witness.example/w1 AAAAAAAAAAAAAAAA\n"

struct signer {
        struct secret key;
        struct key public;
};

static struct signer signer_new(unsigned char first)
{
        struct signer s;
        unsigned char seed[32];
        for (unsigned i = 0; i < 32; i++)
                seed[i] = (unsigned char)(first + i);
        cr_assert_eq(secret_new(crypto_sign_SECRETKEYBYTES, &s.key), OK);
        cr_assert_eq(crypto_sign_seed_keypair(s.public.b, s.key.bytes, seed), 0);
        return s;
}

static struct checkpoint sample(void)
{
        return (struct checkpoint){hash_of(span_text("genesis")), 17, hash_of(span_text("root"))};
}

Test(checkpoint, it_is_the_note_that_another_implementation_makes)
{
        struct signer s = signer_new(0);
        struct checkpoint c = sample();
        CLEANUP_BYTES struct bytes note = BYTES_NONE;
        cr_assert_eq(checkpoint_sign(&c, &s.key, &note), OK);
        cr_expect_str_eq(bytes_text(&note), NOTE);
        secret_wipe(&s.key);
}

Test(checkpoint, a_good_note_gives_what_was_signed)
{
        struct signer s = signer_new(0);
        struct checkpoint want = sample(), read, verified;
        cr_assert_eq(checkpoint_read(span_text(NOTE), &read), OK);
        cr_assert_eq(checkpoint_verify(span_text(NOTE), &s.public, &verified), OK);
        cr_expect(hash_equal(&verified.installation, &want.installation));
        cr_expect(hash_equal(&verified.root, &want.root));
        cr_expect_eq(verified.size, 17);
        cr_expect_eq(read.size, 17);
        secret_wipe(&s.key);
}

Test(checkpoint, signatures_of_others_are_carried_but_do_not_count)
{
        struct signer s = signer_new(0), stranger = signer_new(1);
        struct checkpoint c;
        cr_expect_eq(checkpoint_verify(span_text(NOTE OTHER), &s.public, &c), OK);
        cr_expect_eq(checkpoint_verify(span_text(TEXT "\n" OTHER DASH NAME " " SIGNATURE "\n"), &s.public, &c), OK);
        cr_expect_eq(checkpoint_verify(span_text(TEXT "\n" OTHER), &s.public, &c), ERR_CORRUPT_LOG);
        cr_expect_eq(checkpoint_verify(span_text(NOTE), &stranger.public, &c), ERR_CORRUPT_LOG);
        secret_wipe(&s.key);
        secret_wipe(&stranger.key);
}

/* The key's own name and id with a signature that does not hold, beside one that does. */
Test(checkpoint, a_bad_signature_in_the_brokers_name_is_never_ignored)
{
        struct signer s = signer_new(0);
        struct checkpoint c;
        cr_expect_eq(checkpoint_verify(span_text(NOTE DASH NAME " EYIMcwAA\n"), &s.public, &c), ERR_CORRUPT_LOG);
        secret_wipe(&s.key);
}

Test(checkpoint, no_changed_byte_is_accepted)
{
        struct signer s = signer_new(0);
        for (size_t i = 0; i < strlen(NOTE); i++)
                for (unsigned bit = 0; bit < 8; bit++) {
                        struct checkpoint c;
                        CLEANUP_BYTES struct bytes note = BYTES_NONE;
                        bytes_add_text(&note, NOTE);
                        note.p[i] ^= (unsigned char)(1u << bit);
                        cr_expect_eq(checkpoint_verify(bytes_span(&note), &s.public, &c), ERR_CORRUPT_LOG,
                                     "byte %zu bit %u", i, bit);
                }
        secret_wipe(&s.key);
}

Test(checkpoint, a_note_cut_anywhere_is_refused)
{
        struct signer s = signer_new(0);
        for (size_t n = 0; n < strlen(NOTE); n++) {
                struct checkpoint c;
                CLEANUP_FREE char *exact = malloc(n ? n : 1);
                memcpy(exact, NOTE, n);
                cr_expect_eq(checkpoint_verify(span_of(exact, n), &s.public, &c), ERR_CORRUPT_LOG, "%zu", n);
                cr_expect_eq(checkpoint_read(span_of(exact, n), &c), ERR_CORRUPT_LOG, "%zu", n);
        }
        secret_wipe(&s.key);
}

Test(checkpoint, other_spellings_are_refused)
{
        static const char *const rows[] = {
                "breakglass/AEEBAD4A796FCC2E15DC4C6061B45ED9B373F26ADFC798CA7D2D8CC58182718E"
                "\n17\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" OTHER,
                NAME "\n017\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" OTHER,
                NAME "\n+17\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" OTHER,
                NAME "\n\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" OTHER,
                NAME "\n9007199254740992\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" OTHER,
                NAME "\n99999999999999999999999\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" OTHER,
                NAME "\n17\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I\n\n" OTHER,
                NAME "\n17\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7J=\n\n" OTHER, /* loose last bits */
                TEXT "an extension\n\n" OTHER,
                TEXT "\n",
                TEXT "\n\n" OTHER,
                TEXT "\n" OTHER "\n",
                TEXT "\n" DASH "two words AAAAAAAAAAAAAAAA\n",
                TEXT "\n" DASH " AAAAAAAAAAAAAAAA\n",
                TEXT "\n" DASH "a+b AAAAAAAAAAAAAAAA\n",
                TEXT "\n" DASH "short AAAA\n",
                TEXT "\n- dash AAAAAAAAAAAAAAAA\n",
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct checkpoint c;
                cr_expect_eq(checkpoint_read(span_text(rows[i]), &c), ERR_CORRUPT_LOG, "row %zu", i);
        }
        struct checkpoint c;
        cr_expect_eq(checkpoint_read(span_text(TEXT "\n" OTHER), &c), OK);
        cr_expect_eq(
                checkpoint_read(
                        span_text(NAME "\n9007199254740991\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" OTHER),
                        &c),
                OK);
        cr_expect_eq(
                checkpoint_read(span_text(NAME "\n0\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n\n" OTHER), &c),
                OK);
}

Test(checkpoint, an_endless_note_is_refused)
{
        struct checkpoint c;
        CLEANUP_BYTES struct bytes note = BYTES_NONE;
        bytes_add_text(&note, NOTE);
        while (note.n <= 16384)
                bytes_add_text(&note, OTHER);
        cr_expect_eq(checkpoint_read(bytes_span(&note), &c), ERR_CORRUPT_LOG);
}

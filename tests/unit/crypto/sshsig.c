#include "quorum/sshsig.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define NAME_SPACE "breakglass/request"
#define MESSAGE    "{\"v\":1}"
/* `ssh-keygen -Y sign -n breakglass/request` with the seed 00 01 … 1f over MESSAGE */
#define ARMORED                                                                                                      \
        "-----BEGIN SSH SIGNATURE-----\n"                                                                            \
        "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgA6EHv/POEL4dcN0Y50vAmWfk1j\n"                                   \
        "CbpQ1fHdyGZBJVMbgAAAASYnJlYWtnbGFzcy9yZXF1ZXN0AAAAAAAAAAZzaGE1MTIAAABT\n"                                   \
        "AAAAC3NzaC1lZDI1NTE5AAAAQP1SXIy/etVb3WC3UUfmOLWqvj3vhbpCPFRbPR2WUGd1Wt\n"                                   \
        "IXDkW1q8R8shPGGPJz7+ui9NLmP6M7eHU0BMHmlAQ=\n"                                                               \
        "-----END SSH SIGNATURE-----\n"

struct signer {
        struct secret key;
        struct key public;
        struct bytes blob; /* over MESSAGE in NAME_SPACE */
};

static struct signer signer_new(unsigned char first)
{
        struct signer s = {.blob = BYTES_NONE};
        unsigned char seed[32];
        for (unsigned i = 0; i < 32; i++)
                seed[i] = (unsigned char)(first + i);
        cr_assert_eq(secret_new(crypto_sign_SECRETKEYBYTES, &s.key), OK);
        cr_assert_eq(crypto_sign_seed_keypair(s.public.b, s.key.bytes, seed), 0);
        cr_assert_eq(sshsig_sign(&s.key, NAME_SPACE, span_text(MESSAGE), &s.blob), OK);
        return s;
}

static void signer_done(struct signer *s)
{
        secret_wipe(&s->key);
        bytes_done(&s->blob);
}

Test(sshsig, it_makes_the_bytes_that_ssh_keygen_makes)
{
        struct signer s = signer_new(0);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        sshsig_armor(bytes_span(&s.blob), &text);
        cr_expect_str_eq(bytes_text(&text), ARMORED);
        signer_done(&s);
}

Test(sshsig, its_own_signature_holds_and_names_its_signer)
{
        struct signer s = signer_new(0);
        struct key who;
        cr_expect_eq(sshsig_verify(&s.public, NAME_SPACE, span_text(MESSAGE), bytes_span(&s.blob)), OK);
        cr_assert_eq(sshsig_signer(bytes_span(&s.blob), &who), OK);
        cr_expect(key_equal(&who, &s.public));
        signer_done(&s);
}

Test(sshsig, another_key_name_space_or_message_never_holds)
{
        struct signer s = signer_new(0), other = signer_new(1);
        struct span blob = bytes_span(&s.blob);
        cr_expect_eq(sshsig_verify(&other.public, NAME_SPACE, span_text(MESSAGE), blob), ERR_AUTH);
        cr_expect_eq(sshsig_verify(&s.public, "breakglass/approval", span_text(MESSAGE), blob), ERR_AUTH);
        cr_expect_eq(sshsig_verify(&s.public, "breakglass/reques", span_text(MESSAGE), blob), ERR_AUTH);
        cr_expect_eq(sshsig_verify(&s.public, NAME_SPACE, span_text(MESSAGE " "), blob), ERR_AUTH);
        cr_expect_eq(sshsig_verify(&s.public, NAME_SPACE, span_text(""), blob), ERR_AUTH);
        signer_done(&s);
        signer_done(&other);
}

/* The same signature bytes under a blob that claims another name space. */
Test(sshsig, a_relabelled_blob_never_holds)
{
        struct signer s = signer_new(0);
        unsigned char *at = memmem(s.blob.p, s.blob.n, NAME_SPACE, strlen(NAME_SPACE));
        memcpy(at, "breakglass/reqUest", strlen(NAME_SPACE));
        cr_expect_eq(sshsig_verify(&s.public, "breakglass/reqUest", span_text(MESSAGE), bytes_span(&s.blob)),
                     ERR_AUTH);
        signer_done(&s);
}

Test(sshsig, no_flipped_bit_is_accepted)
{
        struct signer s = signer_new(0);
        for (size_t bit = 0; bit < s.blob.n * 8; bit++) {
                s.blob.p[bit / 8] ^= (unsigned char)(1u << (bit % 8));
                cr_expect_eq(sshsig_verify(&s.public, NAME_SPACE, span_text(MESSAGE), bytes_span(&s.blob)), ERR_AUTH,
                             "bit %zu", bit);
                s.blob.p[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        }
        signer_done(&s);
}

Test(sshsig, a_malleated_signature_is_refused)
{
        static const unsigned char order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                                0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
        struct signer s = signer_new(0);
        sodium_add(s.blob.p + s.blob.n - 32, order, 32); /* S + L */
        cr_expect_eq(sshsig_verify(&s.public, NAME_SPACE, span_text(MESSAGE), bytes_span(&s.blob)), ERR_AUTH);
        signer_done(&s);
}

Test(sshsig, cut_or_lengthened_blobs_are_refused)
{
        struct signer s = signer_new(0);
        struct key who;
        for (size_t n = 0; n < s.blob.n; n++) {
                CLEANUP_FREE unsigned char *exact = malloc(n ? n : 1);
                memcpy(exact, s.blob.p, n);
                cr_expect_eq(sshsig_signer(span_of(exact, n), &who), ERR_AUTH, "%zu bytes", n);
                cr_expect_eq(sshsig_verify(&s.public, NAME_SPACE, span_text(MESSAGE), span_of(exact, n)), ERR_AUTH);
        }
        bytes_add_byte(&s.blob, 0);
        cr_expect_eq(sshsig_signer(bytes_span(&s.blob), &who), ERR_AUTH);
        cr_expect_eq(sshsig_verify(&s.public, NAME_SPACE, span_text(MESSAGE), bytes_span(&s.blob)), ERR_AUTH);
        signer_done(&s);
}

/* Whatever is not key, name space or signature is fixed: version, algorithm names, the reserved string, lengths. */
Test(sshsig, only_our_kind_of_blob_has_a_signer)
{
        struct signer s = signer_new(0);
        size_t key_at = 33, space_at = 69, n_space = strlen(NAME_SPACE);
        for (size_t i = 0; i < s.blob.n - 64; i++) {
                struct key who;
                bool is_free = (i >= key_at && i < key_at + 32) || (i >= space_at && i < space_at + n_space);
                s.blob.p[i] ^= 0x20;
                cr_expect_eq(sshsig_signer(bytes_span(&s.blob), &who), is_free ? OK : ERR_AUTH, "byte %zu", i);
                s.blob.p[i] ^= 0x20;
        }
        signer_done(&s);
}

Test(sshsig, a_key_of_the_wrong_length_does_not_sign)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE;
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        cr_assert_eq(secret_new(32, &seed), OK);
        cr_expect_eq(sshsig_sign(&seed, NAME_SPACE, span_text(MESSAGE), &blob), ERR_BAD_KEY);
        cr_expect_eq(blob.n, 0);
}

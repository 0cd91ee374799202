#include "quorum/age.h"
#include "quorum/age_parts.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

struct pair {
        struct secret identity;
        struct key public;
};

static struct pair pair_new(void)
{
        struct pair p;
        cr_assert_eq(age_new_identity(&p.identity), OK);
        cr_assert_eq(age_public_of(&p.identity, &p.public), OK);
        return p;
}

static struct secret phrase(const char *text)
{
        struct secret s;
        cr_assert_eq(secret_copy(text, strlen(text), &s), OK);
        return s;
}

static enum err try_open(const struct pair *p, struct span file, size_t max)
{
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        enum err e = age_open(&p->identity, file, AGE_ONE_STANZA, max, &got);
        cr_expect(e == OK || !got.bytes, "an error released bytes");
        return e;
}

Test(age, every_length_around_a_chunk_survives)
{
        static const size_t lengths[] = {0, 1, 255, 65535, 65536, 65537, 131071, 131072, 131073, 1u << 20};
        struct pair p = pair_new();
        CLEANUP_FREE unsigned char *plain = mem_new(1, 1u << 20);
        randombytes_buf(plain, 1u << 20);
        for (size_t i = 0; i < COUNT_OF(lengths); i++) {
                CLEANUP_BYTES struct bytes file = BYTES_NONE;
                CLEANUP_SECRET struct secret got = SECRET_NONE;
                cr_assert_eq(age_seal(&p.public, span_of(plain, lengths[i]), &file), OK);
                cr_assert_eq(age_open(&p.identity, bytes_span(&file), AGE_ONE_STANZA, lengths[i], &got), OK, "%zu",
                             lengths[i]);
                cr_assert_eq(got.len, lengths[i]);
                cr_expect(got.len == 0 || memcmp(got.bytes, plain, got.len) == 0);
                if (lengths[i] > 0)
                        cr_expect_eq(try_open(&p, bytes_span(&file), lengths[i] - 1), ERR_TOO_LARGE);
        }
        secret_wipe(&p.identity);
}

Test(age, two_sealings_of_the_same_have_nothing_in_common)
{
        struct pair p = pair_new();
        CLEANUP_BYTES struct bytes a = BYTES_NONE, b = BYTES_NONE;
        cr_assert_eq(age_seal(&p.public, span_text("secret"), &a), OK);
        cr_assert_eq(age_seal(&p.public, span_text("secret"), &b), OK);
        size_t stanza = strlen("age-encryption.org/v1\n-> X25519 ");
        cr_expect_neq(memcmp(a.p + stanza, b.p + stanza, 43), 0);
        cr_expect_neq(memcmp(a.p + a.n - 22, b.p + b.n - 22, 22), 0);
        secret_wipe(&p.identity);
}

Test(age, somebody_elses_key_opens_nothing)
{
        struct pair p = pair_new(), other = pair_new();
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_assert_eq(age_seal(&p.public, span_text("secret"), &file), OK);
        cr_expect_eq(try_open(&other, bytes_span(&file), 100), ERR_BAD_CONTAINER);
        cr_expect_str_eq(err_reason(), "not for this key");
        secret_wipe(&p.identity);
        secret_wipe(&other.identity);
}

Test(age, no_flipped_bit_is_accepted)
{
        struct pair p = pair_new();
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_assert_eq(age_seal(&p.public, span_text("secret"), &file), OK);
        for (size_t bit = 0; bit < file.n * 8; bit++) {
                file.p[bit / 8] ^= (unsigned char)(1u << (bit % 8));
                cr_expect_eq(try_open(&p, bytes_span(&file), 100), ERR_BAD_CONTAINER, "bit %zu", bit);
                file.p[bit / 8] ^= (unsigned char)(1u << (bit % 8));
        }
        secret_wipe(&p.identity);
}

Test(age, a_file_cut_anywhere_or_lengthened_is_refused)
{
        struct pair p = pair_new();
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_assert_eq(age_seal(&p.public, span_text("secret"), &file), OK);
        for (size_t n = 0; n < file.n; n++) {
                CLEANUP_FREE unsigned char *exact = malloc(n ? n : 1);
                memcpy(exact, file.p, n);
                cr_expect_eq(try_open(&p, span_of(exact, n), 100), ERR_BAD_CONTAINER, "%zu bytes", n);
        }
        bytes_add_byte(&file, 0);
        cr_expect_eq(try_open(&p, bytes_span(&file), 100), ERR_BAD_CONTAINER);
        secret_wipe(&p.identity);
}

/* Chunks swapped, dropped or doubled; each is authentic by itself. */
Test(age, chunks_in_another_order_or_number_are_refused)
{
        const size_t chunk = 65536 + 16;
        struct pair p = pair_new();
        CLEANUP_FREE unsigned char *plain = mem_new(3, 65536);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_assert_eq(age_seal(&p.public, span_of(plain, (size_t)3 * 65536), &file), OK);
        const unsigned char *first = file.p + file.n - 3 * chunk;
        static const int orders[][5] = {{1, 0, 2, -1},    {0, 2, -1},       {0, 1, -1},
                                        {0, 1, 1, 2, -1}, {0, 1, 2, 2, -1}, {-1}};
        for (size_t i = 0; i < COUNT_OF(orders); i++) {
                CLEANUP_BYTES struct bytes bad = BYTES_NONE;
                bytes_add(&bad, file.p, file.n - 3 * chunk);
                for (const int *c = orders[i]; *c >= 0; c++)
                        bytes_add(&bad, first + (size_t)*c * chunk, chunk);
                cr_expect_eq(try_open(&p, bytes_span(&bad), 1u << 20), ERR_BAD_CONTAINER, "row %zu", i);
        }
        secret_wipe(&p.identity);
}

/* Authentic, but another spelling of the same plaintext. */
Test(age, a_last_chunk_may_be_empty_only_when_it_is_the_first)
{
        unsigned char key[AGE_KEY_BYTES] = {7}, nonce[12] = {0}, *plain = mem_new(1, 65536);
        CLEANUP_FREE unsigned char *chunks = mem_new(1, 65536 + 32);
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        cr_assert_eq(crypto_aead_chacha20poly1305_ietf_encrypt(chunks, NULL, plain, 65536, NULL, 0, NULL, nonce, key),
                     0);
        nonce[10] = 1;
        nonce[11] = 1;
        cr_assert_eq(
                crypto_aead_chacha20poly1305_ietf_encrypt(chunks + 65552, NULL, plain, 0, NULL, 0, NULL, nonce, key),
                0);
        cr_expect_eq(age_stream_open(key, span_of(chunks, 65552 + 16), 1u << 20, &got), ERR_BAD_CONTAINER);

        nonce[10] = 0;
        cr_assert_eq(crypto_aead_chacha20poly1305_ietf_encrypt(chunks, NULL, plain, 0, NULL, 0, NULL, nonce, key), 0);
        cr_expect_eq(age_stream_open(key, span_of(chunks, 16), 0, &got), OK);
        cr_expect_null(got.bytes);
        free(plain);
}

/* A second recipient could be anybody: our own containers have one. The header's MAC would allow it. */
Test(age, our_containers_have_exactly_one_stanza)
{
        static const char *const extra[] = {
                "-> grease\n\n",
                "-> X25519 "
                "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\nhjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n",
        };
        const size_t head = strlen("age-encryption.org/v1\n");
        struct pair p = pair_new();
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_assert_eq(age_seal(&p.public, span_text("secret"), &file), OK);
        for (size_t i = 0; i < COUNT_OF(extra); i++) {
                CLEANUP_BYTES struct bytes two = BYTES_NONE;
                CLEANUP_SECRET struct secret got = SECRET_NONE;
                bytes_add(&two, file.p, head);
                bytes_add_text(&two, extra[i]);
                bytes_add(&two, file.p + head, file.n - head);
                cr_expect_eq(try_open(&p, bytes_span(&two), 100), ERR_BAD_CONTAINER);
                cr_expect_str_eq(err_reason(), "header: more than one recipient");
                /* and where any are allowed, the MAC notices what was put in */
                cr_expect_eq(age_open(&p.identity, bytes_span(&two), AGE_ANY_STANZAS, 100, &got), ERR_BAD_CONTAINER);
                cr_expect_str_eq(err_reason(), "header: its MAC does not hold");
        }
        secret_wipe(&p.identity);
}

Test(age, nothing_is_sealed_to_a_low_order_key)
{
        struct key zero = {{0}}, one = {{1}};
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_expect_eq(age_seal(&zero, span_text("secret"), &file), ERR_BAD_KEY);
        cr_expect_eq(age_seal(&one, span_text("secret"), &file), ERR_BAD_KEY);
        cr_expect_eq(file.n, 0);
}

Test(age, an_identity_of_another_length_opens_nothing)
{
        struct pair p = pair_new();
        struct key k;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_assert_eq(age_seal(&p.public, span_text("secret"), &file), OK);
        cr_assert_eq(secret_resize(&p.identity, 31), OK);
        cr_expect_eq(try_open(&p, bytes_span(&file), 100), ERR_BAD_CONTAINER);
        cr_expect_eq(age_public_of(&p.identity, &k), ERR_BAD_KEY);
        secret_wipe(&p.identity);
}

static enum err try_phrase(const char *text, struct span file, unsigned min, unsigned max)
{
        CLEANUP_SECRET struct secret passphrase = phrase(text), got = SECRET_NONE;
        enum err e = age_open_passphrase(&passphrase, file, min, max, 100, &got);
        cr_expect(e == OK || !got.bytes);
        cr_expect(e != OK || (got.len == 6 && memcmp(got.bytes, "secret", 6) == 0));
        return e;
}

static struct bytes sealed_with(const char *text, unsigned log_n)
{
        struct bytes file = BYTES_NONE;
        CLEANUP_SECRET struct secret passphrase = phrase(text);
        cr_assert_eq(age_seal_passphrase(&passphrase, log_n, span_text("secret"), &file), OK);
        return file;
}

Test(age, a_passphrase_opens_what_it_sealed_and_another_does_not)
{
        CLEANUP_BYTES struct bytes file = sealed_with("correct horse", 10);
        unsigned log_n = 0;
        cr_expect_eq(try_phrase("correct horse", bytes_span(&file), 1, 20), OK);
        cr_expect_eq(try_phrase("correct hors", bytes_span(&file), 1, 20), ERR_WRONG_PASSPHRASE);
        cr_expect_eq(try_phrase("", bytes_span(&file), 1, 20), ERR_WRONG_PASSPHRASE);
        cr_assert_eq(age_passphrase_log_n(bytes_span(&file), &log_n), OK);
        cr_expect_eq(log_n, 10);
        cr_expect(age_is_passphrase_file(bytes_span(&file)));
}

Test(age, a_work_factor_out_of_bounds_is_refused_before_any_work)
{
        CLEANUP_BYTES struct bytes file = sealed_with("x", 10);
        cr_expect_eq(try_phrase("x", bytes_span(&file), 11, 20), ERR_WEAK_KDF);
        cr_expect_eq(try_phrase("x", bytes_span(&file), 1, 9), ERR_KDF_LIMIT);
        unsigned char *factor = memmem(file.p, file.n, " 10\n", 4);
        memcpy(factor, " 63\n", 4); /* 2^63: nothing could allocate that */
        cr_expect_eq(try_phrase("x", bytes_span(&file), 15, 20), ERR_KDF_LIMIT);
        memcpy(factor, " 64\n", 4);
        cr_expect_eq(try_phrase("x", bytes_span(&file), 15, 20), ERR_WRONG_PASSPHRASE);
        memcpy(factor, " 1\n\n", 4);
        cr_expect_neq(try_phrase("x", bytes_span(&file), 1, 20), OK);
}

Test(age, a_passphrase_file_with_any_byte_changed_never_opens)
{
        CLEANUP_BYTES struct bytes file = sealed_with("x", 2);
        const unsigned char *stanza = file.p + strlen("age-encryption.org/v1\n");
        const unsigned char *end = (unsigned char *)memmem(file.p, file.n, "\n---", 4) + 1;
        for (size_t i = 0; i < file.n; i++) {
                bool is_inside = file.p + i >= stanza && file.p + i < end;
                file.p[i] ^= 1;
                enum err e = try_phrase("x", bytes_span(&file), 1, 5);
                cr_expect(e == (is_inside ? ERR_WRONG_PASSPHRASE : ERR_BAD_CONTAINER) ||
                                  (is_inside && e == ERR_KDF_LIMIT),
                          "byte %zu: %s", i, err_word(e));
                file.p[i] ^= 1;
        }
}

Test(age, an_empty_passphrase_or_an_impossible_factor_seals_nothing)
{
        CLEANUP_SECRET struct secret empty = SECRET_NONE, some = phrase("x");
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        cr_expect_eq(age_seal_passphrase(&empty, 10, span_text("s"), &file), ERR_USAGE);
        cr_expect_eq(age_seal_passphrase(&some, 0, span_text("s"), &file), ERR_RANGE);
        cr_expect_eq(age_seal_passphrase(&some, 64, span_text("s"), &file), ERR_RANGE);
        cr_expect_eq(age_seal_passphrase(&some, 63, span_text("s"), &file), ERR_MEMORY);
        cr_expect_eq(file.n, 0);
}

Test(age, a_key_never_opens_a_passphrase_file_nor_the_other_way_round)
{
        struct pair p = pair_new();
        CLEANUP_BYTES struct bytes by_phrase = sealed_with("x", 2), by_key = BYTES_NONE;
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        unsigned log_n;
        cr_assert_eq(age_seal(&p.public, span_text("secret"), &by_key), OK);
        cr_expect_eq(try_open(&p, bytes_span(&by_phrase), 100), ERR_BAD_CONTAINER);
        cr_expect_eq(age_open(&p.identity, bytes_span(&by_phrase), AGE_ANY_STANZAS, 100, &got), ERR_BAD_CONTAINER);
        cr_expect_eq(try_phrase("x", bytes_span(&by_key), 1, 20), ERR_BAD_CONTAINER);
        cr_expect(!age_is_passphrase_file(bytes_span(&by_key)));
        cr_expect_eq(age_passphrase_log_n(bytes_span(&by_key), &log_n), ERR_BAD_CONTAINER);
        secret_wipe(&p.identity);
}

Test(age, armor_survives_at_every_length)
{
        unsigned char file[200];
        randombytes_buf(file, sizeof file);
        for (size_t n = 1; n <= sizeof file; n++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE, back = BYTES_NONE;
                age_armor(span_of(file, n), &text);
                cr_assert_eq(age_dearmor(bytes_span(&text), &back), OK, "%zu", n);
                cr_expect(span_equal(bytes_span(&back), span_of(file, n)));
        }
}

Test(age, armor_cut_anywhere_is_refused)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        age_armor(span_text("a file of some length that takes more than one line of base64 text"), &text);
        for (size_t n = 0; n + 1 < text.n; n++) { /* the last newline may be missing */
                CLEANUP_BYTES struct bytes back = BYTES_NONE;
                CLEANUP_FREE unsigned char *exact = malloc(n ? n : 1);
                memcpy(exact, text.p, n);
                cr_expect_eq(age_dearmor(span_of(exact, n), &back), ERR_BAD_CONTAINER, "%zu", n);
        }
}

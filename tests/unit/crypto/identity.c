#include "quorum/identity.h"
#include "base/file.h"
#include "quorum/sshsig.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

/* A private folder that is gone at the end. */
struct place {
        char folder[64], path[96];
};

static struct place place_new(void)
{
        struct place p;
        snprintf(p.folder, sizeof p.folder, "/tmp/identity-test-XXXXXX");
        cr_assert(mkdtemp(p.folder));
        snprintf(p.path, sizeof p.path, "%s/id", p.folder);
        return p;
}

static void place_done(const struct place *p)
{
        unlink(p->path);
        rmdir(p->folder);
}

static struct secret phrase(const char *text)
{
        struct secret s;
        cr_assert_eq(secret_copy(text, strlen(text), &s), OK);
        return s;
}

static void put(const struct place *p, struct span content)
{
        cr_assert_eq(file_write(p->path, 0600, content), OK);
}

static enum err load(const struct place *p, const char *text, struct identity *ret)
{
        CLEANUP_SECRET struct secret passphrase = text ? phrase(text) : SECRET_NONE;
        enum err e = identity_load(p->path, text ? &passphrase : NULL, ret);
        cr_expect(e == OK || (!ret->sign.bytes && !ret->open.bytes));
        return e;
}

static bool same(const struct identity *a, const struct identity *b)
{
        return secret_equal(&a->sign, &b->sign) && secret_equal(&a->open, &b->open) &&
               key_equal(&a->signs, &b->signs) && key_equal(&a->opens, &b->opens);
}

Test(identity, it_survives_the_plain_file)
{
        struct place p = place_new();
        CLEANUP_IDENTITY struct identity made = {.sign = SECRET_NONE}, read = {.sign = SECRET_NONE};
        bool wants = true;
        struct stat st;
        cr_assert_eq(identity_new(&made), OK);
        cr_assert_eq(identity_save(&made, p.path, NULL, 0, false), OK);
        cr_assert_eq(identity_needs_passphrase(p.path, &wants), OK);
        cr_expect(!wants);
        cr_assert_eq(load(&p, NULL, &read), OK);
        cr_expect(same(&made, &read));
        cr_assert_eq(stat(p.path, &st), 0);
        cr_expect_eq(st.st_mode & 07777, 0600);
        place_done(&p);
}

Test(identity, it_survives_the_passphrase_file)
{
        struct place p = place_new();
        CLEANUP_SECRET struct secret passphrase = phrase("correct horse");
        CLEANUP_IDENTITY struct identity made = {.sign = SECRET_NONE}, read = {.sign = SECRET_NONE};
        bool wants = false;
        cr_assert_eq(identity_new(&made), OK);
        cr_assert_eq(identity_save(&made, p.path, &passphrase, AGE_SCRYPT_LOG_N_MIN, false), OK);
        cr_assert_eq(identity_needs_passphrase(p.path, &wants), OK);
        cr_expect(wants);
        cr_expect_eq(load(&p, "wrong horse", &read), ERR_WRONG_PASSPHRASE);
        cr_expect_eq(load(&p, NULL, &read), ERR_WRONG_PASSPHRASE);
        cr_assert_eq(load(&p, "correct horse", &read), OK);
        cr_expect(same(&made, &read));
        place_done(&p);
}

Test(identity, two_new_ones_have_nothing_in_common)
{
        CLEANUP_IDENTITY struct identity a = {.sign = SECRET_NONE}, b = {.sign = SECRET_NONE};
        cr_assert_eq(identity_new(&a), OK);
        cr_assert_eq(identity_new(&b), OK);
        cr_expect(!key_equal(&a.signs, &b.signs) && !key_equal(&a.opens, &b.opens));
        cr_expect_neq(memcmp(a.sign.bytes, a.open.bytes, 32), 0, "two independent keys");
}

Test(identity, an_existing_file_is_replaced_only_when_asked)
{
        struct place p = place_new();
        CLEANUP_IDENTITY struct identity first = {.sign = SECRET_NONE}, second = {.sign = SECRET_NONE},
                                         read = {.sign = SECRET_NONE};
        cr_assert_eq(identity_new(&first), OK);
        cr_assert_eq(identity_new(&second), OK);
        cr_assert_eq(identity_save(&first, p.path, NULL, 0, false), OK);
        cr_expect_eq(identity_save(&second, p.path, NULL, 0, false), ERR_DUPLICATE);
        cr_assert_eq(load(&p, NULL, &read), OK);
        cr_expect(same(&first, &read));
        identity_wipe(&read);
        cr_expect_eq(identity_save(&second, p.path, NULL, 0, true), OK);
        cr_assert_eq(load(&p, NULL, &read), OK);
        cr_expect(same(&second, &read));
        place_done(&p);
}

Test(identity, a_file_that_others_could_have_read_or_changed_is_unsafe)
{
        struct place p = place_new();
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE}, read = {.sign = SECRET_NONE};
        char link[120];
        bool wants;
        cr_assert_eq(identity_new(&i), OK);
        cr_assert_eq(identity_save(&i, p.path, NULL, 0, false), OK);
        cr_assert_eq(chmod(p.path, 0640), 0);
        cr_expect_eq(load(&p, NULL, &read), ERR_UNSAFE_FILE);
        cr_expect_eq(identity_needs_passphrase(p.path, &wants), ERR_UNSAFE_FILE);
        cr_assert_eq(chmod(p.path, 0600), 0);
        cr_assert_eq(chmod(p.folder, 0770), 0);
        cr_expect_eq(load(&p, NULL, &read), ERR_UNSAFE_FILE);
        cr_assert_eq(chmod(p.folder, 0700), 0);

        snprintf(link, sizeof link, "%s/link", p.folder);
        cr_assert_eq(symlink(p.path, link), 0);
        cr_expect_eq(identity_load(link, NULL, &read), ERR_UNSAFE_FILE);
        unlink(link);
        cr_assert_eq(mkfifo(link, 0600), 0);
        cr_expect_eq(identity_load(link, NULL, &read), ERR_UNSAFE_FILE);
        unlink(link);
        cr_expect_eq(identity_load(link, NULL, &read), ERR_NO_ENTRY);
        place_done(&p);
}

/* Some identity as text that scrypt wraps with 2^log_n. */
static struct bytes wrapped(unsigned log_n, const char *passphrase_text)
{
        struct place p = place_new();
        struct bytes plain = BYTES_NONE, file = BYTES_NONE;
        CLEANUP_SECRET struct secret passphrase = phrase(passphrase_text);
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        cr_assert_eq(identity_new(&i), OK);
        cr_assert_eq(identity_save(&i, p.path, NULL, 0, false), OK);
        cr_assert_eq(file_read(p.path, 4096, &plain), OK);
        cr_assert_eq(age_seal_passphrase(&passphrase, log_n, bytes_span(&plain), &file), OK);
        bytes_done(&plain);
        place_done(&p);
        return file;
}

Test(identity, a_work_factor_out_of_bounds_is_refused_before_any_work)
{
        struct place p = place_new();
        CLEANUP_BYTES struct bytes file = wrapped(14, "x");
        CLEANUP_IDENTITY struct identity read = {.sign = SECRET_NONE};
        put(&p, bytes_span(&file));
        cr_expect_eq(load(&p, "x", &read), ERR_WEAK_KDF);
        unsigned char *factor = memmem(file.p, file.n, " 14\n", 4);
        memcpy(factor, " 21\n", 4);
        put(&p, bytes_span(&file));
        cr_expect_eq(load(&p, "x", &read), ERR_KDF_LIMIT);
        memcpy(factor, " 60\n", 4);
        put(&p, bytes_span(&file));
        cr_expect_eq(load(&p, "x", &read), ERR_KDF_LIMIT);
        place_done(&p);
}

Test(identity, damage_outside_the_scrypt_stanza_is_told_from_a_wrong_passphrase)
{
        struct place p = place_new();
        CLEANUP_BYTES struct bytes file = wrapped(15, "x");
        CLEANUP_IDENTITY struct identity read = {.sign = SECRET_NONE};
        const size_t stanza = strlen("age-encryption.org/v1\n");
        const size_t mac = (size_t)((unsigned char *)memmem(file.p, file.n, "\n---", 4) - file.p) + 1;
        const struct {
                size_t at;
                enum err e;
        } rows[] = {
                {0, ERR_CORRUPT_IDENTITY},           {stanza - 3, ERR_CORRUPT_IDENTITY},
                {stanza, ERR_WRONG_PASSPHRASE},      {stanza + 5, ERR_WRONG_PASSPHRASE},
                {stanza + 15, ERR_WRONG_PASSPHRASE}, /* salt */
                {mac - 10, ERR_WRONG_PASSPHRASE},    /* wrapped key */
                {mac, ERR_CORRUPT_IDENTITY},         {mac + 10, ERR_CORRUPT_IDENTITY},
                {mac + 50, ERR_CORRUPT_IDENTITY}, /* nonce */
                {file.n - 1, ERR_CORRUPT_IDENTITY},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                file.p[rows[i].at] ^= 1;
                put(&p, bytes_span(&file));
                enum err e = load(&p, "x", &read);
                cr_expect_eq(e, rows[i].e, "row %zu: %s", i, err_word(e));
                file.p[rows[i].at] ^= 1;
        }
        place_done(&p);
}

Test(identity, a_wrapped_file_cut_anywhere_is_refused)
{
        struct place p = place_new();
        CLEANUP_BYTES struct bytes file = wrapped(2, "x"); /* below the limit: no work at any length */
        for (size_t n = 0; n <= file.n; n++) {
                CLEANUP_IDENTITY struct identity read = {.sign = SECRET_NONE};
                put(&p, span_of(file.p, n));
                enum err e = load(&p, "x", &read);
                cr_expect(e == ERR_CORRUPT_IDENTITY || e == ERR_WRONG_PASSPHRASE || e == ERR_WEAK_KDF, "%zu: %s", n,
                          err_word(e));
        }
        place_done(&p);
}

Test(identity, a_plain_file_cut_anywhere_is_refused)
{
        struct place p = place_new();
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        cr_assert_eq(identity_new(&i), OK);
        cr_assert_eq(identity_save(&i, p.path, NULL, 0, false), OK);
        cr_assert_eq(file_read(p.path, 4096, &text), OK);
        for (size_t n = 0; n < text.n; n++) {
                CLEANUP_IDENTITY struct identity read = {.sign = SECRET_NONE};
                put(&p, span_of(text.p, n));
                cr_expect_eq(load(&p, NULL, &read), ERR_CORRUPT_IDENTITY, "%zu", n);
        }
        place_done(&p);
}

#define SEED "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OPEN "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"

Test(identity, only_the_protocols_text_is_an_identity)
{
        static const struct {
                const char *text;
                enum err e;
        } rows[] = {
                {"# breakglass-sign/v1 " SEED "\n" OPEN "\n", OK},
                {"# from paper\n# again\n# breakglass-sign/v1 " SEED "\n" OPEN "\n", OK},
                {"# breakglass-sign/v1 " SEED "\n" OPEN, ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v1 " SEED "\n" OPEN "\n\n", ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v1 " SEED "\n" OPEN " ", ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v1 " SEED " " OPEN "\n", ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v1 " SEED "\n" OPEN "\n" OPEN "\n", ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v2 " SEED "\n" OPEN "\n", ERR_CORRUPT_IDENTITY},
                {"breakglass-sign/v1 " SEED "\n" OPEN "\n", ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v1 " SEED "0\n" OPEN "\n", ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v1 G00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1\n" OPEN "\n",
                 ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v1 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n" OPEN "\n",
                 ERR_CORRUPT_IDENTITY},
                {"# breakglass-sign/v1 " SEED
                 "\nAGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM9\n",
                 ERR_CORRUPT_IDENTITY},
                {"# a comment\nnot one\n# breakglass-sign/v1 " SEED "\n" OPEN "\n", ERR_CORRUPT_IDENTITY},
                {OPEN "\n", ERR_CORRUPT_IDENTITY},
                {"# only a comment\n", ERR_CORRUPT_IDENTITY},
                {"", ERR_CORRUPT_IDENTITY},
        };
        struct place p = place_new();
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_IDENTITY struct identity read = {.sign = SECRET_NONE};
                put(&p, span_text(rows[i].text));
                cr_expect_eq(load(&p, NULL, &read), rows[i].e, "row %zu", i);
                if (rows[i].e == OK) {
                        char text[SIGN_KEY_TEXT];
                        sign_key_format(&read.signs, text);
                        cr_expect_str_eq(
                                text,
                                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
                }
        }
        place_done(&p);
}

Test(identity, an_armored_passphrase_file_is_accepted)
{
        struct place p = place_new();
        CLEANUP_BYTES struct bytes file = wrapped(15, "x"), text = BYTES_NONE;
        CLEANUP_IDENTITY struct identity read = {.sign = SECRET_NONE}, none = {.sign = SECRET_NONE};
        age_armor(bytes_span(&file), &text);
        put(&p, bytes_span(&text));
        cr_expect_eq(load(&p, "x", &read), OK);
        text.p[40] = '!';
        put(&p, bytes_span(&text));
        cr_expect_eq(load(&p, "x", &none), ERR_CORRUPT_IDENTITY);
        place_done(&p);
}

Test(identity, a_file_sealed_to_a_key_is_no_identity)
{
        struct place p = place_new();
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE}, read = {.sign = SECRET_NONE};
        cr_assert_eq(identity_new(&i), OK);
        cr_assert_eq(age_seal(&i.opens, span_text("x"), &file), OK);
        put(&p, bytes_span(&file));
        cr_expect_eq(load(&p, "x", &read), ERR_CORRUPT_IDENTITY);
        place_done(&p);
}

Test(identity, an_endless_file_is_refused)
{
        struct place p = place_new();
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        CLEANUP_IDENTITY struct identity read = {.sign = SECRET_NONE};
        while (text.n <= 16384)
                bytes_add_text(&text, "# a comment\n");
        bytes_add_text(&text, "# breakglass-sign/v1 " SEED "\n" OPEN "\n");
        put(&p, bytes_span(&text));
        cr_expect_eq(load(&p, NULL, &read), ERR_CORRUPT_IDENTITY);
        place_done(&p);
}

Test(identity, the_roster_line_names_both_public_keys)
{
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_BYTES struct bytes line = BYTES_NONE, want = BYTES_NONE;
        char signs[SIGN_KEY_TEXT], opens[AGE_PUBLIC_TEXT];
        cr_assert_eq(identity_new(&i), OK);
        sign_key_format(&i.signs, signs);
        open_key_format(&i.opens, opens);
        identity_roster_line(&i, "alice", &line);
        bytes_printf(&want, "alice: {signs: %s, opens: %s}", signs, opens);
        cr_expect_str_eq(bytes_text(&line), bytes_text(&want));
}

Test(identity, it_signs_a_statement_in_the_name_space_of_its_type)
{
        CLEANUP_IDENTITY struct identity i = {.sign = SECRET_NONE};
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        struct span payload = span_text("{\"v\":1}");
        cr_assert_eq(identity_new(&i), OK);
        cr_assert_eq(identity_sign(&i, STATEMENT_REQUEST, payload, &blob), OK);
        cr_expect_eq(sshsig_verify(&i.signs, "breakglass/request", payload, bytes_span(&blob)), OK);
        cr_expect_eq(sshsig_verify(&i.signs, "breakglass/approval", payload, bytes_span(&blob)), ERR_AUTH);
}

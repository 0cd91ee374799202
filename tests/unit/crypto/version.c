#include "quorum/version.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#define HOLDERS 5u

static const char *const names[HOLDERS] = {"alice", "bob", "carol", "dave", "erin"};

/* A sealed credential and everybody's keys. */
struct vault {
        struct secret identity[HOLDERS];
        struct version_holder holder[HOLDERS];
        struct sealed_version v;
        struct secret reply; /* the requester's one-time key */
        struct key reply_to;
        struct hash request;
        unsigned need, n;
};

static struct version_fields about(const char *credential, uint64_t number, unsigned need)
{
        return (struct version_fields){
                .credential = credential, .number = number, .policy = "prod-db", .need = need, .is_initial = true};
}

static enum err seal(struct vault *x, const char *credential, uint64_t number)
{
        CLEANUP_DOCUMENT struct document d;
        struct document_field f = {.name = "password", .value = (const unsigned char *)"hunter2", .len = 7};
        struct version_fields fields = about(credential, number, x->need);
        cr_assert_eq(document_build(credential, number, &f, 1, &d), OK);
        return version_seal(&fields, x->holder, x->n, &d, &x->v);
}

static struct vault *vault_new(unsigned need, unsigned n)
{
        struct vault *x = mem_new(1, sizeof *x);
        x->need = need;
        x->n = n;
        for (unsigned i = 0; i < n; i++) {
                cr_assert_eq(age_new_identity(&x->identity[i]), OK);
                cr_assert_eq(age_public_of(&x->identity[i], &x->holder[i].opens), OK);
                x->holder[i].name = names[i];
        }
        cr_assert_eq(age_new_identity(&x->reply), OK);
        cr_assert_eq(age_public_of(&x->reply, &x->reply_to), OK);
        x->request = hash_of(span_text("a request"));
        cr_assert_eq(seal(x, "prod/postgres/root", 3), OK);
        return x;
}

static void vault_free(struct vault *x)
{
        for (unsigned i = 0; i < x->n; i++)
                secret_wipe(&x->identity[i]);
        secret_wipe(&x->reply);
        sealed_version_done(&x->v);
        free(x);
}

static enum err open_own(const struct vault *x, unsigned i, struct secret *ret)
{
        return version_open_share(&x->v.fields, names[i], bytes_span(&x->v.share_file[i]), &x->identity[i], ret);
}

/* Holder i approves, the requester opens what came. */
static enum err approve(const struct vault *x, unsigned i, struct secret *ret)
{
        CLEANUP_SECRET struct secret own = SECRET_NONE;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        const struct version_share *s = version_share_of(&x->v.fields, names[i]);
        cr_assert_eq(open_own(x, i, &own), OK);
        cr_assert_eq(version_reseal_share(&x->v.fields, s->index, &own, &x->request, &x->reply_to, &file), OK);
        return version_open_resealed(&x->v.fields, s->index, &x->request, bytes_span(&file), &x->reply, ret);
}

static void collect(const struct vault *x, const unsigned holders[], unsigned n, struct secret *ret,
                    unsigned indices[])
{
        cr_assert_eq(secret_new((size_t)n * SCALAR_BYTES, ret), OK);
        for (unsigned i = 0; i < n; i++) {
                CLEANUP_SECRET struct secret scalar = SECRET_NONE;
                cr_assert_eq(approve(x, holders[i], &scalar), OK);
                memcpy(ret->bytes + (size_t)i * SCALAR_BYTES, scalar.bytes, SCALAR_BYTES);
                indices[i] = x->v.fields.shares[holders[i]].index;
        }
}

Test(version, a_sealed_secret_opens_with_enough_approvals)
{
        struct vault *x = vault_new(3, 5);
        CLEANUP_SECRET struct secret scalars = SECRET_NONE, identity = SECRET_NONE;
        CLEANUP_DOCUMENT struct document d;
        unsigned indices[3];
        cr_assert_eq(version_check(&x->v.fields), OK);
        collect(x, (const unsigned[]){4, 0, 2}, 3, &scalars, indices);
        cr_assert_eq(version_combine(&x->v.fields, indices, &scalars, &identity), OK);
        cr_assert_eq(version_open_document(&x->v.fields, bytes_span(&x->v.ciphertext), &identity, &d), OK);
        cr_assert(document_field(&d, "password"));
        cr_expect_arr_eq(document_field(&d, "password")->value, "hunter2", 7);
        vault_free(x);
}

/* HKDF-SHA256 as another implementation computes it, for s = 1. */
Test(version, the_version_key_is_the_protocols)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE, key = SECRET_NONE;
        unsigned char want[32];
        cr_assert_eq(secret_new(SCALAR_BYTES, &s), OK);
        s.bytes[0] = 1;
        cr_assert_eq(version_key(&s, &key), OK);
        cr_assert_eq(key.len, 32);
        cr_assert_eq(
                hex_decode(span_text("2e5580274f1beebd0e7d20f7b4e88d7719da3db0ec86b9477dc9cc97efaf5ddb"), want, 32),
                OK);
        cr_expect_arr_eq(key.bytes, want, 32);
}

Test(version, share_files_hold_one_line_of_the_protocol)
{
        struct vault *x = vault_new(2, 3);
        CLEANUP_SECRET struct secret text = SECRET_NONE, scalar = SECRET_NONE;
        CLEANUP_BYTES struct bytes want = BYTES_NONE, resealed = BYTES_NONE;
        cr_assert_eq(open_own(x, 1, &scalar), OK);
        cr_assert_eq(age_open(&x->identity[1], bytes_span(&x->v.share_file[1]), AGE_ONE_STANZA, 1024, &text), OK);
        bytes_printf(&want, "breakglass-share/v1 prod/postgres/root 3 %s 2 ", x->v.fields.recipient);
        bytes_add_hex(&want, scalar.bytes, SCALAR_BYTES);
        bytes_add_byte(&want, '\n');
        cr_expect(span_equal(bytes_span(&want), span_of(text.bytes, text.len)));

        secret_wipe(&text);
        bytes_clear(&want);
        cr_assert_eq(version_reseal_share(&x->v.fields, 2, &scalar, &x->request, &x->reply_to, &resealed), OK);
        cr_assert_eq(age_open(&x->reply, bytes_span(&resealed), AGE_ONE_STANZA, 1024, &text), OK);
        bytes_add_text(&want, "breakglass-reshare-to/v1 ");
        bytes_add_hex(&want, x->request.b, HASH_BYTES);
        bytes_printf(&want, " prod/postgres/root 3 %s 2 ", x->v.fields.recipient);
        bytes_add_hex(&want, scalar.bytes, SCALAR_BYTES);
        bytes_add_byte(&want, '\n');
        cr_expect(span_equal(bytes_span(&want), span_of(text.bytes, text.len)));
        vault_free(x);
}

Test(version, a_share_file_must_be_the_one_the_version_names)
{
        struct vault *x = vault_new(2, 3);
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        const struct version_fields *v = &x->v.fields;
        struct span bobs = bytes_span(&x->v.share_file[1]);
        cr_expect_eq(version_open_share(v, "alice", bobs, &x->identity[0], &got), ERR_BAD_BLOB);
        cr_expect_eq(version_open_share(v, "bob", bobs, &x->identity[0], &got), ERR_BAD_CONTAINER);
        cr_expect_eq(version_open_share(v, "mallory", bobs, &x->identity[1], &got), ERR_MISMATCH);
        cr_expect_null(got.bytes);
        vault_free(x);
}

/* A blob whose hash fits but whose inside is another's: sealed by somebody who lies. */
static enum err open_forged(struct vault *x, const char *line)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        CLEANUP_SECRET struct secret got = SECRET_NONE;
        struct version_fields v = x->v.fields;
        cr_assert_eq(age_seal(&x->holder[0].opens, span_text(line), &file), OK);
        v.shares[0].sha256 = hash_of(bytes_span(&file));
        enum err e = version_open_share(&v, "alice", bytes_span(&file), &x->identity[0], &got);
        cr_expect(e == OK || !got.bytes);
        return e;
}

Test(version, shares_of_another_version_credential_or_index_are_refused)
{
        struct vault *x = vault_new(2, 3);
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        char hex[65], other[AGE_PUBLIC_TEXT], line[600];
        const char *own = x->v.fields.recipient;
        cr_assert_eq(open_own(x, 0, &scalar), OK);
        hex_encode(scalar.bytes, SCALAR_BYTES, hex);
        open_key_format(&x->reply_to, other);
        const struct {
                const char *word, *credential, *number, *recipient, *index, *hex, *end;
                enum err e;
        } rows[] = {
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1", hex, "\n", OK},
                {"breakglass-share/v2", "prod/postgres/root", "3", own, "1", hex, "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/roo", "3", own, "1", hex, "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "2", own, "1", hex, "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "03", own, "1", hex, "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", other, "1", hex, "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "2", hex, "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "0", hex, "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1", hex, "", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1", hex, "\n\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1", hex + 2, "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1", hex, "00\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1",
                 "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1",
                 "0000000000000000000000000000000000000000000000000000000000000000", "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1",
                 "0100000000000000000000000000000000000000000000000000000000000000", "\n", ERR_BAD_SHARE},
                {"breakglass-share/v1", "prod/postgres/root", "3", own, "1",
                 "0G00000000000000000000000000000000000000000000000000000000000000", "\n", ERR_BAD_SHARE},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                snprintf(line, sizeof line, "%s %s %s %s %s %s%s", rows[i].word, rows[i].credential, rows[i].number,
                         rows[i].recipient, rows[i].index, rows[i].hex, rows[i].end);
                cr_expect_eq(open_forged(x, line), rows[i].e, "row %zu", i);
        }
        cr_expect_eq(open_forged(x, ""), ERR_BAD_SHARE);
        vault_free(x);
}

Test(version, a_share_resealed_for_another_request_is_refused)
{
        struct vault *x = vault_new(2, 3);
        CLEANUP_SECRET struct secret own = SECRET_NONE, got = SECRET_NONE;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        struct hash other = hash_of(span_text("another request"));
        const struct version_fields *v = &x->v.fields;
        cr_assert_eq(open_own(x, 0, &own), OK);
        cr_assert_eq(version_reseal_share(v, 1, &own, &other, &x->reply_to, &file), OK);
        cr_expect_eq(version_open_resealed(v, 1, &x->request, bytes_span(&file), &x->reply, &got), ERR_BAD_SHARE);
        cr_expect_eq(version_open_resealed(v, 2, &other, bytes_span(&file), &x->reply, &got), ERR_BAD_SHARE);
        cr_expect_eq(version_open_resealed(v, 1, &other, bytes_span(&file), &x->identity[0], &got),
                     ERR_BAD_CONTAINER);
        /* a holder's own share file is no approval */
        cr_expect_eq(version_open_resealed(v, 1, &other, bytes_span(&x->v.share_file[0]), &x->identity[0], &got),
                     ERR_BAD_SHARE);
        cr_expect_null(got.bytes);
        cr_expect_eq(version_open_resealed(v, 1, &other, bytes_span(&file), &x->reply, &got), OK);
        vault_free(x);
}

Test(version, an_approver_who_sends_a_wrong_scalar_is_found_out)
{
        struct vault *x = vault_new(2, 3);
        CLEANUP_SECRET struct secret bobs = SECRET_NONE, got = SECRET_NONE;
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        const struct version_fields *v = &x->v.fields;
        cr_assert_eq(open_own(x, 1, &bobs), OK);
        cr_assert_eq(version_reseal_share(v, 1, &bobs, &x->request, &x->reply_to, &file), OK);
        cr_expect_eq(version_open_resealed(v, 1, &x->request, bytes_span(&file), &x->reply, &got), ERR_BAD_SHARE);
        cr_expect_null(got.bytes);
        vault_free(x);
}

/* Every subset of need holders opens the version, none of one less does. */
Test(version, every_need_subset_opens_and_no_smaller_one_does)
{
        struct vault *x = vault_new(2, 4);
        for (unsigned mask = 1; mask < 16; mask++) {
                unsigned holders[4], indices[4], n = 0;
                for (unsigned i = 0; i < 4; i++)
                        if (mask >> i & 1)
                                holders[n++] = i;
                CLEANUP_SECRET struct secret scalars = SECRET_NONE, identity = SECRET_NONE;
                collect(x, holders, n, &scalars, indices);
                enum err e = version_combine(&x->v.fields, indices, &scalars, &identity);
                cr_expect_eq(e, n == 2 ? OK : ERR_BAD_SHARE, "mask %x: %s", mask, err_word(e));
                cr_expect_eq(identity.bytes != NULL, n == 2);
        }
        vault_free(x);
}

/* Commitments that belong together, but a recipient that does not: the secret would be somebody else's. */
Test(version, the_recipient_must_be_the_shared_key)
{
        struct vault *x = vault_new(2, 3);
        CLEANUP_SECRET struct secret scalars = SECRET_NONE, identity = SECRET_NONE;
        unsigned indices[2];
        char other[AGE_PUBLIC_TEXT];
        collect(x, (const unsigned[]){0, 1}, 2, &scalars, indices);
        open_key_format(&x->reply_to, other);
        x->v.fields.recipient = other;
        cr_expect_eq(version_combine(&x->v.fields, indices, &scalars, &identity), ERR_BAD_VERSION);
        cr_expect_null(identity.bytes);
        vault_free(x);
}

Test(version, a_swapped_ciphertext_is_refused)
{
        struct vault *x = vault_new(2, 3), *y = vault_new(2, 3);
        CLEANUP_SECRET struct secret scalars = SECRET_NONE, identity = SECRET_NONE;
        CLEANUP_DOCUMENT struct document d = {0};
        CLEANUP_BYTES struct bytes forged = BYTES_NONE;
        struct key recipient;
        unsigned indices[2];
        collect(x, (const unsigned[]){0, 1}, 2, &scalars, indices);
        cr_assert_eq(version_combine(&x->v.fields, indices, &scalars, &identity), OK);
        cr_expect_eq(version_open_document(&x->v.fields, bytes_span(&y->v.ciphertext), &identity, &d), ERR_BAD_BLOB);
        cr_expect_eq(version_open_document(&y->v.fields, bytes_span(&y->v.ciphertext), &identity, &d),
                     ERR_BAD_CONTAINER);

        /* under the right key, with the hash made to fit, but another credential's document inside */
        struct document_field f = {.name = "a", .value = (const unsigned char *)"b", .len = 1};
        struct version_fields v = x->v.fields;
        CLEANUP_DOCUMENT struct document other;
        cr_assert_eq(document_build("prod/postgres/other", 3, &f, 1, &other), OK);
        cr_assert_eq(age_public_of(&identity, &recipient), OK);
        cr_assert_eq(age_seal(&recipient, span_of(other.raw.bytes, other.raw.len), &forged), OK);
        v.ciphertext_sha256 = hash_of(bytes_span(&forged));
        v.ciphertext_bytes = forged.n;
        cr_expect_eq(version_open_document(&v, bytes_span(&forged), &identity, &d), ERR_BAD_VERSION);
        v.ciphertext_bytes++;
        cr_expect_eq(version_open_document(&v, bytes_span(&forged), &identity, &d), ERR_BAD_BLOB);
        vault_free(x);
        vault_free(y);
}

Test(version, versions_that_contradict_themselves_are_refused)
{
        struct vault *x = vault_new(2, 3);
        const struct version_fields good = x->v.fields;
        struct version_fields v;
#define REFUSED(expected, change)                                                                                    \
        v = good;                                                                                                    \
        change;                                                                                                      \
        cr_expect_eq(version_check(&v), expected, #change)
        REFUSED(OK, (void)0);
        REFUSED(ERR_BAD_VERSION, v.need = 0; v.n_commitments = 0);
        REFUSED(ERR_BAD_VERSION, v.need = 3);
        REFUSED(ERR_BAD_VERSION, v.need = 1);
        REFUSED(ERR_BAD_VERSION, v.n_commitments = 1);
        REFUSED(ERR_BAD_VERSION, v.n_commitments = 3);
        REFUSED(ERR_BAD_VERSION, v.need = v.n_commitments = 4);
        REFUSED(ERR_BAD_VERSION, v.n_shares = 33);
        REFUSED(ERR_BAD_VERSION, v.n_shares = 1);
        REFUSED(ERR_BAD_VERSION, memset(v.commitments[0], 0, POINT_BYTES));
        REFUSED(ERR_BAD_VERSION, memset(v.commitments[1], 0xff, POINT_BYTES));
        REFUSED(ERR_BAD_VERSION, v.shares[0].index = 0);
        REFUSED(ERR_BAD_VERSION, v.shares[0].index = 4);
        REFUSED(ERR_BAD_VERSION, v.shares[0].index = 2);
        REFUSED(ERR_BAD_VERSION, v.shares[2].holder = "alice");
        REFUSED(ERR_BAD_VERSION, v.shares[2].recipient = v.shares[0].recipient);
        REFUSED(ERR_BAD_VERSION, v.shares[1].recipient = v.recipient);
        REFUSED(ERR_BAD_KEY, v.shares[1].recipient = "age1");
        REFUSED(ERR_BAD_KEY, v.recipient = "");
        vault_free(x);
}

Test(version, what_cannot_be_opened_again_is_not_sealed)
{
        struct vault *x = vault_new(2, 3);
        sealed_version_done(&x->v);
        x->need = 4;
        cr_expect_eq(seal(x, "a", 1), ERR_RANGE);
        x->need = 0;
        cr_expect_eq(seal(x, "a", 1), ERR_RANGE);
        x->need = 2;
        x->holder[1] = x->holder[0]; /* two shares in one hand */
        cr_expect_eq(seal(x, "a", 1), ERR_BAD_VERSION);
        memset(x->holder[1].opens.b, 0, KEY_BYTES);
        cr_expect_eq(seal(x, "a", 1), ERR_BAD_KEY);
        cr_expect_null(x->v.ciphertext.p);
        vault_free(x);
}

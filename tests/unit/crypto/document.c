#include "quorum/document.h"
#include <criterion/criterion.h>
#include <string.h>

#define CREDENTIAL "prod/postgres/root"

static struct document_field field(const char *name, const void *value, size_t len)
{
        struct document_field f = {.value = value, .len = len};
        snprintf(f.name, sizeof f.name, "%s", name);
        return f;
}

static struct secret raw_of(const char *text, size_t len)
{
        struct secret s;
        size_t n = strlen(text);
        cr_assert_eq(secret_new(len, &s), OK);
        memcpy(s.bytes, text, n < len ? n : len);
        return s;
}

static enum err try_read(const void *bytes, size_t n, struct document *ret)
{
        CLEANUP_SECRET struct secret raw = SECRET_NONE;
        cr_assert_eq(secret_copy(bytes, n, &raw), OK);
        enum err e = document_read(&raw, CREDENTIAL, 3, ret);
        cr_expect_null(raw.bytes, "document_read() takes the bytes over");
        cr_expect(e == OK || !ret->raw.bytes);
        return e;
}

Test(document, it_has_exactly_the_bytes_of_the_protocol)
{
        CLEANUP_DOCUMENT struct document d;
        const struct document_field fields[] = {field("user", "root", 4), field("password", "a\nb", 3)};
        cr_assert_eq(document_build(CREDENTIAL, 3, fields, 2, &d), OK);
        CLEANUP_SECRET struct secret want =
                raw_of("breakglass-secret/v1 prod/postgres/root 3\nuser 4\nroot\npassword 3\na\nb\n", 256);
        cr_expect(secret_equal(&d.raw, &want));
        cr_expect_eq(d.n_fields, 2);
        cr_expect_eq(d.field[1].len, 3);
        cr_expect(d.field[1].value > d.raw.bytes && d.field[1].value < d.raw.bytes + 256);
}

Test(document, what_was_built_reads_back)
{
        unsigned char binary[300];
        for (size_t i = 0; i < sizeof binary; i++)
                binary[i] = (unsigned char)i; /* NULs and newlines too */
        CLEANUP_DOCUMENT struct document built, read;
        const struct document_field fields[] = {field("key", binary, sizeof binary), field("x", "\0", 1)};
        cr_assert_eq(document_build(CREDENTIAL, 3, fields, 2, &built), OK);
        cr_assert_eq(try_read(built.raw.bytes, built.raw.len, &read), OK);
        cr_assert_eq(read.n_fields, 2);
        cr_expect_eq(document_field(&read, "key")->len, sizeof binary);
        cr_expect_arr_eq(document_field(&read, "key")->value, binary, sizeof binary);
        cr_expect_eq(document_field(&read, "x")->len, 1);
        cr_expect_null(document_field(&read, "y"));
}

Test(document, padding_fills_to_256_and_adds_nothing_when_it_fits)
{
        const size_t around = strlen("breakglass-secret/v1 prod/postgres/root 3\np 210\n\n");
        unsigned char value[512] = {7};
        for (size_t n = 100; n < 400; n++) {
                CLEANUP_DOCUMENT struct document built, read;
                const struct document_field f = field("p", value, n);
                cr_assert_eq(document_build(CREDENTIAL, 3, &f, 1, &built), OK);
                cr_expect_eq(built.raw.len, (around + n + 255) / 256 * 256);
                cr_expect_eq(try_read(built.raw.bytes, built.raw.len, &read), OK, "%zu", n);
        }
}

Test(document, one_mebibyte_counts_the_padding)
{
        const size_t around = strlen("breakglass-secret/v1 prod/postgres/root 3\np 1048526\n\n");
        CLEANUP_FREE unsigned char *value = mem_new(1, DOCUMENT_MAX + 1);
        CLEANUP_DOCUMENT struct document fits, read, over;
        struct document_field f = field("p", value, DOCUMENT_MAX - around);
        cr_assert_eq(document_build(CREDENTIAL, 3, &f, 1, &fits), OK);
        cr_expect_eq(fits.raw.len, DOCUMENT_MAX);
        cr_expect_eq(try_read(fits.raw.bytes, fits.raw.len, &read), OK);
        f.len++;
        cr_expect_eq(document_build(CREDENTIAL, 3, &f, 1, &over), ERR_TOO_LARGE);
        f.len = SIZE_MAX - 10;
        cr_expect_eq(document_build(CREDENTIAL, 3, &f, 1, &over), ERR_TOO_LARGE);
}

Test(document, secrets_that_make_no_sense_are_not_built)
{
        struct document_field many[DOCUMENT_FIELDS_MAX + 1];
        for (unsigned i = 0; i < COUNT_OF(many); i++) {
                many[i] = field("f", "v", 1);
                snprintf(many[i].name, sizeof many[i].name, "f%u", i);
        }
        const struct document_field twice[] = {field("a", "1", 1), field("a", "2", 1)};
        const struct document_field empty[] = {field("a", "", 0)};
        CLEANUP_DOCUMENT struct document d;
        cr_expect_eq(document_build(CREDENTIAL, 3, many, 0, &d), ERR_USAGE);
        cr_expect_eq(document_build(CREDENTIAL, 3, many, COUNT_OF(many), &d), ERR_USAGE);
        cr_expect_eq(document_build(CREDENTIAL, 3, twice, 2, &d), ERR_USAGE);
        cr_expect_eq(document_build(CREDENTIAL, 3, empty, 1, &d), ERR_USAGE);
        cr_expect_eq(document_build("two words", 3, many, 1, &d), ERR_USAGE);
        cr_expect_eq(document_build("a\nb", 3, many, 1, &d), ERR_USAGE);
        static const char *const names[] = {"", "-a", ".a", "a b", "a\nb", "\xc3\xa4", "a/b", "a="};
        for (size_t i = 0; i < COUNT_OF(names); i++) {
                const struct document_field f = field(names[i], "v", 1);
                cr_expect_eq(document_build(CREDENTIAL, 3, &f, 1, &d), ERR_USAGE, "%s", names[i]);
        }
}

Test(document, another_credential_or_number_is_a_mismatch)
{
        static const char *const rows[] = {
                "breakglass-secret/v1 prod/postgres/root 4\na 1\nx\n",
                "breakglass-secret/v1 prod/postgres/root 33\na 1\nx\n",
                "breakglass-secret/v1 prod/postgres/roo 3\na 1\nx\n",
                "breakglass-secret/v1 other 3\na 1\nx\n",
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_DOCUMENT struct document d;
                CLEANUP_SECRET struct secret raw = raw_of(rows[i], 256);
                cr_expect_eq(try_read(raw.bytes, raw.len, &d), ERR_MISMATCH, "row %zu", i);
        }
}

Test(document, malformed_documents_are_refused)
{
#define HEAD "breakglass-secret/v1 prod/postgres/root 3\n"
        static const struct {
                const char *text;
                size_t len;
        } rows[] = {
                {"breakglass-secret/v2 prod/postgres/root 3\na 1\nx\n", 256},
                {HEAD "a 1\nx\n", 255},
                {HEAD "a 1\nx\n", 512},  /* more padding than needed */
                {HEAD, 256},             /* no field */
                {HEAD "a 1\nxy", 256},   /* no newline where it ends */
                {HEAD "a 01\nx\n", 256}, /* leading zero */
                {HEAD "a +1\nx\n", 256},
                {HEAD "a \nx\n", 256},
                {HEAD "a 1 \nx\n", 256},
                {HEAD "a  1\nx\n", 256},
                {HEAD "a\nx\n", 256},
                {HEAD "a 256\nx\n", 256},
                {HEAD "a 99999999\nx", 256},
                {HEAD "a 1\nx\na 1\ny\n", 256},
                {HEAD "-a 1\nx\n", 256},
                {HEAD "a 1\nx\n\n", 256},
                {HEAD " 1\nx\n", 256},
                {HEAD "a 212\n", 256},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_DOCUMENT struct document d;
                CLEANUP_SECRET struct secret raw = raw_of(rows[i].text, rows[i].len);
                cr_expect_eq(try_read(raw.bytes, raw.len, &d), ERR_BAD_CONTAINER, "row %zu", i);
        }
        CLEANUP_DOCUMENT struct document d;
        CLEANUP_SECRET struct secret raw = raw_of(HEAD "a 1\nx\n", 256);
        cr_expect_eq(try_read(raw.bytes, raw.len, &d), OK);
        raw.bytes[255] = 1; /* something behind the padding */
        cr_expect_eq(try_read(raw.bytes, raw.len, &d), ERR_BAD_CONTAINER);
        cr_expect_eq(try_read("", 0, &d), ERR_BAD_CONTAINER);
}

Test(document, a_document_cut_anywhere_is_refused)
{
        CLEANUP_DOCUMENT struct document built;
        unsigned char value[400] = {7};
        const struct document_field f = field("p", value, sizeof value);
        cr_assert_eq(document_build(CREDENTIAL, 3, &f, 1, &built), OK);
        for (size_t n = 1; n < built.raw.len; n++) {
                CLEANUP_DOCUMENT struct document d;
                cr_expect_neq(try_read(built.raw.bytes, n, &d), OK, "%zu", n);
        }
}

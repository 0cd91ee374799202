#include "rotators/hooks/ssh_key_file.h"
#include "rotators/value.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

static enum err read_text(const void *p, size_t n, struct ssh_key *ret)
{
        CLEANUP_SECRET struct secret copy = SECRET_NONE; /* of exact size, with the NUL that every field has */
        cr_assert_eq(secret_new(n + 1, &copy), OK);
        memcpy(copy.bytes, p, n);
        const struct hook_field f = {.value = copy.bytes, .len = n};
        return ssh_key_read(&f, ret);
}

Test(ssh_key_file, a_key_of_ours_is_read_and_signs)
{
        CLEANUP_SECRET struct secret made = SECRET_NONE;
        CLEANUP_SSH_KEY struct ssh_key key = {.blob = BYTES_NONE};
        unsigned char signature[crypto_sign_BYTES];
        cr_assert_eq(value_new_ssh(&made), OK);
        cr_assert_eq(read_text(made.bytes, made.len, &key), OK);
        cr_assert_eq(key.private.len, crypto_sign_SECRETKEYBYTES);
        cr_assert_eq(crypto_sign_detached(signature, NULL, (const unsigned char *)"x", 1, key.private.bytes), 0);
        cr_expect_eq(
                crypto_sign_verify_detached(signature, (const unsigned char *)"x", 1, key.blob.p + key.blob.n - 32),
                0);
}

Test(ssh_key_file, every_prefix_is_refused)
{
        CLEANUP_SECRET struct secret made = SECRET_NONE;
        cr_assert_eq(value_new_ssh(&made), OK);
        size_t whole = (size_t)((unsigned char *)memmem(made.bytes, made.len, "-----END", 8) - made.bytes);
        for (size_t n = 0; n < whole; n++) {
                CLEANUP_SSH_KEY struct ssh_key key = {.blob = BYTES_NONE};
                cr_expect_eq(read_text(made.bytes, n, &key), ERR_BAD_CONTAINER, "%zu bytes", n);
        }
}

Test(ssh_key_file, a_shortened_binary_is_refused)
{
        static const char *const bad[] = {"", "b3BlbnNzaC1rZXktdjEA",
                                          "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ==", "####"};
        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE;
                CLEANUP_SSH_KEY struct ssh_key key = {.blob = BYTES_NONE};
                bytes_printf(&text, "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n",
                             bad[i]);
                cr_expect_eq(read_text(text.p, text.n, &key), ERR_BAD_CONTAINER, "row %zu", i);
        }
}

#define KEY "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"

Test(ssh_key_file, lines_give_their_key_and_comment_whatever_stands_before)
{
        static const struct {
                const char *text, *base64, *comment;
        } rows[] = {
                {"ssh-ed25519 " KEY " somebody else\n", KEY, "somebody else"},
                {"from=\"AAAA,b c\",no-pty ssh-ed25519 " KEY "\n", KEY, ""},
                {"command=\"echo AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" ssh-ed25519 " KEY " x", KEY, "x"},
                {"# ssh-ed25519 " KEY "\n", "", ""},
                {"\n", "", ""},
                {"nothing that we know\n", "", ""},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct span text = span_text(rows[i].text);
                struct ssh_line line;
                cr_assert(ssh_line_next(&text, &line), "row %zu", i);
                cr_expect(span_is(line.base64, rows[i].base64), "row %zu", i);
                cr_expect(span_is(line.comment, rows[i].comment), "row %zu", i);
                cr_expect_not(ssh_line_next(&text, &line), "row %zu", i);
        }
}

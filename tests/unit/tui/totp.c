#include "tui/totp.h"
#include "base/clock.h"
#include "tui/secret_view.h"
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

/* RFC 6238, appendix B: the seeds are "12345678901234567890" and its continuations, in base32. */
#define SEED_20 "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define SEED_32 "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA===="
#define SEED_64                                                                                                      \
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA"

static struct document_field field_of(const char *text)
{
        return (struct document_field){"totp", (const unsigned char *)text, strlen(text)};
}

static enum err code_at(const char *address, int64_t s, char ret[TOTP_TEXT + 1], unsigned *ret_left_s)
{
        CLEANUP_SECRET struct secret code = SECRET_NONE;
        struct document_field f = field_of(address);
        enum err e = totp_code(&f, s * SECOND_MS, &code, ret_left_s);

        if (e == OK)
                memcpy(ret, code.bytes, TOTP_TEXT);
        ret[e == OK ? TOTP_TEXT : 0] = '\0';
        return e;
}

Test(totp, codes_are_those_of_rfc_6238)
{
        static const struct {
                const char *address;
                int64_t at_s;
                const char *code;
                unsigned left_s;
        } cases[] = {
                {"otpauth://totp/a?digits=8&secret=" SEED_20, 59, "9428 7082 ", 1},
                {"otpauth://totp/a?digits=8&secret=" SEED_20, 1111111109, "0708 1804 ", 1},
                {"otpauth://totp/a?digits=8&secret=" SEED_20, 20000000000, "6535 3130 ", 10},
                {"otpauth://totp/a?digits=8&algorithm=SHA256&secret=" SEED_32, 59, "4611 9246 ", 1},
                {"otpauth://totp/a?digits=8&algorithm=SHA256&secret=" SEED_32, 1111111111, "6706 2674 ", 29},
                {"otpauth://totp/a?digits=8&algorithm=SHA512&secret=" SEED_64, 59, "9069 3936 ", 1},
                {"otpauth://totp/a?digits=8&algorithm=SHA512&secret=" SEED_64, 1234567890, "9344 1116 ", 30},
                {"OTPAUTH://TOTP/acme:root?issuer=acme&Secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq\n", 59, "287 082   ",
                 1},
                {"otpauth://totp/a?period=60&digits=7&secret=" SEED_20, 60, "428 7082  ", 60},
        };

        for (size_t i = 0; i < COUNT_OF(cases); i++) {
                char code[TOTP_TEXT + 1];
                unsigned left_s = 0;

                cr_expect_eq(code_at(cases[i].address, cases[i].at_s, code, &left_s), OK, "row %zu", i);
                cr_expect_str_eq(code, cases[i].code, "row %zu: %s", i, code);
                cr_expect_eq(left_s, cases[i].left_s, "row %zu: %u", i, left_s);
        }
}

Test(totp, what_is_no_such_address_is_shown_as_text)
{
        static const char *const texts[] = {
                "",
                "hunter2",
                "otpauth://totp/",
                "otpauth://totp/a",
                "otpauth://totp/a?secret=",
                "otpauth://totp/a?secret=====",
                "otpauth://totp/a?secret=GEZ1",
                "otpauth://totp/a?issuer=acme",
                "otpauth://hotp/a?counter=1&secret=" SEED_20,
                "otpauth://totp/a?digits=5&secret=" SEED_20,
                "otpauth://totp/a?digits=9&secret=" SEED_20,
                "otpauth://totp/a?digits=&secret=" SEED_20,
                "otpauth://totp/a?digits=99999999999999999999&secret=" SEED_20,
                "otpauth://totp/a?period=0&secret=" SEED_20,
                "otpauth://totp/a?period=301&secret=" SEED_20,
                "otpauth://totp/a?algorithm=MD5&secret=" SEED_20,
        };

        for (size_t i = 0; i < COUNT_OF(texts); i++) {
                struct document_field f = field_of(texts[i]);
                char code[TOTP_TEXT + 1];
                unsigned left_s;

                cr_expect_not(totp_is_in(&f), "%s", texts[i]);
                cr_expect_eq(code_at(texts[i], 59, code, &left_s), ERR_RANGE, "%s", texts[i]);
        }
}

Test(totp, every_prefix_of_an_address_is_read_within_its_bytes)
{
        static const char whole[] = "otpauth://totp/a?digits=8&algorithm=SHA256&period=30&secret=" SEED_20;

        for (size_t n = 0; n < sizeof(whole); n++) {
                unsigned char *exact = memcpy(malloc(n ? n : 1), whole, n);
                struct document_field f = {"totp", exact, n};

                /* GE is a seed of one byte. */
                cr_expect_eq(totp_is_in(&f), n >= strlen(whole) - strlen(SEED_20) + 2, "%zu", n);
                free(exact);
        }
}

Test(totp, the_code_is_written_alone_with_the_time_that_it_goes_on)
{
        struct document_field f = field_of("otpauth://totp/a?secret=" SEED_20);
        char seen[128] = "";
        int fds[2];

        cr_assert_eq(pipe(fds), 0);
        secret_write_code(&f, 47 * SECOND_MS, 75, fds[1]);
        cr_assert_eq(read(fds[0], seen, sizeof(seen) - 1), 75);
        cr_assert(strncmp(seen, "287 082     for 13 s more   ", 28) == 0, "%s", seen);
        close(fds[0]);
        close(fds[1]);
}

#include "broker/hook_sign.h"
#include "base/clock.h"
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

/* The example of the Standard Webhooks specification. */
#define KEY       "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID        "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define AT        "1614265330"
#define AT_MS     (INT64_C(1614265330) * SECOND_MS)
#define BODY      "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void init(void)
{
        cr_assert(sodium_init() >= 0);
}

TestSuite(hook_sign, .init = init);

static enum err read_key(const char *text, struct secret *ret)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        cr_assert_eq(secret_copy(text, strlen(text), &s), OK);
        return hook_read_hmac(&s, ret);
}

static enum err check(const char *id, const char *at, const char *signature, const char *body, int64_t now_ms)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        cr_assert_eq(read_key(KEY, &key), OK, "%s", err_reason());
        const struct hook_keys keys = {.hmac = &key};
        const struct hook_headers headers = {id, at, signature};
        return hook_check_standard(&keys, &headers, span_text(body), now_ms);
}

Test(hook_sign, the_specifications_example_is_good)
{
        cr_expect_eq(check(ID, AT, SIGNATURE, BODY, AT_MS), OK);
        cr_expect_eq(check(ID, AT, SIGNATURE, BODY, AT_MS + HOOK_TOLERANCE_MS), OK);
        cr_expect_eq(check(ID, AT, SIGNATURE, BODY, AT_MS - HOOK_TOLERANCE_MS), OK);
        cr_expect_eq(check(ID, AT, "v1,AAAA v2,x " SIGNATURE, BODY, AT_MS), OK, "one of several is enough");
}

Test(hook_sign, everything_else_is_refused)
{
        static const struct {
                const char *id, *at, *signature, *body;
                int64_t now_ms;
        } rows[] = {
                {NULL, AT, SIGNATURE, BODY, AT_MS},
                {"", AT, SIGNATURE, BODY, AT_MS},
                {ID "x", AT, SIGNATURE, BODY, AT_MS},
                {"msg 1", AT, SIGNATURE, BODY, AT_MS},
                {ID, NULL, SIGNATURE, BODY, AT_MS},
                {ID, "1614265331", SIGNATURE, BODY, AT_MS},
                {ID, "-1614265330", SIGNATURE, BODY, AT_MS},
                {ID, "1614265330.0", SIGNATURE, BODY, AT_MS},
                {ID, "99999999999999999999", SIGNATURE, BODY, AT_MS},
                {ID, AT, SIGNATURE, BODY, AT_MS + HOOK_TOLERANCE_MS + 1},
                {ID, AT, SIGNATURE, BODY, AT_MS - HOOK_TOLERANCE_MS - 1},
                {ID, AT, NULL, BODY, AT_MS},
                {ID, AT, "", BODY, AT_MS},
                {ID, AT, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, AT_MS},
                {ID, AT, "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY, AT_MS},
                {ID, AT, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1O", BODY, AT_MS},
                {ID, AT, "v1," SIGNATURE, BODY, AT_MS},
                {ID, AT, "x x x x x x x x x x x x x x x x " SIGNATURE, BODY, AT_MS},
                {ID, AT, SIGNATURE, BODY " ", AT_MS},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++)
                cr_expect_eq(check(rows[i].id, rows[i].at, rows[i].signature, rows[i].body, rows[i].now_ms), ERR_AUTH,
                             "row %zu", i);
}

Test(hook_sign, an_ed25519_signature_counts_where_its_public_key_is_configured)
{
        unsigned char seed[32] = {7}, public[32], private[64], signature[64], read[32];
        CLEANUP_BYTES struct bytes header = BYTES_NONE, text = BYTES_NONE;
        static const char content[] = ID "." AT "." BODY;
        cr_assert_eq(crypto_sign_seed_keypair(public, private, seed), 0);
        cr_assert_eq(
                crypto_sign_detached(signature, NULL, (const unsigned char *)content, sizeof content - 1, private),
                0);
        bytes_add_text(&header, "v1a,");
        bytes_add_base64(&header, span_of(signature, sizeof signature));
        bytes_add_text(&text, "whpk_");
        bytes_add_base64(&text, span_of(public, sizeof public));
        cr_assert_eq(hook_read_ed25519(bytes_span(&text), read), OK);
        const struct hook_headers headers = {ID, AT, bytes_text(&header)};
        const struct hook_keys ours = {.ed25519 = read}, none = {0};
        cr_expect_eq(hook_check_standard(&ours, &headers, span_text(BODY), AT_MS), OK);
        cr_expect_eq(hook_check_standard(&none, &headers, span_text(BODY), AT_MS), ERR_AUTH);
        cr_expect_eq(hook_check_standard(&ours, &headers, span_text(BODY "x"), AT_MS), ERR_AUTH);
        const struct hook_headers hmac = {ID, AT, SIGNATURE};
        cr_expect_eq(hook_check_standard(&ours, &hmac, span_text(BODY), AT_MS), ERR_AUTH);
}

Test(hook_sign, a_key_that_is_none_is_refused)
{
        static const char *const rows[] = {"",           "whsec_",     "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                           "whsec_????", "whsec_AAAA", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa"};
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_SECRET struct secret key = SECRET_NONE;
                if (*rows[i])
                        cr_expect_eq(read_key(rows[i], &key), ERR_CONFIG, "row %zu", i);
        }
        unsigned char public[32];
        cr_expect_eq(hook_read_ed25519(span_text("whpk_AAAA"), public), ERR_CONFIG);
        cr_expect_eq(hook_read_ed25519(span_text("whpk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), public),
                     ERR_CONFIG, "a point of low order signs for everybody");
}

Test(hook_sign, pagerdutys_signature_is_over_the_body)
{
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        cr_assert_eq(secret_copy("key", 3, &key), OK);
        /* RFC-style known answer: HMAC-SHA256("key", "The quick brown fox jumps over the lazy dog"). */
        static const char good[] = "v1=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
        struct span body = span_text("The quick brown fox jumps over the lazy dog");
        cr_expect_eq(hook_check_pagerduty(&key, good, body), OK);
        cr_expect_eq(
                hook_check_pagerduty(
                        &key, "v1=00, v1=f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8", body),
                OK);
        cr_expect_eq(hook_check_pagerduty(&key, NULL, body), ERR_AUTH);
        cr_expect_eq(hook_check_pagerduty(&key, good + 3, body), ERR_AUTH);
        cr_expect_eq(hook_check_pagerduty(&key, good, span_text("the quick brown fox")), ERR_AUTH);
}

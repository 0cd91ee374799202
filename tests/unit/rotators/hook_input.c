#include "rotators/hooks/hook_input.h"
#include <criterion/criterion.h>
#include <string.h>

#define GOOD                                                                                                         \
        "{\"step\":\"set\",\"idempotency_key\":\"k-1\",\"credential\":\"prod/db\",\"config\":{\"path\":\"/x\","      \
        "\"port\":5432},\"pending\":{\"password\":\"aHVudGVyMg==\",\"note\":\"\"},\"handle\":\"sha256:00\","         \
        "\"opened\":{\"password\":\"b2xk\"},\"deadline\":1764000000000}"

/* Reads an exact-size copy, so that reading one byte too far is a fault. */
static enum err read_text(const char *text, size_t n, struct hook_input *ret)
{
        CLEANUP_SECRET struct secret copy = SECRET_NONE;
        if (n > 0)
                cr_assert_eq(secret_copy(text, n, &copy), OK);
        return hook_input_read(span_of(copy.bytes, copy.len), ret);
}

Test(hook_input, fields_come_out_decoded_and_the_rest_readable)
{
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        cr_assert_eq(read_text(GOOD, strlen(GOOD), &in), OK, "%s", err_reason());
        cr_expect_str_eq((const char *)hook_field(&in.pending, "password")->value, "hunter2");
        cr_expect_eq(hook_field(&in.pending, "password")->len, 7);
        cr_expect_eq(hook_field(&in.pending, "note")->len, 0);
        cr_expect_str_eq((const char *)hook_field(&in.opened, "password")->value, "old");
        cr_expect_null(hook_field(&in.opened, "note"));
        cr_expect_str_eq(in.credential, "prod/db");
        cr_expect_str_eq(in.handle, "sha256:00");
        cr_expect_eq(in.deadline_ms, INT64_C(1764000000000));
        cr_assert_eq(hook_config(&in, "port", NULL, &text), OK);
        cr_expect_str_eq(bytes_text(&text), "5432");
        cr_expect_eq(hook_config(&in, "none", NULL, &text), ERR_CONFIG);
}

Test(hook_input, the_json_library_never_sees_a_secret)
{
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        cr_assert_eq(read_text(GOOD, strlen(GOOD), &in), OK);
        char *seen = json_dumps(in.public_, 0);
        cr_expect_not(strstr(seen, "aHVudGVyMg"));
        cr_expect_not(strstr(seen, "hunter2"));
        cr_expect_not(strstr(seen, "b2xk"));
        free(seen);
}

Test(hook_input, every_prefix_is_refused)
{
        for (size_t n = 0; n < strlen(GOOD); n++) {
                CLEANUP_HOOK_INPUT struct hook_input in = {0};
                cr_expect_neq(read_text(GOOD, n, &in), OK, "%zu bytes", n);
        }
}

Test(hook_input, what_is_malformed_is_refused)
{
#define WITH(pairs) "{\"idempotency_key\":\"k\",\"credential\":\"c\",\"config\":{}" pairs "}"
        static const char *const bad[] = {
                "[]",
                "{}",
                WITH("") "x",
                WITH(",\"pending\":{},\"pending\":{}"),
                WITH(",\"pending\":{\"a\":\"YQ==\",\"a\":\"YQ==\"}"),
                WITH(",\"pending\":{\"a\":\"YQ=\"}"),
                WITH(",\"pending\":{\"a\":\"Y Q==\"}"),
                WITH(",\"pending\":{\"a\":\"YR==\"}"),
                WITH(",\"pending\":{\"a\":7}"),
                WITH(",\"pending\":{\"a b\":\"YQ==\"}"),
                WITH(",\"pending\":{\"\":\"YQ==\"}"),
                WITH(",\"pending\":\"YQ==\""),
                WITH(",\"pending\":{\"a\":\"YQ==\"},,"),
                WITH(",\"pend\\u0069ng\":{\"a\":\"YQ==\"}"), /* must not slip through to the JSON library */
                WITH(",\"handle\":7"),
                WITH(",\"deadline\":-1"),
                WITH(",\"step\":[[[[[[[[[[[[[[]]]]]]]]]]]]]]"),
        };
        for (size_t i = 0; i < COUNT_OF(bad); i++) {
                CLEANUP_HOOK_INPUT struct hook_input in = {0};
                cr_expect_neq(read_text(bad[i], strlen(bad[i]), &in), OK, "row %zu: %s", i, bad[i]);
        }
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        cr_expect_eq(read_text(WITH(""), strlen(WITH("")), &in), OK, "%s", err_reason());
        cr_expect_not(in.pending.is_given);
}

Test(hook_input, more_fields_than_the_limit_are_refused)
{
        for (unsigned n = HOOK_FIELDS_MAX; n <= HOOK_FIELDS_MAX + 1; n++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE;
                CLEANUP_HOOK_INPUT struct hook_input in = {0};
                bytes_add_text(&text, "{\"idempotency_key\":\"k\",\"credential\":\"c\",\"config\":{},\"pending\":{");
                for (unsigned i = 0; i < n; i++)
                        bytes_printf(&text, "%s\"f%u\":\"\"", i ? "," : "", i);
                bytes_add_text(&text, "}}");
                cr_expect_eq(read_text((const char *)text.p, text.n, &in) == OK, n == HOOK_FIELDS_MAX, "%u fields",
                             n);
        }
}

Test(hook_input, a_key_that_only_a_later_rotator_knows_is_ignored)
{
        static const char text[] = WITH(",\"stranger\":{\"of\":[1]}");
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        cr_assert_eq(read_text(text, strlen(text), &in), OK, "%s", err_reason());
}

Test(hook_input, a_configuration_with_an_unknown_key_is_refused)
{
        static const char *const known[] = {"path", NULL}, *const all[] = {"path", "port", NULL};
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        cr_assert_eq(read_text(GOOD, strlen(GOOD), &in), OK);
        cr_expect_eq(hook_config_check(&in, known), ERR_CONFIG);
        cr_expect_eq(hook_config_check(&in, all), OK);
}

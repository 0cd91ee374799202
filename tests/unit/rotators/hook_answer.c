#include "base/clock.h"
#include "base/file.h"
#include "rotators/hooks/hook.h"
#include <criterion/criterion.h>
#include <unistd.h>

static void expect_line(const struct hook_answer *a, const char *expected)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        hook_answer_write(a, &line);
        cr_expect_str_eq(bytes_text(&line), expected);
}

Test(hook_answer, the_last_line_says_status_handle_evidence_and_why)
{
        struct hook_answer a = {.exit = PLUGIN_UNKNOWN};
        expect_line(&a, "{\"status\":\"unknown\"}\n");
        bytes_add_text(&a.handle, "sha256:00");
        hook_ok(&a, "works");
        expect_line(&a, "{\"status\":\"ok\",\"handle\":\"sha256:00\",\"evidence\":\"works\"}\n");
        hook_fail(&a, PLUGIN_FAILED, "too\nshort");
        a.is_value_rejected = true;
        expect_line(&a, "{\"status\":\"failed\",\"handle\":\"sha256:00\",\"value\":\"rejected\",\"why\":"
                        "\"too\\\\nshort\"}\n");
        hook_answer_done(&a);
}

Test(hook_answer, how_long_to_wait_is_said_with_try_again_alone_and_bounded)
{
        struct hook_answer a = {.retry_after_s = 7};
        hook_fail(&a, PLUGIN_TRY_AGAIN, "busy");
        expect_line(&a, "{\"status\":\"failed\",\"retry_after_s\":7,\"why\":\"busy\"}\n");
        a.retry_after_s = 86400;
        expect_line(&a, "{\"status\":\"failed\",\"retry_after_s\":3600,\"why\":\"busy\"}\n");
        hook_fail(&a, PLUGIN_UNKNOWN, "busy");
        expect_line(&a, "{\"status\":\"unknown\",\"why\":\"busy\"}\n");
        hook_answer_done(&a);
}

Test(hook_answer, a_deadline_that_is_over_still_leaves_a_second)
{
        struct hook_input in = {.deadline_ms = clock_now_ms() - HOUR_MS};
        cr_expect_eq(hook_time_left_ms(&in, MINUTE_MS), SECOND_MS);
        in.deadline_ms = clock_now_ms() + HOUR_MS;
        cr_expect_eq(hook_time_left_ms(&in, MINUTE_MS), MINUTE_MS);
        in.deadline_ms = 0;
        cr_expect_eq(hook_time_left_ms(&in, MINUTE_MS), MINUTE_MS);
}

static void expect_printed(const struct hook_answer *a, const char *expected)
{
        char said[400] = "";
        int ends[2];
        cr_assert_eq(pipe(ends), 0);
        cr_assert_eq(hook_answer_print(a, ends[1]), OK);
        close(ends[1]);
        cr_assert_geq(read(ends[0], said, sizeof said - 1), 0);
        close(ends[0]);
        cr_expect_str_eq(said, expected);
}

Test(hook_answer, prepared_fields_come_in_base64_and_only_with_success)
{
        struct hook_answer a = {.exit = PLUGIN_UNKNOWN};
        cr_assert_eq(hook_answer_field(&a, "user", "app_b", 5), OK);
        cr_assert_eq(hook_answer_field(&a, "key", "k\0y", 3), OK);
        hook_ok(&a, NULL);
        expect_printed(&a, "{\"status\":\"ok\",\"fields\":{\"user\":\"YXBwX2I=\",\"key\":\"awB5\"}}\n");
        hook_fail(&a, PLUGIN_TRY_AGAIN, "away");
        expect_printed(&a, "{\"status\":\"failed\",\"why\":\"away\"}\n");
        hook_answer_done(&a);
        cr_expect_null(a.fields.bytes);
}

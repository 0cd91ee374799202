#include "base/clock.h"
#include "rotators/hooks/hook.h"
#include <criterion/criterion.h>

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

Test(hook_answer, a_deadline_that_is_over_still_leaves_a_second)
{
        struct hook_input in = {.deadline_ms = clock_now_ms() - HOUR_MS};
        cr_expect_eq(hook_time_left_ms(&in, MINUTE_MS), SECOND_MS);
        in.deadline_ms = clock_now_ms() + HOUR_MS;
        cr_expect_eq(hook_time_left_ms(&in, MINUTE_MS), MINUTE_MS);
        in.deadline_ms = 0;
        cr_expect_eq(hook_time_left_ms(&in, MINUTE_MS), MINUTE_MS);
}

#include "broker/courier.h"
#include "base/clock.h"
#include "tests/unit/base/folder.h"
#include <sodium.h>
#include <string.h>

static void init(void)
{
        cr_assert(sodium_init() >= 0);
        folder_make();
}

static const char *script(const char *name, const char *body)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bytes_printf(&text, "#!/bin/sh\n%s\n", body);
        return put_file(name, 0755, text.p, text.n);
}

Test(courier, only_an_accepted_line_and_exit_0_count_as_delivered, .init = init, .fini = folder_remove)
{
        static const struct {
                const char *body;
                enum delivery want;
        } rows[] = {
                {"echo '{\"status\":\"accepted\",\"id\":\"x\"}'", DELIVERY_ACCEPTED},
                {"echo noise; echo '{\"status\":\"accepted\"}'; echo", DELIVERY_ACCEPTED},
                {"echo '{\"status\":\"accepted\"}'; echo noise", DELIVERY_AGAIN},
                {"echo '{\"status\":\"failed\"}'", DELIVERY_AGAIN},
                {"true", DELIVERY_AGAIN},
                {"echo '{\"status\":\"accepted\"}'; exit 75", DELIVERY_AGAIN},
                {"exit 3", DELIVERY_AGAIN},
                {"exit 42", DELIVERY_AGAIN},
                {"kill -9 $$", DELIVERY_AGAIN},
                {"exit 1", DELIVERY_FAILED},
                {"exit 77", DELIVERY_FAILED},
                {"exit 78", DELIVERY_FAILED},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct delivery_result r;
                courier_deliver(script("n", rows[i].body), span_text("{}"), 20 * SECOND_MS, &r);
                cr_expect_eq(r.what, rows[i].want, "row %zu: %d (%s)", i, r.what, bytes_text(&r.detail));
                bytes_done(&r.detail);
        }
}

Test(courier, what_it_says_is_kept_short_and_on_one_line, .init = init, .fini = folder_remove)
{
        struct delivery_result r;
        courier_deliver(
                script("n", "printf '{\"status\":\"failed\",\"why\":\"a\\\\n%0500d\",\"retry_after\":7}' 1; exit 75"),
                span_text("{}"), 20 * SECOND_MS, &r);
        cr_expect_eq(r.what, DELIVERY_AGAIN);
        cr_expect_eq(r.retry_after_ms, 7 * SECOND_MS);
        cr_expect(r.detail.n > 10 && r.detail.n <= 200 && !memchr(r.detail.p, '\n', r.detail.n), "%s",
                  bytes_text(&r.detail));
        bytes_done(&r.detail);
}

Test(courier, a_missing_or_unsafe_program_keeps_the_page, .init = init, .fini = folder_remove)
{
        struct delivery_result r;
        courier_deliver(in_folder("none"), span_text("{}"), SECOND_MS, &r);
        cr_expect_eq(r.what, DELIVERY_AGAIN);
        bytes_done(&r.detail);
        const char *open = put_file("open", 0777, "#!/bin/sh\necho '{\"status\":\"accepted\"}'\n", 42);
        courier_deliver(open, span_text("{}"), SECOND_MS, &r);
        cr_expect_eq(r.what, DELIVERY_AGAIN);
        bytes_done(&r.detail);
}

Test(courier, a_notifier_gets_event_config_and_attempt, .init = init, .fini = folder_remove)
{
        CLEANUP_BYTES struct bytes input = BYTES_NONE;
        courier_input(span_text("{\"a\":1}"), span_text("{\"kind\":\"test\"}"), 3, &input);
        cr_expect_str_eq(bytes_text(&input), "{\"event\":{\"kind\":\"test\"},\"config\":{\"a\":1},\"attempt\":3}\n");
}

Test(courier, waits_grow_and_an_openings_wait_stays_short)
{
        cr_expect_eq(courier_backoff(1, false, 0, 0), 500);
        cr_expect_eq(courier_backoff(4, false, 0, 0), 4000);
        cr_expect_eq(courier_backoff(60, false, 0, 0), 5 * MINUTE_MS);
        cr_expect_eq(courier_backoff(60, true, 0, 0), 30 * SECOND_MS);
        cr_expect_eq(courier_backoff(1, false, 3600 * SECOND_MS, 0), HOUR_MS);
        cr_expect_eq(courier_backoff(1, false, 99 * HOUR_MS, 0), HOUR_MS);
        cr_expect_eq(courier_backoff(1, true, 3600 * SECOND_MS, 0), 60 * SECOND_MS);
        cr_expect_gt(courier_backoff(5, false, 0, 511), courier_backoff(5, false, 0, 0), "jitter");
}

#include "broker/delivery.h"
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

Test(delivery, only_an_accepted_line_and_exit_0_count_as_delivered, .init = init, .fini = folder_remove)
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
                {"exit 77", DELIVERY_BLOCKED},
                {"exit 78", DELIVERY_BLOCKED},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct delivery_result r;
                delivery_run(script("n", rows[i].body), span_text("{}"), 20 * SECOND_MS, &r);
                cr_expect_eq(r.what, rows[i].want, "row %zu: %d (%s)", i, r.what, bytes_text(&r.detail));
                delivery_result_done(&r);
        }
}

Test(delivery, what_it_says_is_kept_short_and_on_one_line, .init = init, .fini = folder_remove)
{
        struct delivery_result r;
        delivery_run(
                script("n", "printf '{\"status\":\"failed\",\"why\":\"a\\\\n%0500d\",\"retry_after\":7}' 1; exit 75"),
                span_text("{}"), 20 * SECOND_MS, &r);
        cr_expect_eq(r.what, DELIVERY_AGAIN);
        cr_expect_eq(r.retry_after_ms, 7 * SECOND_MS);
        cr_expect(r.detail.n > 10 && r.detail.n <= 200 && !memchr(r.detail.p, '\n', r.detail.n), "%s",
                  bytes_text(&r.detail));
        delivery_result_done(&r);
}

Test(delivery, a_missing_or_unsafe_program_keeps_the_page, .init = init, .fini = folder_remove)
{
        struct delivery_result r;
        delivery_run(in_folder("none"), span_text("{}"), SECOND_MS, &r);
        cr_expect_eq(r.what, DELIVERY_BLOCKED);
        delivery_result_done(&r);
        static const char script[] = "#!/bin/sh\necho '{\"status\":\"accepted\"}'\n";
        const char *open = put_file("open", 0777, script, strlen(script));
        delivery_run(open, span_text("{}"), SECOND_MS, &r);
        cr_expect_eq(r.what, DELIVERY_BLOCKED);
        delivery_result_done(&r);
}

Test(delivery, a_notifier_gets_event_config_and_attempt, .init = init, .fini = folder_remove)
{
        CLEANUP_BYTES struct bytes input = BYTES_NONE;
        delivery_input(span_text("{\"a\":1}"), span_text("{\"kind\":\"test\"}"), 3, &input);
        cr_expect_str_eq(bytes_text(&input), "{\"event\":{\"kind\":\"test\"},\"config\":{\"a\":1},\"attempt\":3}\n");
}

Test(delivery, what_went_wrong_has_words, .init = init, .fini = folder_remove)
{
        static const struct {
                const char *body, *detail, *said;
        } rows[] = {
                {"echo hello", "exit code 0, but its last line is no {\"status\":\"accepted\"}", ""},
                {"exit 42", "exit code 42", ""},
                {"kill -11 $$", "died of signal 11", ""},
                {"yes", "more than 64 KiB of output: killed", ""},
                {"yes >&2", "more than 64 KiB of output: killed", "y"},
                {"exec sleep 60", "no end before its deadline: killed", ""},
                {"echo '{\"status\":\"accepted\"}'; exec sleep 60", "no end before its deadline: killed", ""},
                {"echo one >&2; echo two >&2; exit 75", "exit code 75", "two"},
                {"echo '{\"status\":\"failed\",\"why\":\"no room\"}'; exit 75", "no room", ""},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                struct delivery_result r;
                delivery_run(script("n", rows[i].body), span_text("{}"),
                             strstr(rows[i].body, "sleep") ? 300 : MINUTE_MS, &r);
                cr_expect_str_eq(bytes_text(&r.detail), rows[i].detail, "row %zu: %s", i, bytes_text(&r.detail));
                cr_expect_str_eq(bytes_text(&r.said), rows[i].said, "row %zu: %s", i, bytes_text(&r.said));
                cr_expect_neq(r.what, DELIVERY_ACCEPTED, "row %zu", i);
                delivery_result_done(&r);
        }
}

Test(delivery, a_notifier_finds_the_credentials_folder_and_nothing_else, .init = init, .fini = folder_remove)
{
        struct delivery_result r;
        setenv("CREDENTIALS_DIRECTORY", "/run/credentials/b", 1);
        setenv("TOKEN", "not yours", 1);
        delivery_run(script("n",
                            "printf '{\"status\":\"accepted\",\"id\":\"%s\"}' \"$(env | grep -v ^_= | cut -d= -f1 | "
                            "sort | tr '\\n' ' ')$CREDENTIALS_DIRECTORY\""),
                     span_text("{}"), MINUTE_MS, &r);
        cr_expect_str_eq(bytes_text(&r.detail), "CREDENTIALS_DIRECTORY LANG PATH PWD /run/credentials/b", "%s",
                         bytes_text(&r.detail));
        delivery_result_done(&r);
}

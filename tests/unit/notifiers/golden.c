/* The exact bytes of each channel's page, kept as files: a change that nobody meant shows as a difference.
 * GOLDEN_WRITE=1 in the environment writes them anew. */
#include "base/file.h"
#include "notifiers/email_message.h"
#include "notifiers/ntfy_message.h"
#include "notifiers/pagerduty_message.h"
#include "notifiers/slack_message.h"
#include "notifiers/syslog_message.h"
#include "notifiers/teams_message.h"
#include "notifiers/webhook_message.h"
#include <criterion/criterion.h>
#include <stdlib.h>

#define GOLDEN_MAX (256u * 1024u)

static void write_slack(const struct delivery *d, struct bytes *ret)
{
        slack_message(d, &(struct slack_place){.channel = "C1"}, ret);
}

static void write_pagerduty(const struct delivery *d, struct bytes *ret)
{
        struct pagerduty_call calls[PAGERDUTY_CALLS_MAX];
        size_t n = pagerduty_calls(d, calls);
        for (size_t i = 0; i < n; i++) {
                pagerduty_message(d, &calls[i], "KEY", ret);
                bytes_add_byte(ret, '\n');
        }
}

static void write_ntfy(const struct delivery *d, struct bytes *ret)
{
        ntfy_message(d, "break-glass", ret);
}

static void write_email(const struct delivery *d, struct bytes *ret)
{
        static const struct envelope_addresses a = {.from = "breakglass@example.org", .to = "oncall@example.org"};
        email_message(d, &a, ret);
}

static void write_syslog(const struct delivery *d, struct bytes *ret)
{
        static const struct syslog_origin origin = {.hostname = "broker.example.org", .facility = 10};
        syslog_frame(d, &origin, ret);
}

static const struct {
        const char *name;
        void (*write)(const struct delivery *d, struct bytes *ret);
} channels[] = {
        {"slack.json", write_slack},   {"pagerduty.json", write_pagerduty}, {"ntfy.json", write_ntfy},
        {"teams.json", teams_message}, {"email.eml", write_email},          {"webhook.json", webhook_message},
        {"syslog.txt", write_syslog},
};

static void read_golden(const char *name, struct bytes *ret)
{
        CLEANUP_FREE char *path = path_join(GOLDEN, name);
        cr_assert_eq(file_read(path, GOLDEN_MAX, ret), OK, "%s", path);
}

static void compare(const char *kind, size_t i, const struct delivery *d)
{
        CLEANUP_BYTES struct bytes got = BYTES_NONE, want = BYTES_NONE;
        char name[64];
        snprintf(name, sizeof name, "%s-%s", kind, channels[i].name);
        channels[i].write(d, &got);
        if (got.n && got.p[got.n - 1] != '\n')
                bytes_add_byte(&got, '\n');
        if (getenv("GOLDEN_WRITE")) {
                CLEANUP_FREE char *path = path_join(GOLDEN, name);
                cr_assert_eq(file_write(path, 0644, bytes_span(&got)), OK);
        }
        read_golden(name, &want);
        cr_expect(span_equal(bytes_span(&got), bytes_span(&want)), "%s: %s", name, bytes_text(&got));
}

Test(golden, every_page_has_the_bytes_that_are_kept)
{
        /* `longest` is an opening whose every text is longer than any service takes. */
        static const char *const kinds[] = {"requested",      "escalated",        "unanswered",     "approved",
                                            "ready",          "opened",           "closed",         "denied",
                                            "expired",        "rotated",          "rotation-due",   "rotation-failed",
                                            "postmortem-due", "close-proposed",   "notifier-down",  "notifier-up",
                                            "export-failed",  "export-recovered", "roster-changed", "clock-behind",
                                            "drill",          "heartbeat",        "test",           "something-new",
                                            "longest"};
        for (size_t k = 0; k < COUNT_OF(kinds); k++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE;
                struct delivery d = {0};
                char name[64];
                snprintf(name, sizeof name, "%s.json", kinds[k]);
                read_golden(name, &text);
                cr_assert_eq(delivery_read(bytes_span(&text), &d), OK, "%s", err_reason());
                for (size_t i = 0; i < COUNT_OF(channels); i++)
                        compare(kinds[k], i, &d);
                delivery_done(&d);
        }
}

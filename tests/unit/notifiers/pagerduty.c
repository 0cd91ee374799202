#include "notifiers/pagerduty_message.h"
#include "tests/unit/notifiers/make.h"

#define ABOUT                                                                                                        \
        ",\"request_id\":\"aa\",\"credential\":\"prod/db/root\",\"installation\":\"ff\",\"severity\":\"warning\""

Test(pagerduty, each_kind_of_event_moves_the_right_alert)
{
        static const struct {
                const char *kind, *more, *expected;
        } rows[] = {
                {"requested", "", "trigger breakglass/aa warning"},
                {"approved", "", "trigger breakglass/aa warning"},
                {"escalated", "", "trigger breakglass/aa/unanswered warning"},
                {"unanswered", "", "trigger breakglass/aa/unanswered critical"},
                {"ready", "", "acknowledge breakglass/aa warning; resolve breakglass/aa/unanswered warning"},
                {"opened", "", "trigger breakglass/aa/opened critical"},
                {"closed", "", "resolve breakglass/aa warning; resolve breakglass/aa/unanswered warning"},
                {"closed", ",\"access_until\":1764000000000,\"spent\":2", "acknowledge breakglass/aa/opened warning"},
                {"closed", ",\"spent\":1",
                 "acknowledge breakglass/aa warning; resolve breakglass/aa/unanswered warning"},
                {"rotated", "",
                 "resolve breakglass/aa warning; resolve breakglass/aa/opened warning; "
                 "resolve breakglass/ff/rotation/prod/db/root warning"},
                {"rotation-failed", "", "trigger breakglass/ff/rotation/prod/db/root critical"},
                {"rotation-due", "", "trigger breakglass/ff/rotation/prod/db/root warning"},
                {"expired", ",\"spent\":0",
                 "resolve breakglass/aa warning; resolve breakglass/aa/unanswered warning"},
                {"expired", ",\"spent\":1",
                 "acknowledge breakglass/aa warning; resolve breakglass/aa/unanswered warning"},
                {"denied", "", "trigger breakglass/aa warning"},
                {"denied", ",\"ended\":true",
                 "resolve breakglass/aa warning; resolve breakglass/aa/unanswered warning"},
                {"denied", ",\"ended\":true,\"spent\":1",
                 "acknowledge breakglass/aa warning; resolve breakglass/aa/unanswered warning"},
                {"notifier-down", ",\"channel\":\"ops\"", "trigger breakglass/ff/channel/ops warning"},
                {"notifier-up", ",\"channel\":\"ops\"", "resolve breakglass/ff/channel/ops warning"},
                {"export-failed", ",\"exports\":\"making\"", "trigger breakglass/ff/exports/making warning"},
                {"export-recovered", ",\"exports\":\"making\"", "resolve breakglass/ff/exports/making warning"},
                {"postmortem-due", "", "trigger breakglass/d-1 warning"},
                {"heartbeat", "", "trigger breakglass/d-1 info; resolve breakglass/d-1 info"},
                {"something-new", "", "trigger breakglass/d-1 warning"},
        };
        static const char *const words[] = {"trigger", "acknowledge", "resolve"};
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_BYTES struct bytes got = BYTES_NONE, about = BYTES_NONE;
                struct pagerduty_call calls[PAGERDUTY_CALLS_MAX];
                bytes_printf(&about, ABOUT "%s", rows[i].more);
                struct delivery d = make_delivery(rows[i].kind, bytes_text(&about));
                size_t n = pagerduty_calls(&d, calls);
                for (size_t k = 0; k < n; k++)
                        bytes_printf(&got, "%s%s %s %s", k ? "; " : "", words[calls[k].action], calls[k].dedup_key,
                                     calls[k].severity);
                cr_expect_str_eq(bytes_text(&got), rows[i].expected, "row %zu, %s: %s", i, rows[i].kind,
                                 bytes_text(&got));
                delivery_done(&d);
        }
}

Test(pagerduty, a_suspicious_denial_stays_until_somebody_has_looked)
{
        struct pagerduty_call calls[PAGERDUTY_CALLS_MAX];
        struct delivery d =
                make_delivery("denied", ",\"request_id\":\"aa\",\"severity\":\"critical\",\"ended\":true");
        cr_expect_eq(pagerduty_calls(&d, calls), 1);
        cr_expect_eq(calls[0].action, PAGERDUTY_TRIGGER);
        cr_expect_str_eq(calls[0].severity, "critical");
        delivery_done(&d);
}

Test(pagerduty, an_event_without_request_uses_its_own_key_once)
{
        struct pagerduty_call calls[PAGERDUTY_CALLS_MAX];
        struct delivery d = make_delivery("rotated", ",\"severity\":\"loud\"");
        cr_assert_eq(pagerduty_calls(&d, calls), 1);
        cr_expect_str_eq(calls[0].dedup_key, "breakglass/d-1");
        cr_expect_str_eq(calls[0].severity, "error", "a severity that PagerDuty does not know");
        delivery_done(&d);
}

static json_t *message(const char *kind, const char *more)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct pagerduty_call calls[PAGERDUTY_CALLS_MAX];
        struct delivery d = make_delivery(kind, more);
        cr_assert_geq(pagerduty_calls(&d, calls), 1);
        pagerduty_message(&d, &calls[0], "KEY", &text);
        delivery_done(&d);
        json_t *parsed = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
        cr_assert(json_is_object(parsed), "%s", bytes_text(&text));
        return parsed;
}

Test(pagerduty, a_trigger_says_who_what_and_which_log_head)
{
        CLEANUP_JSON json_t *m =
                message("opened", ABOUT ",\"who\":\"erin\",\"name\":\"acme-prod\",\"at\":1764000000000,"
                                        "\"head\":{\"size\":18,\"root\":\"00ff\"}");
        json_t *payload = json_object_get(m, "payload"), *details = json_object_get(payload, "custom_details");
        cr_expect_str_eq(json_string_value(json_object_get(m, "routing_key")), "KEY");
        cr_expect_str_eq(json_string_value(json_object_get(m, "event_action")), "trigger");
        cr_expect_str_eq(json_string_value(json_object_get(payload, "severity")), "critical");
        cr_expect_str_eq(json_string_value(json_object_get(payload, "source")), "acme-prod");
        cr_expect_str_eq(json_string_value(json_object_get(payload, "timestamp")), "2025-11-24T16:00:00Z");
        cr_expect_str_eq(json_string_value(json_object_get(details, "who")), "erin");
        cr_expect_str_eq(json_string_value(json_object_get(details, "head")), "18 00ff");
}

Test(pagerduty, acknowledge_and_resolve_carry_only_key_dedup_key_and_action)
{
        CLEANUP_JSON json_t *m = message("ready", ABOUT);
        cr_expect_eq(json_object_size(m), 3);
        cr_expect_str_eq(json_string_value(json_object_get(m, "event_action")), "acknowledge");
}

Test(pagerduty, keys_and_summaries_stay_within_the_limits)
{
        char more[2100], name[2000];
        memset(name, 'x', sizeof name - 1);
        name[sizeof name - 1] = 0;
        snprintf(more, sizeof more, ",\"request_id\":\"%s\",\"credential\":\"c\"", name);
        CLEANUP_JSON json_t *m = message("requested", more);
        cr_expect_leq(json_string_length(json_object_get(m, "dedup_key")), 255);
}

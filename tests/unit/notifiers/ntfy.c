#include "notifiers/ntfy_message.h"
#include "tests/unit/notifiers/make.h"

static json_t *message(const char *kind, const char *more)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct delivery d = make_delivery(kind, more);
        ntfy_message(&d, "t", &text);
        delivery_done(&d);
        json_t *parsed = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
        cr_assert(json_is_object(parsed), "%s", bytes_text(&text));
        return parsed;
}

Test(ntfy, what_must_be_heard_is_loud)
{
        static const struct {
                const char *kind, *more;
                int priority;
        } rows[] = {
                {"opened", ",\"severity\":\"info\"", 5},
                {"rotation-failed", ",\"severity\":\"critical\"", 5},
                {"something-new", "", 5},
                {"requested", ",\"severity\":\"warning\"", 4},
                {"notifier-down", ",\"severity\":\"error\"", 4},
                {"ready", ",\"severity\":\"warning\"", 3},
                {"heartbeat", ",\"severity\":\"info\"", 2},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_JSON json_t *m = message(rows[i].kind, rows[i].more);
                cr_expect_eq(json_integer_value(json_object_get(m, "priority")), rows[i].priority, "%s",
                             rows[i].kind);
        }
}

Test(ntfy, a_long_page_loses_whole_lines_only)
{
        CLEANUP_BYTES struct bytes more = BYTES_NONE;
        static const char *const keys[] = {"credential",      "opens_what", "who",    "emergency",
                                           "emergency_means", "incident",   "reason", "name"};
        for (size_t i = 0; i < COUNT_OF(keys); i++) {
                bytes_printf(&more, ",\"%s\":\"", keys[i]);
                for (size_t k = 0; k < 200; k++)
                        bytes_add_text(&more, "🔥");
                bytes_add_byte(&more, '"');
        }
        CLEANUP_JSON json_t *m = message("requested", bytes_text(&more));
        const char *text = json_string_value(json_object_get(m, "message"));
        cr_expect_leq(strlen(text), NTFY_MESSAGE_MAX);
        for (const char *line = strchr(text, '\n'); line; line = strchr(line + 1, '\n'))
                cr_expect(strstr(line + 1, ": ") != NULL, "%s", line);
}

Test(ntfy, a_line_break_in_a_reason_makes_no_line)
{
        CLEANUP_JSON json_t *m = message("requested", ",\"reason\":\"up\\nApprovals: 2 of 2\"");
        cr_expect_null(strstr(json_string_value(json_object_get(m, "message")), "\nApprovals: 2"));
}

Test(ntfy, a_topic_is_a_word_of_the_service)
{
        char longest[66] = {0};
        memset(longest, 'a', 64);
        cr_expect(ntfy_is_topic(longest));
        cr_expect(ntfy_is_topic("on-call_2"));
        longest[64] = 'a';
        cr_expect_not(ntfy_is_topic(longest));
        cr_expect_not(ntfy_is_topic(""));
        cr_expect_not(ntfy_is_topic("a/b"));
        cr_expect_not(ntfy_is_topic("ä"));
}

Test(ntfy, a_request_says_how_to_approve_and_refuse_and_an_opening_does_not)
{
        CLEANUP_JSON json_t *asked = message("requested", ",\"request\":\"R17\"");
        CLEANUP_JSON json_t *opened = message("opened", ",\"request\":\"R17\"");
        const char *text = json_string_value(json_object_get(asked, "message"));
        cr_expect(strstr(text, "To approve: breakglass approve R17\nTo refuse: breakglass deny R17"), "%s", text);
        cr_expect_null(strstr(json_string_value(json_object_get(opened, "message")), "To approve"));
}

#include "notifiers/slack_message.h"
#include "tests/unit/notifiers/make.h"

static json_t *message(const char *kind, const char *more)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct delivery d = make_delivery(kind, more);
        slack_message(&d, NULL, &text);
        delivery_done(&d);
        json_t *parsed = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
        cr_assert(json_is_object(parsed), "%s", bytes_text(&text));
        return parsed;
}

static size_t points(json_t *text)
{
        size_t n = 0;
        cr_assert(utf8_valid(span_of(json_string_value(text), json_string_length(text)), &n));
        return n;
}

static void expect_plain(json_t *text, size_t max)
{
        cr_expect_str_eq(json_string_value(json_object_get(text, "type")), "plain_text");
        cr_expect(json_is_false(json_object_get(text, "emoji")));
        cr_expect_leq(points(json_object_get(text, "text")), max);
}

/* Every text that Slack shows lies in a plain_text object within its limit. */
static void expect_within_limits(json_t *m)
{
        size_t i, k;
        json_t *block, *field, *blocks = json_object_get(m, "blocks");
        cr_expect_leq(json_array_size(blocks), 50);
        json_array_foreach (blocks, i, block) {
                bool is_header = !strcmp(json_string_value(json_object_get(block, "type")), "header");
                if (json_object_get(block, "text"))
                        expect_plain(json_object_get(block, "text"), is_header ? 150 : 3000);
                cr_expect_leq(json_array_size(json_object_get(block, "fields")), 10);
                json_array_foreach (json_object_get(block, "fields"), k, field)
                        expect_plain(field, 2000);
        }
}

Test(slack, a_reason_with_mark_up_arrives_as_text)
{
        CLEANUP_JSON json_t *m = message("requested", ",\"reason\":\"<!channel> <http://evil|click>\"");
        expect_within_limits(m);
        char *whole = json_dumps(m, JSON_COMPACT);
        cr_expect(strstr(whole, "Reason: <!channel> <http://evil|click>"));
        cr_expect_not(strstr(whole, "mrkdwn"));
        free(whole);
}

Test(slack, the_fallback_text_is_escaped)
{
        CLEANUP_BYTES struct bytes out = BYTES_NONE, text = BYTES_NONE;
        slack_escape(span_text("a & <!here> &lt;"), &out);
        cr_expect_str_eq(bytes_text(&out), "a &amp; &lt;!here&gt; &amp;lt;");
        struct delivery d = {0};
        const char *in = "{\"event\":{\"kind\":\"test\",\"dedup_key\":\"d\",\"text\":\"<!everyone>\"},\"config\":{}}";
        cr_assert_eq(delivery_read(span_text(in), &d), OK);
        slack_message(&d, NULL, &text);
        cr_expect(strstr(bytes_text(&text), "\"text\":\"&lt;!everyone&gt;\",\"blocks\""), "%s", bytes_text(&text));
        delivery_done(&d);
}

Test(slack, overlong_texts_are_cut_to_slacks_limits)
{
        CLEANUP_BYTES struct bytes more = BYTES_NONE;
        static const char *const keys[] = {"credential", "opens_what", "who",  "emergency", "emergency_means",
                                           "incident",   "reason",     "name", "request"};
        for (size_t i = 0; i < COUNT_OF(keys); i++) {
                bytes_printf(&more, ",\"%s\":\"", keys[i]);
                for (size_t k = 0; k < 4000; k++)
                        bytes_add_text(&more, "ü");
                bytes_add_byte(&more, '"');
        }
        CLEANUP_JSON json_t *m = message("opened", bytes_text(&more));
        expect_within_limits(m);
        char *whole = json_dumps(m, 0);
        size_t n = 0;
        cr_assert(utf8_valid(span_text(whole), &n));
        cr_expect_lt(n, 13000);
        free(whole);
}

Test(slack, control_and_bidi_characters_are_shown_not_obeyed)
{
        CLEANUP_JSON json_t *m = message("requested", ",\"reason\":\"up\\nApprovals: 2 of 2 \\u202egnihton\"");
        char *whole = json_dumps(m, JSON_ENSURE_ASCII);
        cr_expect_not(strstr(whole, "202e\\u") || strstr(whole, "\\u202"), "%s", whole);
        cr_expect(strstr(whole, "{202e}"), "%s", whole);
        free(whole);
}

Test(slack, more_than_ten_facts_become_two_sections)
{
        CLEANUP_JSON json_t *m =
                message("opened", ",\"credential\":\"c\",\"opens_what\":\"o\",\"who\":\"w\",\"emergency\":\"E1\","
                                  "\"emergency_means\":\"m\",\"incident\":\"i\",\"reason\":\"r\",\"approvals\":2,"
                                  "\"threshold\":2,\"expires_at\":1764000000000,\"access_until\":1764000000000,"
                                  "\"request\":\"R17\",\"name\":\"acme\",\"head\":{\"size\":18,\"root\":\"00ff\"}");
        expect_within_limits(m);
        json_t *blocks = json_object_get(m, "blocks");
        cr_assert_eq(json_array_size(blocks), 4);
        cr_expect_eq(json_array_size(json_object_get(json_array_get(blocks, 2), "fields")), 10);
        cr_expect_eq(json_array_size(json_object_get(json_array_get(blocks, 3), "fields")), 3);
        char *whole = json_dumps(m, 0);
        cr_expect(strstr(whole, "Approvals: 2 of 2"));
        cr_expect(strstr(whole, "Log head: 18 00ff"));
        cr_expect(strstr(whole, "Access until: 2025-11-24T16:00:00Z"));
        free(whole);
}

#define TO(id) ",\"to\":[{\"name\":\"carol\",\"contact\":{\"slack\":\"" id "\"}},{\"name\":\"bob\",\"contact\":{}}]"

static const char *mentions(const char *more)
{
        static char text[128];
        CLEANUP_JSON json_t *m = message("requested", more);
        json_t *block, *said;
        size_t i;
        *text = '\0';
        json_array_foreach (json_object_get(m, "blocks"), i, block) {
                said = json_object_get(block, "text");
                const char *type = json_string_value(json_object_get(said, "type"));
                if (type && !strcmp(type, "mrkdwn"))
                        snprintf(text, sizeof text, "%s", json_string_value(json_object_get(said, "text")));
        }
        return text;
}

Test(slack, rings_for_those_whom_the_page_addresses)
{
        cr_expect_str_eq(mentions(TO("U0123")), "<@U0123>");
        cr_expect_str_eq(mentions(TO("W0123ABC")), "<@W0123ABC>");
        cr_expect_str_eq(mentions(TO("U0123") ",\"quiet\":true"), "", "it is over: nobody is woken");
        cr_expect_str_eq(mentions(""), "");
        const char *const hostile[] = {TO("!channel"), TO("U0123> <!here"), TO("U"),
                                       TO("@erin"),    TO("S0123"),         TO("U00000000000000000000000000000")};
        for (size_t i = 0; i < COUNT_OF(hostile); i++)
                cr_expect_str_eq(mentions(hostile[i]), "", "%s", hostile[i]);
}

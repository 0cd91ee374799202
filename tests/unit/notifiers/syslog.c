#include "notifiers/syslog_message.h"
#include "tests/unit/notifiers/make.h"
#include <stdlib.h>

static const struct syslog_origin origin = {.hostname = "bg1", .facility = 10, .default_ms = 1764000000000};

static void frame(const char *kind, const char *more, struct bytes *ret)
{
        struct delivery d = make_delivery(kind, more);
        syslog_frame(&d, &origin, ret);
        delivery_done(&d);
}

Test(syslog, a_frame_counts_its_octets)
{
        CLEANUP_BYTES struct bytes got = BYTES_NONE;
        char *end = NULL;
        frame("opened", ",\"who\":\"ümlaut\"", &got);
        unsigned long n = strtoul(bytes_text(&got), &end, 10);
        cr_expect_eq(*end, ' ');
        cr_expect_eq(n, strlen(end + 1));
}

Test(syslog, a_header_has_the_fields_of_the_rfc)
{
        static const struct {
                const char *kind, *more, *expected;
        } rows[] = {
                {"opened", "", " <82>1 2025-11-24T16:00:00Z bg1 breakglass - opened [breakglass@32473 "},
                {"closed", ",\"severity\":\"info\"", " <86>1 2025-11-24T16:00:00Z bg1 breakglass - closed ["},
                {"requested", ",\"severity\":\"warning\"",
                 " <84>1 2025-11-24T16:00:00Z bg1 breakglass - requested ["},
                {"notifier-down", ",\"severity\":\"error\"", " <83>1 "},
                {"a kind\\nof", "", " breakglass - a_kind_of ["},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_BYTES struct bytes got = BYTES_NONE;
                frame(rows[i].kind, rows[i].more, &got);
                cr_expect(strstr(bytes_text(&got), rows[i].expected), "%s", bytes_text(&got));
        }
}

Test(syslog, a_value_cannot_leave_its_quotes)
{
        CLEANUP_BYTES struct bytes got = BYTES_NONE;
        frame("opened", ",\"reason\":\"a\\\"] [x@1 y=\\\"\\\\z\\n\"", &got);
        cr_expect(strstr(bytes_text(&got), " reason=\"a\\\"\\] [x@1 y=\\\"\\\\z\\\\n\""), "%s", bytes_text(&got));
        cr_expect_null(strchr(bytes_text(&got), '\n'));
}

Test(syslog, only_text_beyond_ascii_has_a_byte_order_mark)
{
        CLEANUP_BYTES struct bytes plain = BYTES_NONE, other = BYTES_NONE;
        struct delivery d = {0};
        const char *text = "{\"event\":{\"kind\":\"test\",\"dedup_key\":\"d\",\"text\":\"Größe\"},\"config\":{}}";
        frame("opened", "", &plain);
        cr_expect_null(strstr(bytes_text(&plain), "\xef\xbb\xbf"));
        cr_assert_eq(delivery_read(span_text(text), &d), OK);
        syslog_frame(&d, &origin, &other);
        cr_expect(strstr(bytes_text(&other), "] \xef\xbb\xbfGröße"));
        delivery_done(&d);
}

Test(syslog, the_longest_page_is_one_that_receivers_take)
{
        CLEANUP_BYTES struct bytes more = BYTES_NONE, got = BYTES_NONE;
        static const char *const keys[] = {"credential", "opens_what", "who",  "emergency", "emergency_means",
                                           "incident",   "reason",     "name", "request"};
        for (size_t i = 0; i < COUNT_OF(keys); i++) {
                bytes_printf(&more, ",\"%s\":\"", keys[i]);
                for (size_t k = 0; k < 600; k++)
                        bytes_add_text(&more, "🔥");
                bytes_add_byte(&more, '"');
        }
        frame("requested", bytes_text(&more), &got);
        cr_expect_leq(got.n, SYSLOG_MESSAGE_MAX);
}

Test(syslog, facilities_are_known_by_name)
{
        unsigned number = 0;
        cr_expect_eq(syslog_facility("local7", &number), OK);
        cr_expect_eq(number, 23);
        cr_expect_eq(syslog_facility("local8", &number), ERR_CONFIG);
        cr_expect_eq(syslog_facility("", &number), ERR_CONFIG);
}

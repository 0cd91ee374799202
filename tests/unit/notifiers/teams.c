#include "notifiers/teams_message.h"
#include "tests/unit/notifiers/make.h"

Test(teams, a_page_of_the_longest_texts_fits_the_limit_and_stays_json)
{
        CLEANUP_BYTES struct bytes more = BYTES_NONE, text = BYTES_NONE;
        static const char *const keys[] = {"credential", "opens_what", "who",  "emergency", "emergency_means",
                                           "incident",   "reason",     "name", "request"};
        for (size_t i = 0; i < COUNT_OF(keys); i++) {
                bytes_printf(&more, ",\"%s\":\"", keys[i]);
                for (size_t k = 0; k < 600; k++)
                        bytes_add_text(&more, "🔥");
                bytes_add_byte(&more, '"');
        }
        struct delivery d = make_delivery("requested", bytes_text(&more));
        teams_message(&d, &text);
        delivery_done(&d);
        CLEANUP_JSON json_t *m = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
        cr_expect(json_is_object(m));
        cr_expect_leq(text.n, TEAMS_BYTES_MAX);
}

Test(teams, short_texts_are_not_cut)
{
        CLEANUP_BYTES struct bytes more = BYTES_NONE, text = BYTES_NONE;
        bytes_add_text(&more, ",\"reason\":\"");
        for (size_t k = 0; k < 500; k++)
                bytes_add_byte(&more, 'x');
        bytes_add_byte(&more, '"');
        struct delivery d = make_delivery("requested", bytes_text(&more));
        teams_message(&d, &text);
        delivery_done(&d);
        cr_expect_null(strstr(bytes_text(&text), "\\u2026"));
}

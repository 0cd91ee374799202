#include "notifiers/email_message.h"
#include "tests/unit/notifiers/make.h"

static const struct envelope_addresses addresses = {
        .from = "bg@example.org", .to = "a@example.org", .default_ms = 1764000000000};

static void message(const char *kind, const char *more, struct bytes *ret)
{
        struct delivery d = make_delivery(kind, more);
        email_message(&d, &addresses, ret);
        delivery_done(&d);
}

Test(email, only_plain_addresses_are_taken)
{
        static const char *const good[] = {"a@b", "on.call+bg@ops.example.org", "O'Hara@x-y.example"};
        static const char *const bad[] = {"",        "a",    "@b",          "a@",          "a@b@c",  "a b@c",
                                          "\"a\"@b", "a@b>", "a@b\r\nX: y", "a@.b",        "a@b.",   "a@-b",
                                          "<a@b>",   "ä@b",  "a,b@c",       "a@[1.2.3.4]", "a@b(c)", "a@b/c"};
        for (size_t i = 0; i < COUNT_OF(good); i++)
                cr_expect(email_is_address(good[i]), "%s", good[i]);
        for (size_t i = 0; i < COUNT_OF(bad); i++)
                cr_expect_not(email_is_address(bad[i]), "%s", bad[i]);
}

Test(email, every_line_of_the_headers_is_short_and_ascii)
{
        CLEANUP_BYTES struct bytes more = BYTES_NONE, text = BYTES_NONE;
        bytes_add_text(&more, ",\"name\":\"");
        for (size_t i = 0; i < 300; i++)
                bytes_add_text(&more, "ü🔥");
        bytes_add_byte(&more, '"');
        message("opened", bytes_text(&more), &text);
        const char *line = bytes_text(&text);
        for (const char *end; (end = strstr(line, "\r\n")) != NULL; line = end + 2) {
                cr_expect_leq(end - line, 76, "%.100s", line);
                for (const char *c = line; c < end; c++)
                        cr_expect(*c >= ' ' && *c <= '~');
        }
        cr_expect_eq(*line, 0, "every line ends in CRLF");
}

Test(email, a_subject_that_looks_encoded_is_encoded)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        message("opened", ",\"name\":\"=?UTF-8?B?eA==?=\"", &text);
        cr_expect_not_null(strstr(bytes_text(&text), "\r\nSubject: =?UTF-8?B?Wz0/"), "%s", bytes_text(&text));
}

Test(email, an_installation_has_threads_of_its_own)
{
        CLEANUP_BYTES struct bytes a = BYTES_NONE, b = BYTES_NONE;
        struct delivery d = make_delivery("opened", ",\"installation\":\"aa\"");
        struct delivery e = make_delivery("opened", ",\"installation\":\"bb\"");
        email_id(&d, "bg@example.org", &a);
        email_id(&e, "bg@example.org", &b);
        cr_expect_str_neq(bytes_text(&a), bytes_text(&b));
        cr_expect(strstr(bytes_text(&a), "@example.org>"));
        delivery_done(&d);
        delivery_done(&e);
}

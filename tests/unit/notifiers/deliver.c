#include "notifiers/deliver.h"
#include "notifiers/words.h"
#include "tests/unit/notifiers/make.h"
#include <fcntl.h>
#include <sys/stat.h>

static enum err read_text(const char *text)
{
        struct delivery d = {0};
        enum err e = delivery_read(span_text(text), &d);
        delivery_done(&d);
        return e;
}

Test(deliver, what_is_no_event_is_refused)
{
        static const char *const bad[] = {
                "",
                "[]",
                "{\"event\":{},\"config\":{}}",
                "{\"event\":{\"kind\":\"test\",\"dedup_key\":\"d\",\"text\":\"\"},\"config\":{}}",
                "{\"event\":{\"kind\":\"test\",\"dedup_key\":\"d\",\"text\":7},\"config\":{}}",
                "{\"event\":{\"kind\":\"test\",\"dedup_key\":\"d\",\"text\":\"t\"}}",
                "{\"event\":{\"kind\":\"test\",\"kind\":\"test\",\"dedup_key\":\"d\",\"text\":\"t\"},\"config\":{}}",
                "{\"event\":{\"kind\":\"test\",\"dedup_key\":\"d\",\"text\":\"t\"},\"config\":{}}x",
        };
        for (size_t i = 0; i < COUNT_OF(bad); i++)
                cr_expect_neq(read_text(bad[i]), OK, "row %zu", i);
        cr_expect_eq(
                read_text(
                        "{\"event\":{\"kind\":\"test\",\"dedup_key\":\"d\",\"text\":\"t\",\"new\":1},\"config\":{}}"),
                OK, "an unknown key of the event is no error");
}

static void expect_line(const struct outcome *o, const char *expected)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        outcome_write(o, &line);
        cr_expect_str_eq(bytes_text(&line), expected);
}

Test(deliver, the_last_line_says_what_happened)
{
        struct outcome o = {.exit = PLUGIN_OK};
        bytes_add_text(&o.id, "a\"b");
        expect_line(&o, "{\"status\":\"accepted\",\"id\":\"a\\\"b\"}\n");
        outcome_fail(&o, PLUGIN_TRY_AGAIN, "answered %d\n", 429);
        o.retry_after_s = 3600;
        expect_line(&o, "{\"status\":\"failed\",\"why\":\"answered 429\\\\n\",\"retry_after\":3600}\n");
        outcome_done(&o);
}

Test(deliver, an_unknown_or_wrongly_typed_configuration_key_is_refused)
{
        static const char *const known[] = {"url", NULL};
        struct delivery d = make_delivery("test", "");
        json_object_set_new(d.config, "url", json_string("https://a"));
        cr_expect_eq(config_check(&d, known), OK);
        json_object_set_new(d.config, "url", json_true());
        cr_expect_eq(config_check(&d, known), ERR_CONFIG);
        json_object_set_new(d.config, "url", json_string("https://a"));
        json_object_set_new(d.config, "ulr", json_string("https://a"));
        cr_expect_eq(config_check(&d, known), ERR_CONFIG);
        delivery_done(&d);
}

static enum err token_from(const char *content, mode_t mode, struct secret *ret)
{
        char path[] = "/tmp/breakglass-token-XXXXXX";
        int fd = mkstemp(path);
        cr_assert_geq(fd, 0);
        cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
        cr_assert_eq(fchmod(fd, mode), 0);
        close(fd);
        struct delivery d = make_delivery("test", "");
        json_object_set_new(d.config, "routing_key_file", json_string(path));
        enum err e = config_secret(&d, "routing_key_file", ret);
        delivery_done(&d);
        unlink(path);
        return e;
}

Test(deliver, a_token_is_one_word_of_a_private_file)
{
        static const struct {
                const char *content;
                mode_t mode;
                enum err e;
        } rows[] = {
                {"R0UT1NG\n", 0600, OK},         {"R0UT1NG", 0600, OK},
                {"", 0600, ERR_CONFIG},          {"\n", 0600, ERR_CONFIG},
                {"two words", 0600, ERR_CONFIG}, {"a\r\nX-Evil: 1", 0600, ERR_CONFIG},
                {"R0UT1NG\n", 0644, ERR_CONFIG},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_SECRET struct secret token = SECRET_NONE;
                cr_expect_eq(token_from(rows[i].content, rows[i].mode, &token), rows[i].e, "row %zu", i);
                if (rows[i].e == OK)
                        cr_expect_str_eq((const char *)token.bytes, "R0UT1NG", "row %zu", i);
        }
}

Test(deliver, texts_are_cut_by_code_points_and_never_inside_one)
{
        static const struct {
                const char *text;
                size_t max;
                const char *expected;
        } rows[] = {{"äöü", 3, "äöü"}, {"äöüß", 3, "äö…"}, {"abc", 1, "…"}, {"", 1, ""}};
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_BYTES struct bytes cut = BYTES_NONE;
                words_cut(span_text(rows[i].text), rows[i].max, &cut);
                cr_expect_str_eq(bytes_text(&cut), rows[i].expected, "row %zu", i);
        }
}

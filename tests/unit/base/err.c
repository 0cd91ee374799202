#include "base/err.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

Test(err, each_error_has_its_own_word_and_a_sentence)
{
        for (int e = OK; e < ERR_COUNT; e++) {
                cr_assert(err_word((enum err)e) && err_word((enum err)e)[0], "error %d", e);
                cr_assert(err_sentence((enum err)e) && err_sentence((enum err)e)[0], "error %d", e);
                cr_assert_eq(err_from_word(err_word((enum err)e)), (enum err)e, "error %d", e);
        }
}

Test(err, success_is_200_and_exit_0)
{
        cr_assert_eq(err_http(OK), 200);
        cr_assert_eq(err_exit(OK), 0);
        cr_assert_str_eq(err_word(OK), "ok");
}

Test(err, only_the_protocols_words_are_public)
{
        cr_assert(err_is_public(ERR_NOT_ALLOWED));
        cr_assert(err_is_public(ERR_SHUTTING_DOWN));
        cr_assert_not(err_is_public(ERR_INTERNAL));
        cr_assert_not(err_is_public(ERR_UNKNOWN_OUTCOME));
        cr_assert_not(err_is_public(OK));
        for (int e = ERR_INTERNAL; e < ERR_COUNT; e++)
                cr_assert_eq(err_http((enum err)e), 500, "%s", err_word((enum err)e));
}

Test(err, an_unknown_word_or_number_is_an_internal_error)
{
        cr_assert_eq(err_from_word("no-such-word"), ERR_INTERNAL);
        cr_assert_eq(err_from_word(NULL), ERR_INTERNAL);
        cr_assert_str_eq(err_word((enum err)12345), "internal");
        cr_assert_str_eq(err_word((enum err) - 1), "internal");
}

Test(err, the_reason_comes_back_and_can_be_forgotten)
{
        cr_assert_eq(err_because(ERR_RANGE, "row %d", 7), ERR_RANGE);
        cr_assert_str_eq(err_reason(), "row 7");
        err_forget();
        cr_assert_str_eq(err_reason(), "");
}

Test(err, a_reason_may_quote_the_earlier_one)
{
        err_because(ERR_RANGE, "inner");
        err_because(ERR_IO, "outer: %s", err_reason());
        cr_assert_str_eq(err_reason(), "outer: inner");
}

Test(err, control_bytes_in_a_reason_are_escaped)
{
        err_because(ERR_RANGE, "a\nb\x1b[31m\xE2\x80\xAE");
        cr_assert_str_eq(err_reason(), "a\\nb\\x1b[31m\\u{202e}");
}

Test(err, a_long_reason_is_cut_at_400_bytes_between_characters)
{
        char text[600];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        err_because(ERR_RANGE, "%s", text);
        cr_assert_eq(strlen(err_reason()), 400);

        memcpy(text + 399, "\xC3\xA9", 2); /* é across the limit */
        err_because(ERR_RANGE, "%s", text);
        cr_assert_eq(strlen(err_reason()), 399);
}

static void *other_thread(void *seen)
{
        snprintf(seen, 16, "%s", err_reason());
        err_because(ERR_IO, "of the other");
        return NULL;
}

Test(err, threads_do_not_see_each_others_reasons)
{
        char seen[16] = "?";
        pthread_t t;

        err_because(ERR_RANGE, "mine");
        cr_assert_eq(pthread_create(&t, NULL, other_thread, seen), 0);
        cr_assert_eq(pthread_join(t, NULL), 0);
        cr_assert_str_eq(seen, "");
        cr_assert_str_eq(err_reason(), "mine");
}

/* Many rotations as plain data: their states, counts and words. */
#include "tui/rotate_plan.h"
#include <criterion/criterion.h>
#include <sodium.h>

Test(rotate_plan, what_is_proven_unproven_failed_or_waiting)
{
        static const struct {
                const char *what;
                struct rotation_view r;
                bool is_by_hand;
                enum rotate_state wanted;
        } rows[] = {
                {"nobody has taken it", {.due = DUE_ORDERED}, false, ROTATE_WAITING},
                {"taken", {.is_claimed = true}, false, ROTATE_AT_WORK},
                {"sealed, holders missing", {.is_claimed = true, .has_pending = true}, false, ROTATE_WAITING},
                {"sealed",
                 {.is_claimed = true, .has_pending = true, .has_fresh_custody = true},
                 false,
                 ROTATE_AT_WORK},
                {"set failed",
                 {.is_claimed = true, .has_pending = true, .set = OUTCOME_FAILED},
                 false,
                 ROTATE_IN_TROUBLE},
                {"set unknown, nobody there",
                 {.has_pending = true, .set = OUTCOME_UNKNOWN},
                 false,
                 ROTATE_IN_TROUBLE},
                {"test failed",
                 {.is_claimed = true, .set = OUTCOME_OK, .test = OUTCOME_FAILED},
                 false,
                 ROTATE_IN_TROUBLE},
                {"its rotator is gone", {.has_pending = true, .set = OUTCOME_STARTED}, false, ROTATE_WAITING},
                {"an opening lives",
                 {.is_claimed = true, .is_promoted = true, .must_wait = true},
                 false,
                 ROTATE_WAITING},
                {"revoking",
                 {.is_claimed = true, .is_promoted = true, .revoke = OUTCOME_STARTED},
                 false,
                 ROTATE_AT_WORK},
                {"revoke failed",
                 {.is_claimed = true, .is_promoted = true, .revoke = OUTCOME_FAILED},
                 false,
                 ROTATE_IN_TROUBLE},
                {"refused", {.is_done = true, .evidence = OLD_REFUSED}, false, ROTATE_REFUSED},
                {"replaced", {.is_done = true, .evidence = OLD_REPLACED}, true, ROTATE_REPLACED},
                {"done, not proven", {.is_done = true, .evidence = OLD_UNPROVEN}, false, ROTATE_UNPROVEN},
                {"sealed by hand, no word on the old one", {.evidence = OLD_UNPROVEN}, true, ROTATE_UNPROVEN},
                {"by hand", {.due = DUE_SPENT}, true, ROTATE_IS_BY_HAND},
        };

        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                enum rotate_state s = rotate_state_of(&rows[i].r, rows[i].is_by_hand);

                cr_expect_eq(s, rows[i].wanted, "%s: %s", rows[i].what, rotate_state_word(s));
        }
}

Test(rotate_plan, only_what_is_proven_counts_as_proven)
{
        CLEANUP_BYTES struct bytes progress = BYTES_NONE, proven = BYTES_NONE, verdict = BYTES_NONE;
        struct rotate_count c = {0};

        for (unsigned s = 0; s < ROTATE_STATES; s++)
                rotate_count_add(&c, (enum rotate_state)s);
        rotate_count_add(&c, ROTATE_REFUSED);
        rotate_say_progress(&c, &progress);
        rotate_say_proven(&c, &proven);
        rotate_say_verdict(&c, &verdict);
        cr_expect_str_eq(bytes_text(&progress),
                         "3 of 8 proven, 1 at work, 1 waiting, !! 1 in trouble, !! 1 unproven, !! 1 by hand");
        cr_expect_str_eq(bytes_text(&proven),
                         "3 of 8 proven: the new value works, and the old one was refused (2) or is replaced (1).");
        cr_expect_str_eq(bytes_text(&verdict), "5 of 8 old values are not proven dead");
        cr_expect_eq(rotate_count_unfinished(&c), 3);
}

Test(rotate_plan, all_proven_leaves_no_verdict)
{
        CLEANUP_BYTES struct bytes verdict = BYTES_NONE;
        struct rotate_count c = {0};

        rotate_count_add(&c, ROTATE_REPLACED);
        rotate_say_verdict(&c, &verdict);
        cr_assert_eq(verdict.n, 0);
}

Test(rotate_plan, what_is_confirmed_is_what_would_be_ordered)
{
        struct rotate_plan a = {0}, b = {0};
        const struct hash one = hash_of(span_text("one")), two = hash_of(span_text("two"));
        struct hash of_a, of_b;
        char word[ROTATE_WORD];

        rotate_plan_add(&a, &one, ROTATE_ORDER, false);
        rotate_plan_add(&b, &one, ROTATE_ORDER, false);
        rotate_plan_add(&b, &two, ROTATE_UNDER_WAY, true);
        of_a = rotate_plan_digest(&a);
        of_b = rotate_plan_digest(&b);
        cr_expect(hash_equal(&of_a, &of_b), "due already: not ordered, not confirmed");
        rotate_plan_add(&b, &two, ROTATE_BY_HAND, false);
        of_b = rotate_plan_digest(&b);
        cr_expect_not(hash_equal(&of_a, &of_b), "by hand: the log shall owe it");
        cr_expect_str_eq(rotate_word(&b, word), "rotate 2");
        cr_expect_eq(b.n_by_hand, 1);
        rotate_plan_done(&a);
        rotate_plan_done(&b);
}

Test(rotate_plan, an_order_that_failed_half_way_says_what_is_ordered_all_the_same)
{
        uint64_t entries[] = {41};
        struct rotate_plan p = {.n_order = 1200, .entries = entries};

        cr_expect_eq(rotate_fail_order(&p, err_because(ERR_RATE, "too many")), ERR_RATE);
        cr_expect_str_eq(err_reason(), "too many");
        p.n_entries = 1;
        cr_expect_eq(rotate_fail_order(&p, err_because(ERR_RATE, "too many")), ERR_RATE);
        cr_expect_str_eq(err_reason(),
                         "too many. But 1000 of 1200 are ordered already (`breakglass rotate --follow 41`): "
                         "order again, and only the rest is");
        err_forget();
}

#include "quorum/escalation.h"
#include "tests/unit/ledger/fold.h"
#include <string.h>

#define STEPS "escalate: [{after: 2m, to: [carol, dave]}, {after: 5m, to: dave}, {after: 9m, to: slack}], "

static struct fold *with_steps(const char *steps, struct hash *ret_request)
{
        struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes policy = BYTES_NONE;

        bytes_printf(&policy, "prod-db: {%sapprovals: 2", steps);
        fold_next_roster(f, "prod-db: {approvals: 2", bytes_text(&policy));
        *ret_request = fold_request(f, "erin", fold_version(f, PG));
        return f;
}

static bool see(struct fold *f, struct hash request, int64_t after_ms, struct escalation_view *ret)
{
        struct request_view asked = fold_see(f, request), r;

        cr_assert(ledger_request_by_id(f->ledger, &request, asked.at_ms + after_ms, &r));
        return escalation_of(ledger_roster(f->ledger), &r, asked.at_ms + after_ms, ret);
}

static const struct {
        int64_t after_ms, next_ms; /* next_ms: since the asking; 0: none */
        size_t n_past;
        const char *words;
} moments[] = {
        {0, 2 * MINUTE, 0, "carol (again), dave"},
        {2 * MINUTE - 1, 2 * MINUTE, 0, "carol (again), dave"},
        {2 * MINUTE, 5 * MINUTE, 1, "dave (again)"},
        {6 * MINUTE, 9 * MINUTE, 2, "slack"},
        {9 * MINUTE, 13 * MINUTE, 3, "everybody: nobody has answered"},
        {13 * MINUTE, 0, 3, ""},
        {14 * MINUTE, 0, 3, ""},
};

Test(escalation, says_who_is_paged_next_and_when)
{
        struct hash r;
        CLEANUP_FOLD struct fold *f = with_steps(STEPS, &r);

        for (size_t i = 0; i < COUNT_OF(moments); i++) {
                CLEANUP_BYTES struct bytes words = BYTES_NONE;
                struct escalation_view v;

                cr_assert(see(f, r, moments[i].after_ms, &v), "row %zu", i);
                escalation_describe(&v, &words);
                cr_expect_eq(v.n_past, moments[i].n_past, "row %zu", i);
                cr_expect_eq(v.next_at_ms ? v.next_at_ms - fold_see(f, r).at_ms : 0, moments[i].next_ms, "row %zu",
                             i);
                cr_expect_str_eq(bytes_text(&words), moments[i].words, "row %zu: %s", i, bytes_text(&words));
        }
}

Test(escalation, stops_when_enough_have_approved_and_at_the_end)
{
        struct hash r;
        CLEANUP_FOLD struct fold *f = with_steps(STEPS, &r);
        struct escalation_view v;

        expect(f, OK, fold_approval(f, "alice", r));
        cr_expect(see(f, r, MINUTE, &v), "one of two is not enough");
        expect(f, OK, fold_approval(f, "bob", r));
        cr_expect_not(see(f, r, MINUTE, &v));
        cr_expect_not(see(f, r, 16 * MINUTE, &v));
        expect(f, OK, fold_cancel(f, "erin", r));
        cr_expect_not(see(f, r, MINUTE, &v));
}

Test(escalation, what_comes_after_the_request_has_expired_never_comes)
{
        struct hash r;
        CLEANUP_FOLD struct fold *f = with_steps("escalate: [{after: 10m, to: dave}, {after: 20m, to: carol}], ", &r);
        struct escalation_view v;

        cr_assert(see(f, r, 11 * MINUTE, &v));
        cr_expect(v.n_past == 1 && !v.next && v.next_at_ms == 0 && v.unanswered_at_ms == 0);
        cr_expect_not(see(f, r, 15 * MINUTE, &v));
}

Test(escalation, a_single_step_is_answered_within_its_own_time_again)
{
        struct hash r;
        CLEANUP_FOLD struct fold *f = with_steps("escalate: [{after: 3m, to: []}], ", &r);
        CLEANUP_BYTES struct bytes words = BYTES_NONE;
        struct escalation_view v;

        cr_assert(see(f, r, 0, &v));
        escalation_describe(&v, &words);
        cr_expect_str_eq(bytes_text(&words), "the same again");
        cr_expect_eq(v.unanswered_at_ms, fold_see(f, r).at_ms + 6 * MINUTE);
}

Test(escalation, a_policy_without_steps_pages_nobody_else)
{
        struct hash r;
        CLEANUP_FOLD struct fold *f = with_steps("", &r);
        struct escalation_view v;

        cr_expect_not(see(f, r, 5 * MINUTE, &v));
}

/* Rule 7: denials. */
#include "tests/unit/ledger/fold.h"

Test(denial, is_a_holders)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, ERR_NOT_FOUND, fold_denial(f, "alice", *ledger_installation(f->ledger)));
        expect(f, ERR_NOT_ALLOWED, fold_denial(f, "dave", r));
        expect(f, ERR_NOT_ALLOWED, fold_denial(f, "erin", r));
        expect(f, ERR_NOT_ALLOWED, fold_denial(f, "broker", r));
}

Test(denial, has_no_single_veto)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        struct denial_view d;
        struct statement s = fold_denial(f, "bob", r);
        s.denial.suspicious = true;
        expect(f, OK, s);
        cr_assert_eq(fold_see(f, r).state, REQUEST_WAITING);
        cr_assert_eq(fold_see(f, r).denials, 1);
        ledger_denial_at(f->ledger, fold_see(f, r).index, 0, &d);
        cr_assert_str_eq(d.denier, "bob");
        cr_assert_eq(d.n, ledger_size(f->ledger) - 1);
        cr_assert_eq(d.at_ms, f->now_ms);
        cr_assert_str_eq(d.reason, "not now");
        cr_assert(d.is_suspicious);
}

Test(denial, ends_it_when_enough_approvals_are_no_longer_possible)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_denial(f, "alice", r));
        expect(f, OK, fold_denial(f, "carol", r));
        cr_assert_eq(fold_see(f, r).end, END_DENIED);
        expect(f, ERR_ENDED, fold_approval(f, "bob", r));
        expect(f, ERR_ENDED, fold_denial(f, "bob", r));
}

Test(denial, by_the_same_holder_counts_once)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        for (int i = 0; i < 3; i++)
                expect(f, OK, fold_denial(f, "alice", r));
        cr_assert_eq(fold_see(f, r).state, REQUEST_WAITING);
        cr_assert_eq(fold_see(f, r).denials, 3);
}

Test(denial, of_who_has_approved_does_not_count)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_denial(f, "alice", r));
        expect(f, OK, fold_denial(f, "bob", r));
        cr_assert_eq(fold_see(f, r).state, REQUEST_WAITING);
        expect(f, OK, fold_approval(f, "carol", r));
        expect(f, OK, fold_open(f, "erin", r));
}

Test(denial, a_denier_may_still_approve_and_then_counts_as_approver)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_denial(f, "alice", r));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_denial(f, "bob", r));
        cr_assert_eq(fold_see(f, r).state, REQUEST_WAITING, "alice and carol can still open it");
        expect(f, OK, fold_denial(f, "carol", r));
        cr_assert_eq(fold_see(f, r).end, END_DENIED);
}

Test(denial, does_not_end_what_is_open)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        expect(f, OK, fold_denial(f, "carol", r));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_open(f, "erin", r));
        expect(f, OK, fold_denial(f, "carol", r));
        cr_assert_eq(fold_see(f, r).state, REQUEST_OPENED);
}

Test(denial, does_not_end_what_is_open_though_too_few_are_left)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        fold_next_roster(f, "approvals: 2, holders: [alice, bob, carol]",
                         "approvals: 3, holders: [alice, bob, carol]");
        expect(f, OK, fold_denial(f, "carol", r));
        cr_assert_eq(fold_see(f, r).state, REQUEST_OPENED);
}

Test(denial, the_requester_is_nobody_who_could_still_approve)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_next_roster(f, "requesters: [erin, frank]", "requesters: [alice], holders_may_request: true");
        struct hash r = fold_request(f, "alice", fold_version(f, PG));
        expect(f, OK, fold_denial(f, "bob", r)); /* carol alone is left */
        cr_assert_eq(fold_see(f, r).end, END_DENIED);
}

Test(denial, only_eligible_holders_could_still_approve)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        fold_next_roster(f, "holders: [alice, bob, carol], requesters", "holders: [alice, bob, dave], requesters");
        expect(f, OK, fold_denial(f, "carol", r)); /* no longer eligible: changes nothing */
        cr_assert_eq(fold_see(f, r).state, REQUEST_WAITING);
        expect(f, OK, fold_denial(f, "alice", r));
        cr_assert_eq(fold_see(f, r).end, END_DENIED);
}

Test(denial, measures_against_what_policy_and_version_want)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        fold_next_roster(f, "approvals: 2, holders: [alice, bob, carol]",
                         "approvals: 3, holders: [alice, bob, carol]");
        expect(f, OK, fold_denial(f, "alice", r));
        cr_assert_eq(fold_see(f, r).end, END_DENIED);
}

Test(denial, after_expiry_is_expired)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        f->now_ms += 15 * MINUTE;
        expect(f, ERR_EXPIRED, fold_denial(f, "alice", r));
}

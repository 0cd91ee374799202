/* Rule 6: opening, and how time ends a request. */
#include "tests/unit/ledger/fold.h"

Test(open, starts_the_access_clock)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        struct request_view v = fold_see(f, r);
        cr_assert_eq(v.state, REQUEST_OPENED);
        cr_assert_eq(v.opened_at_ms, f->now_ms);
        cr_assert_eq(v.access_until_ms, f->now_ms + HOUR);
        cr_assert_eq(v.opened_n, ledger_size(f->ledger) - 1);
        f->now_ms += HOUR - 1;
        cr_assert_eq(fold_see(f, r).state, REQUEST_OPENED);
        f->now_ms++;
        cr_assert_eq(fold_see(f, r).end, END_TIME, "over by itself");
        cr_assert(!fold_see(f, r).close_is_logged);
        cr_assert_eq(fold_see(f, r).ended_at_ms, v.access_until_ms);
}

Test(open, with_too_few_approvals_is_not_ready)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, ERR_NOT_READY, fold_open(f, "erin", r));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, ERR_NOT_READY, fold_open(f, "erin", r));
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_open(f, "erin", r));
}

Test(open, is_the_requesters)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, ERR_NOT_FOUND, fold_open(f, "erin", *ledger_installation(f->ledger)));
        expect(f, ERR_NOT_ALLOWED, fold_open(f, "frank", r));
        expect(f, ERR_NOT_ALLOWED, fold_open(f, "alice", r));
        expect(f, ERR_NOT_ALLOWED, fold_open(f, "broker", r));
}

Test(open, a_requester_who_left_the_policy_opens_nothing)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        fold_next_roster(f, "requesters: [erin, frank]", "requesters: [frank]");
        expect(f, ERR_NOT_ALLOWED, fold_open(f, "erin", r));
        fold_next_roster(f, NULL, NULL);
        expect(f, OK, fold_open(f, "erin", r));
}

Test(open, twice_is_a_duplicate)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        expect(f, ERR_DUPLICATE, fold_open(f, "erin", r));
}

Test(open, after_the_end_is_ended)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        expect(f, OK, fold_cancel(f, "erin", r));
        expect(f, ERR_ENDED, fold_open(f, "erin", r));
        r = fold_opened(f, "erin", v);
        f->now_ms += HOUR;
        expect(f, ERR_ENDED, fold_open(f, "erin", r));
}

Test(open, an_expired_request_is_expired_with_or_without_its_close_line)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "alice", r));
        f->now_ms += 15 * MINUTE - 1;
        expect(f, ERR_NOT_READY, fold_open(f, "erin", r));
        f->now_ms++;
        expect(f, ERR_EXPIRED, fold_open(f, "erin", r));
        expect(f, OK, fold_close(f, "broker", r, CLOSE_EXPIRED));
        expect(f, ERR_EXPIRED, fold_open(f, "erin", r));
}

Test(open, approvals_carry_it_over_the_requests_own_expiry)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        f->now_ms += 10 * MINUTE;
        struct statement longer = fold_approval(f, "alice", r);
        longer.approval.expires_at_ms = f->now_ms + 20 * MINUTE;
        expect(f, OK, longer);
        expect(f, OK, fold_approval(f, "bob", r)); /* until minute 24 */
        f->now_ms += 14 * MINUTE - 1;
        cr_assert_eq(fold_see(f, r).state, REQUEST_READY);
        expect(f, OK, fold_open(f, "erin", r));
}

Test(open, the_first_expiry_that_leaves_too_few_ends_it)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        f->now_ms += 10 * MINUTE;
        struct statement longer = fold_approval(f, "alice", r);
        longer.approval.expires_at_ms = f->now_ms + 20 * MINUTE;
        expect(f, OK, longer);
        expect(f, OK, fold_approval(f, "bob", r));
        f->now_ms += 14 * MINUTE;
        cr_assert_eq(fold_see(f, r).end, END_EXPIRED);
        cr_assert_eq(fold_see(f, r).ended_at_ms, f->now_ms);
        expect(f, ERR_EXPIRED, fold_open(f, "erin", r));
}

Test(open, a_third_approval_keeps_it_ready)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        struct statement s = fold_approval(f, "alice", r);
        s.approval.expires_at_ms = f->now_ms + MINUTE;
        expect(f, OK, s);
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_approval(f, "carol", r));
        f->now_ms += MINUTE;
        cr_assert_eq(fold_see(f, r).approvals, 2);
        expect(f, OK, fold_open(f, "erin", r));
}

Test(open, an_expired_approval_leaves_it_waiting_until_the_requests_expiry)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        struct statement s = fold_approval(f, "alice", r);
        s.approval.expires_at_ms = f->now_ms + MINUTE;
        expect(f, OK, s);
        expect(f, OK, fold_approval(f, "bob", r));
        f->now_ms += MINUTE;
        cr_assert_eq(fold_see(f, r).state, REQUEST_WAITING);
        expect(f, ERR_NOT_READY, fold_open(f, "erin", r));
        expect(f, OK, fold_approval(f, "carol", r));
        expect(f, OK, fold_open(f, "erin", r));
}

Test(open, of_an_old_version_goes_on_until_revocation_starts)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), r = fold_request(f, "erin", v1);
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        struct hash v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        expect(f, OK, fold_open(f, "erin", r));
        expect(f, OK, fold_close(f, "erin", r, CLOSE_DONE));
}

Test(open, of_an_old_version_that_is_being_revoked_is_stale)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), r = fold_request(f, "erin", v1);
        f->now_ms += 10 * MINUTE;
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        struct hash v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        f->now_ms += 5 * MINUTE; /* past its expiry, still ready: revocation doesn't wait so long */
        cr_assert_eq(fold_see(f, r).state, REQUEST_READY);
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        expect(f, ERR_STALE_VERSION, fold_open(f, "erin", r));
}

Test(open, dark_is_recorded)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        struct statement s = fold_open(f, "erin", r);
        s.open.dark = true;
        expect(f, OK, s);
        cr_assert(fold_see(f, r).is_dark);
}

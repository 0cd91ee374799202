/* Rule 5: approvals and the spent rule; rule 9: extending. */
#include "tests/unit/ledger/fold.h"

#define PRODDB_HOLDERS "approvals: 2, holders: [alice, bob, carol], requesters: [erin, frank]"

Test(approval, two_of_three_make_it_ready)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        struct approval_view a;
        struct statement s = fold_approval(f, "carol", r);
        s.made_at_ms -= MINUTE;
        expect(f, OK, s);
        cr_assert_eq(fold_see(f, r).state, REQUEST_WAITING);
        expect(f, OK, fold_approval(f, "alice", r));
        cr_assert_eq(fold_see(f, r).state, REQUEST_READY);
        cr_assert_eq(fold_see(f, r).approvals, 2);
        ledger_approval_at(f->ledger, fold_see(f, r).index, 0, f->now_ms, &a);
        cr_assert_str_eq(a.approver, "carol");
        cr_assert_eq(a.index, 3);
        cr_assert(a.is_valid && !a.is_override);
        cr_assert(hash_equal(&a.share, &s.approval.share));
        cr_assert_eq(a.at_ms, f->now_ms);
        cr_assert_eq(a.made_at_ms, s.made_at_ms);
        cr_assert_eq(a.expires_at_ms, s.approval.expires_at_ms);
        cr_assert_eq(a.n, ledger_size(f->ledger) - 2);
        ledger_approval_at(f->ledger, fold_see(f, r).index, 1, f->now_ms, &a);
        cr_assert(hash_equal(&a.id, &f->last));
}

Test(approval, of_an_unknown_request_is_not_found)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        expect(f, ERR_NOT_FOUND, fold_approval(f, "alice", v));
}

Test(approval, for_another_version_or_index_is_a_mismatch)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG)), web = fold_version(f, WEB);
        struct statement s = fold_approval(f, "alice", r);
        s.approval.version = web;
        expect(f, ERR_MISMATCH, s);
        s = fold_approval(f, "alice", r);
        s.approval.index = 2;
        expect(f, ERR_MISMATCH, s);
}

Test(approval, is_an_eligible_holders)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, ERR_NOT_ALLOWED, fold_approval(f, "dave", r));
        expect(f, ERR_NOT_ALLOWED, fold_approval(f, "erin", r));
        expect(f, ERR_NOT_ALLOWED, fold_approval(f, "broker", r));
        fold_next_roster(f, PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob, dave], requesters: [erin]");
        expect(f, ERR_NOT_ALLOWED, fold_approval(f, "carol", r)); /* no longer in the policy */
        expect(f, ERR_NOT_ALLOWED, fold_approval(f, "dave", r));  /* in it, without a share */
        expect(f, OK, fold_approval(f, "bob", r));
}

Test(approval, by_a_holder_with_a_new_key_is_refused)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        char from[256], to[256];
        snprintf(from, sizeof from, "opens: %s", world_opens(f->w, "carol"));
        snprintf(to, sizeof to, "opens: %s", fold_new_key(f));
        fold_next_roster(f, from, to);
        expect(f, ERR_NOT_ALLOWED, fold_approval(f, "carol", r));
}

Test(approval, a_second_one_by_the_same_holder_is_a_duplicate)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, ERR_DUPLICATE, fold_approval(f, "alice", r));
        cr_assert_eq(fold_see(f, r).approvals, 1);
        f->now_ms += 14 * MINUTE; /* the first has expired */
        expect(f, ERR_DUPLICATE, fold_approval(f, "alice", r));
}

Test(approval, comes_before_the_requests_expiry)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        f->now_ms += 15 * MINUTE - 1;
        expect(f, OK, fold_approval(f, "alice", r));
        f->now_ms++;
        expect(f, ERR_EXPIRED, fold_approval(f, "bob", r));
}

Test(approval, comes_before_the_requests_expiry_also_when_it_is_still_ready)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        f->now_ms += 10 * MINUTE;
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        f->now_ms += 5 * MINUTE;
        cr_assert_eq(fold_see(f, r).state, REQUEST_READY);
        expect(f, ERR_EXPIRED, fold_approval(f, "carol", r));
}

Test(approval, may_come_after_the_opening)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "carol", r));
        f->now_ms += 15 * MINUTE;
        cr_assert_eq(fold_see(f, r).state, REQUEST_OPENED);
}

Test(approval, after_the_end_is_refused)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        expect(f, OK, fold_cancel(f, "erin", r));
        expect(f, ERR_ENDED, fold_approval(f, "alice", r));
        r = fold_opened(f, "erin", v);
        expect(f, OK, fold_close(f, "erin", r, CLOSE_DONE));
        expect(f, ERR_ENDED, fold_approval(f, "carol", r));
}

Test(approval, that_expires_now_is_expired)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_approval(f, "alice", fold_request(f, "erin", fold_version(f, PG)));
        s.approval.expires_at_ms = f->now_ms;
        expect(f, ERR_EXPIRED, s);
        s.approval.expires_at_ms++;
        expect(f, OK, s);
}

Test(approval, lasts_no_longer_than_the_policys_time_from_when_it_was_made)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_approval(f, "alice", fold_request(f, "erin", fold_version(f, PG)));
        s.approval.expires_at_ms = s.made_at_ms + 30 * MINUTE + 1;
        expect(f, ERR_TOO_LONG, s);
        s.approval.expires_at_ms--;
        expect(f, OK, s);
}

Test(approval, is_waited_for_by_revocation)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), r = fold_request(f, "erin", v1);
        struct statement late = fold_ask(f, "frank", v1);
        late.request.expires_at_ms = f->now_ms + 30 * MINUTE;
        expect(f, OK, late);
        struct hash v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        expect(f, OK, fold_approval(f, "alice", r)); /* promoted is not yet revoked */
        f->now_ms += 15 * MINUTE;
        expect(f, ERR_IN_USE, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
}

Test(approval, on_a_dropped_version_is_stale)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), a = fold_pending(f, v1);
        fold_set(f, v1, a);
        struct hash r = fold_request(f, "erin", a);
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        struct hash b = f->last;
        fold_promote(f, v1, b);
        cr_assert_eq(fold_see_version(f, a).state, VERSION_DROPPED);
        expect(f, ERR_STALE_VERSION, fold_approval(f, "alice", r));
}

Test(approval, goes_on_when_its_pending_version_is_promoted)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        fold_set(f, v1, v2);
        struct hash r = fold_request(f, "erin", v2);
        fold_promote(f, v1, v2);
        expect(f, OK, fold_approval(f, "alice", r));
}

Test(approval, counts_as_many_as_policy_and_version_want)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        fold_next_roster(f, PRODDB_HOLDERS, "approvals: 3, holders: [alice, bob, carol], requesters: [erin]");
        cr_assert_eq(fold_see(f, r).threshold, 3);
        cr_assert_eq(fold_see(f, r).state, REQUEST_WAITING);
        expect(f, ERR_NOT_READY, fold_open(f, "erin", r));
        expect(f, OK, fold_approval(f, "carol", r));
        expect(f, OK, fold_open(f, "erin", r));
}

Test(approval, a_lower_policy_leaves_the_versions_own_need)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, WEB));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        fold_next_roster(f, "approvals: 3, holders: [alice, bob, carol, dave]",
                         "approvals: 2, holders: [alice, bob, carol, dave]");
        cr_assert_eq(fold_see(f, r).threshold, 3);
        expect(f, ERR_NOT_READY, fold_open(f, "erin", r));
}

Test(approval, by_who_has_left_the_holders_counts_no_more)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "carol", r));
        fold_next_roster(f, PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob, dave], requesters: [erin]");
        cr_assert_eq(fold_see(f, r).approvals, 1);
        cr_assert_eq(fold_see(f, r).approvals_ever, 2);
        expect(f, ERR_NOT_READY, fold_open(f, "erin", r));
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_open(f, "erin", r));
}

/* ---- spent shares ---- */

static void spent_table(struct fold *f, struct hash r, const char *who, bool wants, unsigned others)
{
        unsigned n = 99;
        cr_assert_eq(ledger_wants_override(f->ledger, &r, who, &n), wants, "%s", who);
        cr_assert_eq(n, others, "%s: %u others", who, n);
}

Test(spent, a_share_spent_elsewhere_wants_an_override)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), a = fold_request(f, "erin", v), b = fold_request(f, "frank", v);
        expect(f, OK, fold_approval(f, "alice", a));
        spent_table(f, b, "bob", true, 1);
        spent_table(f, b, "alice", false, 1);
        expect(f, ERR_SPENT_LIMIT, fold_approval(f, "bob", b));
        struct statement s = fold_approval(f, "bob", b);
        s.approval.override = true;
        expect(f, OK, s);
        struct approval_view view;
        ledger_approval_at(f->ledger, fold_see(f, b).index, 0, f->now_ms, &view);
        cr_assert(view.is_override);
}

Test(spent, who_is_among_the_others_approves_freely)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), a = fold_request(f, "erin", v), b = fold_request(f, "frank", v);
        expect(f, OK, fold_approval(f, "alice", a));
        expect(f, OK, fold_approval(f, "alice", b));
        expect(f, OK, fold_approval(f, "bob", b)); /* completes b by itself: |now ∪ me| ≥ M */
}

Test(spent, an_ended_request_counts_too)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        fold_spent(f, v); /* alice */
        struct hash r = fold_request(f, "erin", v);
        expect(f, ERR_SPENT_LIMIT, fold_approval(f, "bob", r));
        expect(f, OK, fold_approval(f, "alice", r));
}

Test(spent, a_denied_or_expired_request_counts_too)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), a = fold_request(f, "erin", v);
        expect(f, OK, fold_approval(f, "alice", a));
        f->now_ms += 15 * MINUTE;
        cr_assert_eq(fold_see(f, a).end, END_EXPIRED);
        expect(f, ERR_SPENT_LIMIT, fold_approval(f, "bob", fold_request(f, "erin", v)));
}

Test(spent, a_version_that_was_opened_has_nothing_left_to_guard)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        fold_opened(f, "erin", v);
        struct hash r = fold_request(f, "frank", v);
        spent_table(f, r, "carol", false, 0);
        expect(f, OK, fold_approval(f, "carol", r));
}

Test(spent, other_versions_do_not_count)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG);
        fold_spent(f, v1);
        struct hash v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        expect(f, OK, fold_approval(f, "bob", fold_request(f, "erin", v2)));
}

Test(spent, fewer_than_need_in_all_are_free)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, WEB), a = fold_request(f, "erin", v), b = fold_request(f, "erin", v);
        expect(f, OK, fold_approval(f, "alice", a));
        expect(f, OK, fold_approval(f, "bob", b)); /* 2 of 3 spent in all */
        expect(f, ERR_SPENT_LIMIT, fold_approval(f, "carol", b));
        expect(f, ERR_SPENT_LIMIT, fold_approval(f, "carol", a));
        expect(f, OK, fold_approval(f, "alice", b));
        expect(f, OK, fold_approval(f, "carol", b)); /* the third of b */
}

Test(spent, the_limit_is_the_versions_own_need_not_the_policys)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        fold_next_roster(f, PRODDB_HOLDERS, "approvals: 3, holders: [alice, bob, carol], requesters: [erin, frank]");
        struct hash a = fold_request(f, "erin", v), b = fold_request(f, "frank", v);
        expect(f, OK, fold_approval(f, "alice", a));
        expect(f, ERR_SPENT_LIMIT, fold_approval(f, "bob", b));
        expect(f, OK, fold_approval(f, "bob", a)); /* |now ∪ me| ≥ 2 */
}

/* ---- extend ---- */

static struct fold *extending(struct hash *ret_request)
{
        struct fold *f = fold_new();
        fold_next_roster(f, "request_for: 30m, open_for: 1h", "request_for: 30m, open_for: 4h");
        *ret_request = fold_opened(f, "erin", fold_version(f, PG));
        return f;
}

Test(extend, takes_effect_when_enough_holders_name_the_same_time)
{
        struct hash r;
        CLEANUP_FOLD struct fold *f = extending(&r);
        int64_t opened_ms = f->now_ms;
        expect(f, OK, fold_extend(f, "alice", r, 2 * HOUR));
        expect(f, OK, fold_extend(f, "alice", r, 2 * HOUR));
        expect(f, OK, fold_extend(f, "bob", r, 3 * HOUR));
        cr_assert_eq(fold_see(f, r).access_until_ms, opened_ms + HOUR);
        expect(f, OK, fold_extend(f, "carol", r, 2 * HOUR));
        cr_assert_eq(fold_see(f, r).access_until_ms, opened_ms + 2 * HOUR, "the total from the opening");
        f->now_ms += 2 * HOUR - 1;
        cr_assert_eq(fold_see(f, r).state, REQUEST_OPENED);
        expect(f, ERR_TOO_EARLY, fold_close(f, "broker", r, CLOSE_TIME));
        f->now_ms++;
        expect(f, OK, fold_close(f, "broker", r, CLOSE_TIME));
}

Test(extend, is_the_eligible_holders)
{
        struct hash r;
        CLEANUP_FOLD struct fold *f = extending(&r);
        expect(f, ERR_NOT_ALLOWED, fold_extend(f, "erin", r, 2 * HOUR));
        expect(f, ERR_NOT_ALLOWED, fold_extend(f, "dave", r, 2 * HOUR));
        expect(f, ERR_NOT_ALLOWED, fold_extend(f, "broker", r, 2 * HOUR));
        expect(f, ERR_NOT_FOUND, fold_extend(f, "alice", *ledger_installation(f->ledger), 2 * HOUR));
}

Test(extend, the_requester_has_no_vote_even_as_a_holder)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        const char *const edits[] = {"requesters: [erin, frank]", "requesters: [alice], holders_may_request: true",
                                     "request_for: 30m, open_for: 1h", "request_for: 30m, open_for: 4h", NULL};
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 2, edits)), OK);
        struct hash r = fold_request(f, "alice", fold_version(f, PG));
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_approval(f, "carol", r));
        expect(f, OK, fold_open(f, "alice", r));
        expect(f, ERR_NOT_ALLOWED, fold_extend(f, "alice", r, 2 * HOUR));
}

Test(extend, stays_within_the_policy_and_only_lengthens)
{
        struct hash r;
        CLEANUP_FOLD struct fold *f = extending(&r);
        expect(f, ERR_TOO_LONG, fold_extend(f, "alice", r, 4 * HOUR + 1));
        expect(f, OK, fold_extend(f, "alice", r, 4 * HOUR));
        expect(f, ERR_DUPLICATE, fold_extend(f, "alice", r, HOUR));
        expect(f, ERR_DUPLICATE, fold_extend(f, "alice", r, MINUTE));
}

Test(extend, is_for_what_is_open)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        expect(f, ERR_TOO_EARLY, fold_extend(f, "alice", r, 50 * MINUTE));
        expect(f, OK, fold_cancel(f, "erin", r));
        expect(f, ERR_ENDED, fold_extend(f, "alice", r, 50 * MINUTE));
        r = fold_opened(f, "erin", v);
        f->now_ms += HOUR;
        expect(f, ERR_ENDED, fold_extend(f, "alice", r, 2 * HOUR));
}

/* Orders and rotations: what makes one due, the order of its steps, and what waits for whom. */
#include "tests/unit/ledger/fold.h"

static enum rotation_reason due(struct fold *f, struct hash v)
{
        return fold_see_rotation(f, v).due;
}

/* ---- due ---- */

Test(due, a_fresh_version_is_not)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        cr_assert_eq(due(f, v), NOT_DUE);
        struct hash r = fold_request(f, "erin", v);
        fold_request(f, "erin", v);
        expect(f, OK, fold_cancel(f, "erin", r));
        f->now_ms += HOUR;
        cr_assert_eq(due(f, v), NOT_DUE, "a request without an approval spends nothing");
}

Test(due, after_each_end_of_a_request_with_an_approval)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        expect(f, OK, fold_approval(f, "alice", r));
        cr_assert_eq(due(f, v), NOT_DUE, "it is still going on");
        f->now_ms += 15 * MINUTE;
        cr_assert_eq(due(f, v), DUE_SPENT, "expired by itself");
        expect(f, OK, fold_close(f, "broker", r, CLOSE_EXPIRED));
        cr_assert_eq(due(f, v), DUE_SPENT);
}

Test(due, after_a_denied_request_with_an_approval)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_denial(f, "bob", r));
        expect(f, OK, fold_denial(f, "carol", r));
        cr_assert_eq(due(f, v), DUE_SPENT);
}

Test(due, after_an_opening_is_over)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_opened(f, "erin", v);
        cr_assert_eq(due(f, v), NOT_DUE);
        f->now_ms += HOUR;
        cr_assert_eq(due(f, v), DUE_SPENT);
        (void)r;
}

Test(due, by_order)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        expect(f, OK, fold_order(f, "carol", v));
        cr_assert_eq(due(f, v), DUE_ORDERED);
}

Test(due, by_age)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_next_roster(f, "postmortem_within: 5d", "postmortem_within: 5d, rotate_every: 30d");
        struct hash v = fold_version(f, PG);
        f->now_ms += 30 * DAY - 1;
        cr_assert_eq(due(f, v), NOT_DUE);
        expect(f, ERR_NOT_DUE, fold_rotated(f, "rot-1", PG));
        expect(f, ERR_NOT_DUE, fold_order(f, "broker", v));
        f->now_ms++;
        cr_assert_eq(due(f, v), DUE_AGE);
        expect(f, OK, fold_order(f, "broker", v));
        expect(f, OK, fold_rotated(f, "rot-1", PG));
}

Test(due, only_the_current_version)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        cr_assert_eq(due(f, v1), NOT_DUE);
        cr_assert_eq(due(f, v2), NOT_DUE);
}

/* ---- order ---- */

Test(order, is_an_admins_or_the_brokers_by_rule)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        expect(f, ERR_NOT_ALLOWED, fold_order(f, "erin", v));
        expect(f, ERR_NOT_ALLOWED, fold_order(f, "rot-1", v));
        expect(f, ERR_NOT_FOUND, fold_order(f, "alice", *ledger_installation(f->ledger)));
        expect(f, ERR_NOT_DUE, fold_order(f, "broker", v));
        fold_spent(f, v);
        expect(f, OK, fold_order(f, "broker", v));
}

Test(order, is_for_current_versions)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        expect(f, ERR_STALE_VERSION, fold_order(f, "alice", v2));
        fold_promote(f, v1, v2);
        expect(f, ERR_STALE_VERSION, fold_order(f, "alice", v1));
        expect(f, OK, fold_order(f, "alice", v2));
}

/* ---- who, and of what ---- */

Test(rotation, steps_are_a_rotators_of_the_policy)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        static const char *const others[] = {"alice", "erin", "broker"};
        for (size_t i = 0; i < COUNT_OF(others); i++) {
                expect(f, ERR_NOT_ALLOWED, fold_claim(f, others[i], v1, f->now_ms + HOUR));
                expect(f, ERR_NOT_ALLOWED, fold_step(f, others[i], v1, v2, STEP_SET, OUTCOME_STARTED));
                expect(f, ERR_NOT_ALLOWED, fold_step(f, others[i], v1, v2, STEP_PROMOTED, OUTCOME_NONE));
        }
        expect(f, ERR_NOT_ALLOWED, fold_step(f, "erin", v1, v2, STEP_DONE, OUTCOME_NONE));
        expect(f, OK, fold_claim(f, "rot-1", v1, f->now_ms + HOUR));
}

Test(rotation, a_rotator_of_no_policy_is_refused)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash web = fold_version(f, WEB);
        expect(f, OK, fold_order(f, "alice", web));
        expect(f, ERR_NOT_ALLOWED, fold_claim(f, "rot-1", web, f->now_ms + HOUR));
}

Test(rotation, names_versions_that_belong_together)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1), web = fold_version(f, WEB);
        struct hash none = *ledger_installation(f->ledger);
        expect(f, ERR_NOT_FOUND, fold_step(f, "rot-1", none, v2, STEP_SET, OUTCOME_STARTED));
        expect(f, ERR_NOT_FOUND, fold_step(f, "rot-1", v1, none, STEP_SET, OUTCOME_STARTED));
        expect(f, ERR_MISMATCH, fold_step(f, "rot-1", v1, web, STEP_SET, OUTCOME_STARTED));
        expect(f, ERR_MISMATCH, fold_step(f, "rot-1", v2, v1, STEP_SET, OUTCOME_STARTED));
        struct statement s = fold_step(f, "rot-1", v1, v2, STEP_SET, OUTCOME_STARTED);
        s.rotation.has_pending = false;
        expect(f, ERR_BAD_STATEMENT, s);
}

/* ---- claim ---- */

Test(claim, is_a_lease_that_runs_out)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        expect(f, ERR_NOT_DUE, fold_claim(f, "rot-1", v, f->now_ms + HOUR));
        expect(f, OK, fold_order(f, "alice", v));
        expect(f, ERR_EXPIRED, fold_claim(f, "rot-1", v, f->now_ms));
        expect(f, OK, fold_claim(f, "rot-1", v, f->now_ms + HOUR));
        expect(f, OK, fold_claim(f, "rot-1", v, f->now_ms + 2 * HOUR)); /* the same one goes on */
        struct rotation_view r = fold_see_rotation(f, v);
        cr_assert(r.is_claimed);
        cr_assert_str_eq(r.claimed_by, "rot-1");
        f->now_ms += 2 * HOUR;
        cr_assert(!fold_see_rotation(f, v).is_claimed);
}

Test(claim, of_an_old_version_is_for_its_revocation)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        expect(f, ERR_STALE_VERSION, fold_claim(f, "rot-1", v2, f->now_ms + HOUR));
        fold_promote(f, v1, v2);
        expect(f, OK, fold_claim(f, "rot-1", v1, f->now_ms + HOUR));
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE));
        expect(f, ERR_STALE_VERSION, fold_claim(f, "rot-1", v1, f->now_ms + HOUR));
}

Test(claim, goes_on_while_a_pending_is_being_set_though_nothing_is_due_any_more)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG);
        fold_next_roster(f, "approvals: 2, holders: [alice, bob, carol]",
                         "approvals: 2, holders: [alice, bob, carol, dave]");
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        struct hash v2 = f->last;
        expect(f, OK, fold_custody_of(f, "alice", v1));
        expect(f, OK, fold_custody_of(f, "bob", v1));
        fold_set(f, v1, v2);
        fold_next_roster(f, NULL, NULL);
        cr_assert_eq(due(f, v1), NOT_DUE);
        expect(f, OK, fold_claim(f, "rot-1", v1, f->now_ms + HOUR));
}

/* ---- set, test, promoted ---- */

Test(promoted, needs_the_last_set_and_the_last_test_to_be_ok)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        struct statement promoted;
#define PROMOTE (promoted = fold_step(f, "rot-1", v1, v2, STEP_PROMOTED, OUTCOME_NONE))
        expect(f, ERR_TOO_EARLY, PROMOTE);
        fold_set(f, v1, v2);
        expect(f, ERR_TOO_EARLY, PROMOTE);
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_SET, OUTCOME_OK));
        expect(f, ERR_TOO_EARLY, PROMOTE);
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_TEST, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_TEST, OUTCOME_FAILED));
        expect(f, ERR_TOO_EARLY, PROMOTE);
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_TEST, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_SET, OUTCOME_UNKNOWN));
        expect(f, ERR_TOO_EARLY, PROMOTE);
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_SET, OUTCOME_OK));
        expect(f, OK, PROMOTE);
        cr_assert_eq(fold_see_version(f, v2).state, VERSION_CURRENT);
        cr_assert_eq(fold_see_version(f, v1).state, VERSION_REPLACED);
        cr_assert_eq(fold_see_version(f, v1).evidence, OLD_NONE);
        expect(f, ERR_STALE_VERSION, PROMOTE);
        expect(f, ERR_STALE_VERSION, fold_step(f, "rot-1", v1, v2, STEP_SET, OUTCOME_STARTED));
}

Test(promoted, ends_the_credentials_other_pending_versions)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), a = fold_pending(f, v1);
        fold_set(f, v1, a);
        expect(f, OK, fold_step(f, "rot-1", v1, a, STEP_SET, OUTCOME_FAILED));
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        struct hash b = f->last;
        fold_promote(f, v1, b);
        cr_assert_eq(fold_see_version(f, a).state, VERSION_DROPPED);
        expect(f, ERR_STALE_VERSION, fold_step(f, "rot-1", v1, a, STEP_SET, OUTCOME_STARTED));
        expect(f, ERR_STALE_VERSION, fold_step(f, "rot-1", v1, a, STEP_TEST, OUTCOME_OK));
        expect(f, ERR_STALE_VERSION, fold_step(f, "rot-1", v1, a, STEP_PROMOTED, OUTCOME_NONE));
        expect(f, ERR_STALE_VERSION, fold_step(f, "rot-1", v1, a, STEP_DONE, OUTCOME_NONE));
        struct rotation_view r = fold_see_rotation(f, v1);
        cr_assert(hash_equal(&r.pending, &b));
}

Test(rotation, a_sealed_version_is_not_a_rotators)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), sealed = fold_version(f, PG);
        expect(f, OK, fold_custody_of(f, "alice", v1));
        expect(f, OK, fold_custody_of(f, "bob", v1));
        expect(f, ERR_STALE_VERSION, fold_step(f, "rot-1", v1, sealed, STEP_SET, OUTCOME_STARTED));
        expect(f, ERR_STALE_VERSION, fold_step(f, "rot-1", v1, sealed, STEP_PROMOTED, OUTCOME_NONE));
}

Test(rotation, the_pending_version_asked_for_is_the_one_being_set)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), a = fold_pending(f, v1);
        struct version_view v;
        cr_assert(ledger_pending_version(f->ledger, PG, &v) && hash_equal(&v.id, &a));
        fold_set(f, v1, a);
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        cr_assert(ledger_pending_version(f->ledger, PG, &v) && hash_equal(&v.id, &a));
        struct rotation_view r = fold_see_rotation(f, v1);
        cr_assert(hash_equal(&r.pending, &a));
        cr_assert_eq(r.set, OUTCOME_STARTED);
}

/* ---- revoke and done ---- */

Test(revoke, and_done_come_after_promoted)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        expect(f, ERR_TOO_EARLY, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        expect(f, ERR_TOO_EARLY, fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE));
        fold_promote(f, v1, v2);
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_OK));
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE));
        struct rotation_view r = fold_see_rotation(f, v1);
        cr_assert(r.is_promoted && r.is_done && r.new_works);
        cr_assert_eq(r.revoke, OUTCOME_OK);
        cr_assert_eq(r.evidence, OLD_REFUSED);
        cr_assert_eq(fold_see_version(f, v1).evidence, OLD_REFUSED);
}

Test(revoke, waits_for_a_live_opening)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), r = fold_opened(f, "erin", v1), v2 = fold_pending(f, v1);
        int64_t opened_ms = f->now_ms;
        fold_promote(f, v1, v2);
        expect(f, ERR_IN_USE, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        expect(f, ERR_IN_USE, fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE));
        expect(f, ERR_IN_USE, fold_step(f, "alice", v1, v2, STEP_DONE, OUTCOME_NONE));
        cr_assert(fold_see_rotation(f, v1).must_wait);
        cr_assert_eq(fold_see_rotation(f, v1).wait_until_ms, opened_ms + HOUR);
        f->now_ms += HOUR - 1;
        expect(f, ERR_IN_USE, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        f->now_ms++;
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        (void)r;
}

Test(revoke, goes_on_when_the_opening_is_closed)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), r = fold_opened(f, "erin", v1), v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        expect(f, OK, fold_close(f, "erin", r, CLOSE_DONE));
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
}

Test(revoke, waits_for_a_request_until_its_expiry)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), r = fold_request(f, "erin", v1), v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        f->now_ms += 15 * MINUTE - 1;
        expect(f, ERR_IN_USE, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        f->now_ms++;
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        (void)r;
}

Test(revoke, does_not_wait_for_the_new_version)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        fold_opened(f, "erin", v2);
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_REVOKE, OUTCOME_STARTED));
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE));
}

Test(done, by_an_admin_proves_a_rotation_by_hand)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_version(f, PG);
        expect(f, ERR_TOO_EARLY, fold_step(f, "bob", v1, v2, STEP_DONE, OUTCOME_NONE));
        expect(f, OK, fold_custody_of(f, "alice", v2));
        expect(f, OK, fold_custody_of(f, "bob", v2));
        cr_assert_eq(fold_see_version(f, v1).evidence, OLD_UNPROVEN);
        struct statement s = fold_step(f, "bob", v1, v2, STEP_DONE, OUTCOME_NONE);
        s.rotation.old = OLD_REPLACED;
        expect(f, OK, s);
        cr_assert_eq(fold_see_version(f, v1).evidence, OLD_REPLACED);
        cr_assert(fold_see_rotation(f, v1).is_done);
}

Test(done, of_an_unproven_old_version_can_be_proven_later)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        struct statement s = fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE);
        s.rotation.old = OLD_UNPROVEN;
        s.rotation.has_new_works = false;
        expect(f, OK, s);
        cr_assert_eq(fold_see_version(f, v1).evidence, OLD_UNPROVEN);
        expect(f, OK, fold_step(f, "alice", v1, v2, STEP_DONE, OUTCOME_NONE));
        cr_assert_eq(fold_see_version(f, v1).evidence, OLD_REFUSED);
}

Test(done, a_later_version_is_not_what_replaced_it)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        struct hash v3 = fold_pending(f, v2);
        fold_promote(f, v2, v3);
        expect(f, ERR_MISMATCH, fold_step(f, "rot-1", v1, v3, STEP_DONE, OUTCOME_NONE));
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE));
        expect(f, OK, fold_step(f, "rot-1", v2, v3, STEP_DONE, OUTCOME_NONE));
}

/* ---- what is said about one, for who follows it ---- */

Test(told, the_first_order_the_first_and_the_last_word)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG);
        cr_assert_eq(fold_see_rotation(f, v1).begun_at_ms, 0);
        cr_assert_not(fold_see_rotation(f, v1).has_order);
        uint64_t n = ledger_size(f->ledger);
        int64_t begun_ms = f->now_ms += MINUTE;
        expect(f, OK, fold_order(f, "alice", v1));
        f->now_ms += MINUTE;
        expect(f, OK, fold_order(f, "bob", v1));
        struct rotation_view r = fold_see_rotation(f, v1);
        cr_assert(r.has_order);
        cr_assert_eq(r.order_n, n);
        cr_assert_eq(r.begun_at_ms, begun_ms);
        cr_assert_eq(r.said_at_ms, begun_ms + MINUTE);
        f->now_ms += MINUTE;
        struct hash v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        expect(f, OK, fold_step(f, "rot-1", v1, v2, STEP_DONE, OUTCOME_NONE));
        r = fold_see_rotation(f, v1);
        cr_assert_eq(r.begun_at_ms, begun_ms);
        cr_assert_eq(r.said_at_ms, f->now_ms);
}

Test(told, the_reason_stays_when_it_is_over)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG);
        expect(f, OK, fold_order(f, "alice", v1));
        struct hash v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        cr_assert_eq(fold_see_rotation(f, v1).due, NOT_DUE);
        cr_assert_eq(fold_see_rotation(f, v1).reason, DUE_ORDERED);
        fold_next_roster(f, "postmortem_within: 5d", "postmortem_within: 5d, rotate_every: 30d");
        struct hash v3 = fold_version(f, PG);
        expect(f, OK, fold_custody_of(f, "alice", v3));
        expect(f, OK, fold_custody_of(f, "bob", v3));
        f->now_ms += 60 * DAY;
        cr_assert_eq(fold_see_rotation(f, v2).reason, NOT_DUE, "by hand, not for the age it has now");
}

/* The common head: installation, roster, the head that the signer had seen, and the signer. */
#include "tests/unit/ledger/fold.h"

static struct statement any(struct fold *f)
{
        return fold_notice(f, "broker", NOTICE_ACCEPTED);
}

Test(head, a_statement_with_the_newest_head_is_taken)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        expect(f, OK, any(f));
        cr_assert_eq(ledger_size(f->ledger), 2);
}

Test(head, a_statement_may_name_any_earlier_head)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        for (int i = 0; i < 8; i++)
                expect(f, OK, any(f));
        for (uint64_t size = 1; size <= 9; size++) {
                struct statement s = any(f);
                s.head_size = size;
                s.head_root = ledger_root_at(f->ledger, size);
                expect(f, OK, s);
        }
}

Test(head, a_head_with_another_root_is_a_fork)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = any(f);
        s.head_root.b[31] ^= 1;
        expect(f, ERR_FORK, s);
        expect(f, OK, any(f));
        expect(f, OK, any(f));
        s = any(f);
        s.head_size--;
        expect(f, ERR_FORK, s);
}

Test(head, a_head_of_nothing_or_beyond_the_log_is_a_fork)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = any(f);
        s.head_size = 0;
        expect(f, ERR_FORK, s);
        s.head_size = 2;
        expect(f, ERR_FORK, s);
}

Test(head, another_installation_or_roster_is_stale)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = any(f);
        s.installation.b[0] ^= 1;
        expect(f, ERR_STALE_ROSTER, s);
        s = any(f);
        s.roster.b[0] ^= 1;
        s.head_root.b[0] ^= 1; /* said before the fork */
        expect(f, ERR_STALE_ROSTER, s);
}

Test(head, the_roster_in_force_before_the_newest_is_stale)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = any(f);
        fold_next_roster(f, NULL, NULL);
        expect(f, ERR_STALE_ROSTER, s);
        s.roster = ledger_roster(f->ledger)->id;
        expect(f, OK, s);
}

Test(head, nothing_comes_before_the_genesis)
{
        CLEANUP_FOLD struct fold *f = fold_empty();
        expect(f, ERR_STALE_ROSTER, any(f));
}

Test(head, the_same_statement_again_is_a_duplicate_before_anything_else)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = any(f);
        expect(f, OK, s);
        s.head_root.b[0] ^= 1;
        expect(f, ERR_DUPLICATE, s);
        uint64_t n = 0;
        cr_assert(ledger_find(f->ledger, &s.id, &n));
        cr_assert_eq(n, 1);
        struct hash id = ledger_id_at(f->ledger, 1);
        cr_assert(hash_equal(&id, &s.id));
}

Test(head, a_signer_outside_the_roster_is_refused)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        expect(f, ERR_AUTH, fold_order(f, "mallory", v));
}

Test(head, only_a_roster_has_several_signers)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = any(f);
        s.n_by = 2;
        s.by[1] = "alice";
        expect(f, ERR_BAD_STATEMENT, s);
}

Test(head, a_session_has_no_place_in_the_log)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        expect(f, ERR_BAD_STATEMENT, fold_say(f, STATEMENT_SESSION, "erin"));
}

Test(head, time_never_goes_back)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        f->now_ms--;
        expect(f, ERR_CORRUPT_LOG, any(f));
        f->now_ms++;
        expect(f, OK, any(f));
        cr_assert_eq(ledger_last_at(f->ledger), f->now_ms);
}

Test(head, the_clock_counts_for_request_approval_and_open_up_to_ten_minutes_either_way)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct statement s = fold_ask(f, "erin", v);
        s.made_at_ms = f->now_ms - 10 * MINUTE - 1;
        expect(f, ERR_CLOCK, s);
        s.made_at_ms = f->now_ms + 10 * MINUTE + 1;
        expect(f, ERR_CLOCK, s);
        s.made_at_ms = f->now_ms + 10 * MINUTE;
        expect(f, OK, s);
        struct hash r = f->last;
        s = fold_approval(f, "alice", r);
        s.made_at_ms = f->now_ms - 10 * MINUTE - 1;
        expect(f, ERR_CLOCK, s);
        s.made_at_ms = f->now_ms - 10 * MINUTE;
        expect(f, OK, s);
        expect(f, OK, fold_approval(f, "bob", r));
        s = fold_open(f, "erin", r);
        s.made_at_ms = f->now_ms + 10 * MINUTE + 1;
        expect(f, ERR_CLOCK, s);
}

Test(head, the_clock_does_not_count_for_what_may_be_said_later)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        struct statement s = fold_cancel(f, "erin", r);
        s.made_at_ms = f->now_ms - 3 * DAY;
        expect(f, OK, s);
}

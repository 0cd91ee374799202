/* Custody statements, and rule 10. */
#include "tests/unit/ledger/fold.h"

Test(custody, only_who_has_a_share_can_say_it)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        expect(f, ERR_NOT_ALLOWED, fold_custody_of(f, "dave", v));
        expect(f, ERR_NOT_ALLOWED, fold_custody_of(f, "rot-1", v));
        expect(f, ERR_NOT_ALLOWED, fold_custody_of(f, "broker", v));
        expect(f, OK, fold_custody_of(f, "bob", v));
        cr_assert_eq(ledger_custody_of_version(f->ledger, &v, "bob"), f->now_ms);
        cr_assert_eq(ledger_custody_of_version(f->ledger, &v, "alice"), 0);
        cr_assert_eq(ledger_custody_of_credential(f->ledger, PG, "bob"), f->now_ms);
        cr_assert_eq(ledger_custody_of_credential(f->ledger, WEB, "bob"), 0);
}

Test(custody, one_unknown_or_foreign_version_spoils_the_whole_list)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash list[2] = {fold_version(f, PG), *ledger_installation(f->ledger)};
        struct statement s = fold_say(f, STATEMENT_CUSTODY, "carol");
        s.custody.versions = (struct hash_list){2, list};
        expect(f, ERR_NOT_FOUND, s);
        list[1] = fold_version(f, WEB);
        s = fold_say(f, STATEMENT_CUSTODY, "dave");
        s.custody.versions = (struct hash_list){2, list};
        expect(f, ERR_NOT_ALLOWED, s);
        s = fold_say(f, STATEMENT_CUSTODY, "carol");
        s.custody.versions = (struct hash_list){2, list};
        expect(f, OK, s);
        cr_assert_eq(ledger_custody_of_version(f->ledger, &list[1], "carol"), f->now_ms);
}

/* A pending version without any custody yet. */
static struct hash begin(struct fold *f, struct hash *ret_old)
{
        *ret_old = fold_version(f, PG);
        expect(f, OK, fold_order(f, "alice", *ret_old));
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        return f->last;
}

static struct statement set_of(struct fold *f, struct hash old, struct hash pending)
{
        return fold_step(f, "rot-1", old, pending, STEP_SET, OUTCOME_STARTED);
}

Test(custody, the_first_set_wants_need_holders_who_opened_a_share_lately)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash old, pending = begin(f, &old);
        expect(f, ERR_CUSTODY, set_of(f, old, pending));
        expect(f, OK, fold_custody_of(f, "alice", old));
        expect(f, ERR_CUSTODY, set_of(f, old, pending));
        expect(f, OK, fold_custody_of(f, "carol", pending));
        cr_assert(fold_see_rotation(f, old).has_fresh_custody);
        expect(f, OK, set_of(f, old, pending));
}

Test(custody, of_any_version_counts)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash old, web = fold_version(f, WEB), pending = begin(f, &old);
        expect(f, OK, fold_custody_of(f, "alice", web));
        expect(f, OK, fold_custody_of(f, "bob", web));
        expect(f, OK, set_of(f, old, pending));
}

Test(custody, is_fresh_for_ninety_days)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash old, pending = begin(f, &old);
        expect(f, OK, fold_custody_of(f, "alice", old));
        expect(f, OK, fold_custody_of(f, "bob", old));
        f->now_ms += 90 * DAY + 1;
        expect(f, ERR_CUSTODY, set_of(f, old, pending));
        f->now_ms -= 1;
}

Test(custody, is_still_fresh_on_the_ninetieth_day)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash old, pending = begin(f, &old);
        expect(f, OK, fold_custody_of(f, "alice", old));
        expect(f, OK, fold_custody_of(f, "bob", old));
        f->now_ms += 90 * DAY;
        expect(f, OK, set_of(f, old, pending));
}

Test(custody, made_with_a_former_key_does_not_count)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG);
        char from[256], to[256];
        expect(f, OK, fold_custody_of(f, "alice", v1));
        expect(f, OK, fold_custody_of(f, "bob", v1));
        snprintf(from, sizeof from, "opens: %s", world_opens(f->w, "alice"));
        snprintf(to, sizeof to, "opens: %s", fold_new_key(f));
        fold_next_roster(f, from, to);
        expect(f, OK, fold_rotated(f, "rot-1", PG)); /* outdated: due */
        struct hash pending = f->last;
        expect(f, ERR_CUSTODY, set_of(f, v1, pending));
        expect(f, OK, fold_custody_of(f, "alice", v1)); /* with the former key again */
        expect(f, ERR_CUSTODY, set_of(f, v1, pending));
        expect(f, OK, fold_custody_of(f, "alice", pending));
        expect(f, OK, set_of(f, v1, pending));
}

Test(custody, is_asked_for_only_before_the_first_set)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), pending = fold_pending(f, v1);
        fold_set(f, v1, pending);
        f->now_ms += 200 * DAY;
        expect(f, OK, fold_step(f, "rot-1", v1, pending, STEP_SET, OUTCOME_OK));
}

static void expect_wanted(struct fold *f, struct hash version, unsigned counted, const char *names)
{
        CLEANUP_BYTES struct bytes wanted = BYTES_NONE;
        struct version_view v = fold_see_version(f, version);
        cr_expect_eq(ledger_custody_wanted(f->ledger, &v, f->now_ms, &wanted), counted, "%s", names);
        cr_expect_str_eq(bytes_text(&wanted), names);
}

Test(custody, is_wanted_of_whoever_has_not_proven_a_share_lately)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash old, pending = begin(f, &old);
        expect_wanted(f, pending, 0, "alice, bob, carol");
        expect(f, OK, fold_custody_of(f, "bob", old));
        expect_wanted(f, pending, 1, "alice, carol");
        f->now_ms += 60 * DAY;
        expect(f, OK, fold_custody_of(f, "alice", pending));
        expect_wanted(f, pending, 2, "carol");
        f->now_ms += 30 * DAY + 1;
        expect_wanted(f, pending, 1, "bob, carol");
        fold_next_roster(f, "approvals: 2, holders: [alice, bob, carol]", "approvals: 2, holders: [alice, carol]");
        expect_wanted(f, pending, 1, "carol"); /* who cannot approve any more is not called */
}

Test(custody, what_too_few_could_open_is_never_promoted)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash old, pending = begin(f, &old);
        static const enum rotation_outcome outcomes[] = {OUTCOME_STARTED, OUTCOME_OK, OUTCOME_FAILED,
                                                         OUTCOME_UNKNOWN};
        expect(f, OK, fold_custody_of(f, "alice", old));
        for (size_t i = 0; i < COUNT_OF(outcomes); i++)
                expect(f, ERR_CUSTODY, fold_step(f, "rot-1", old, pending, STEP_SET, outcomes[i]));
        expect(f, OK, fold_step(f, "rot-1", old, pending, STEP_TEST, OUTCOME_OK));
        expect(f, ERR_TOO_EARLY, fold_step(f, "rot-1", old, pending, STEP_PROMOTED, OUTCOME_NONE));
        cr_expect_eq(fold_see_version(f, old).state, VERSION_CURRENT);
}

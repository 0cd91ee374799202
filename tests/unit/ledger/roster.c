/* Rule 2: rosters in the ledger. The chain's signatures are roster_follows()'s and tested there. */
#include "tests/unit/ledger/fold.h"
#include <string.h>

#define PRODDB_HOLDERS "approvals: 2, holders: [alice, bob, carol], requesters: [erin, frank]"
#define PG_LINE                                                                                                      \
        "  prod/postgres/root: {opens_what: superuser of the main database, policy: prod-db, sealers: [alice],"      \
        " tags: [db], rotate: {hook: postgres, config: {role: breakglass, host: db1}}}\n"

static enum err put_edit(struct fold *f, const char *from, const char *to)
{
        const char *const edits[] = {from, to, NULL};
        return fold_put_roster(f, fold_roster(f, f->roster_number + 1, edits));
}

Test(roster, the_genesis_names_the_installation)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        cr_assert(hash_equal(ledger_installation(f->ledger), &ledger_roster(f->ledger)->id));
        fold_next_roster(f, NULL, NULL);
        cr_assert(!hash_equal(ledger_installation(f->ledger), &ledger_roster(f->ledger)->id));
        cr_assert_eq(ledger_rosters(f->ledger), 2);
        cr_assert_eq(ledger_roster(f->ledger)->number, 2);
}

Test(roster, numbers_go_up_by_one)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 3, NULL)), ERR_ROSTER_GAP);
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 2, NULL)), OK);
        const char *const edits[] = {"means: A drill", "means: A practice", NULL};
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 2, edits)), ERR_ROSTER_FORK);
        fold_next_roster(f, NULL, NULL);
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 2, edits)), ERR_ROSTER_ROLLBACK);
}

Test(roster, the_next_one_names_the_one_before)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_roster(f, 2, NULL);
        s.new_roster->previous.b[0] ^= 1;
        cr_assert_eq(fold_put_roster(f, s), ERR_ROSTER_FORK);
}

Test(roster, the_log_begins_with_number_one)
{
        CLEANUP_FOLD struct fold *f = fold_empty();
        struct statement s = fold_roster(f, 1, NULL);
        s.new_roster->number = 2;
        cr_assert_eq(fold_put_roster(f, s), ERR_ROSTER_GAP);
}

Test(roster, a_key_that_was_a_padlock_is_nobodys)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_ask(f, "erin", fold_version(f, PG));
        char opens[256], from[256];
        expect(f, OK, s);
        snprintf(from, sizeof from, "opens: %s", world_opens(f->w, "grace"));
        snprintf(opens, sizeof opens, "opens: %s", s.request.reply_to);
        cr_assert_eq(put_edit(f, from, opens), ERR_BAD_ROSTER);
}

Test(roster, a_key_that_was_a_padlock_signs_for_nobody)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_ask(f, "erin", fold_version(f, PG));
        char padlock[AGE_PUBLIC_TEXT], from[256], to[256];
        open_key_format(&world_keys(f->w, "mallory")->signs, padlock);
        s.request.reply_to = padlock;
        expect(f, OK, s);
        snprintf(to, sizeof to, "signs: %s", world_signs(f->w, "mallory"));
        snprintf(from, sizeof from, "signs: %s", world_signs(f->w, "grace"));
        cr_assert_eq(put_edit(f, from, to), ERR_BAD_ROSTER);
        snprintf(from, sizeof from, "signs: %s", world_signs(f->w, "broker"));
        cr_assert_eq(put_edit(f, from, to), ERR_BAD_ROSTER);
}

Test(roster, who_has_left_signs_nothing)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        char line[512];
        snprintf(line, sizeof line, "  frank: {signs: %s, opens: ", world_signs(f->w, "frank"));
        snprintf(line + strlen(line), sizeof line - strlen(line), "%s}\n", world_opens(f->w, "frank"));
        const char *const edits[] = {line, "", "requesters: [erin, frank]", "requesters: [erin]", NULL};
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 2, edits)), OK);
        expect(f, ERR_AUTH, fold_ask(f, "frank", v));
        fold_next_roster(f, NULL, NULL);
        expect(f, OK, fold_ask(f, "frank", v));
}

Test(roster, a_key_that_was_a_versions_is_nobodys)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        char opens[256], from[256];
        snprintf(from, sizeof from, "opens: %s", world_opens(f->w, "grace"));
        snprintf(opens, sizeof opens, "opens: %s", fold_see_version(f, v).fields->recipient);
        cr_assert_eq(put_edit(f, from, opens), ERR_BAD_ROSTER);
}

Test(roster, a_current_version_keeps_enough_holders)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        cr_assert_eq(put_edit(f, PRODDB_HOLDERS, "approvals: 2, holders: [dave, grace, carol], requesters: [erin]"),
                     OK);
        fold_next_roster(f, NULL, NULL);
        fold_version(f, PG);
        cr_assert_eq(put_edit(f, PRODDB_HOLDERS, "approvals: 2, holders: [alice, dave, grace], requesters: [erin]"),
                     ERR_LOCKS_OUT);
        cr_assert_eq(put_edit(f, PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob, grace], requesters: [erin]"),
                     OK);
}

Test(roster, enough_is_what_the_new_policy_wants)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_version(f, PG);
        cr_assert_eq(
                put_edit(f, PRODDB_HOLDERS, "approvals: 3, holders: [alice, bob, dave, grace], requesters: [erin]"),
                ERR_LOCKS_OUT);
        cr_assert_eq(put_edit(f, PRODDB_HOLDERS, "approvals: 3, holders: [alice, bob, carol], requesters: [erin]"),
                     OK);
}

Test(roster, enough_is_what_the_version_needs)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_version(f, WEB);
        cr_assert_eq(put_edit(f, "approvals: 3, holders: [alice, bob, carol, dave]",
                              "approvals: 2, holders: [alice, bob, grace]"),
                     ERR_LOCKS_OUT);
}

Test(roster, a_holder_with_a_new_key_is_not_eligible)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        char from[256], to[256];
        snprintf(from, sizeof from, "opens: %s", world_opens(f->w, "alice"));
        snprintf(to, sizeof to, "opens: %s", fold_new_key(f));
        cr_assert_eq(put_edit(f, from, to), OK);
        struct version_view view = fold_see_version(f, v);
        cr_assert_eq(ledger_eligible(f->ledger, &view), 2);
        cr_assert(!ledger_is_eligible(f->ledger, &view, "alice"));
        cr_assert(ledger_is_eligible(f->ledger, &view, "bob"));
        char from_b[256];
        snprintf(from_b, sizeof from_b, "opens: %s", world_opens(f->w, "bob"));
        const char *const both[] = {from, to, from_b, "opens: age1", NULL};
        char to_b[256];
        snprintf(to_b, sizeof to_b, "opens: %s", fold_new_key(f));
        const char *const two[] = {both[0], both[1], both[2], to_b, NULL};
        cr_assert_eq(fold_put_roster(f, fold_roster(f, f->roster_number + 1, two)), ERR_LOCKS_OUT);
}

Test(roster, a_sealed_version_keeps_enough_holders_too)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_version(f, PG);
        cr_assert_eq(
                put_edit(f, PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob, carol, dave], requesters: [erin]"),
                OK);
        struct hash sealed = fold_version(f, PG);
        cr_assert_eq(fold_see_version(f, sealed).state, VERSION_SEALED);
        /* the current one has alice and bob, the sealed one alice, bob, carol, dave: both keep two */
        cr_assert_eq(put_edit(f, PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob, grace], requesters: [erin]"),
                     OK);
}

Test(roster, a_sealed_version_alone_can_lock_a_change_out)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_version(f, PG);
        cr_assert_eq(
                put_edit(f, PRODDB_HOLDERS, "approvals: 3, holders: [alice, bob, carol, dave], requesters: [erin]"),
                OK);
        fold_version(f, PG); /* sealed: needs 3 */
        cr_assert_eq(put_edit(f, PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob, grace], requesters: [erin]"),
                     ERR_LOCKS_OUT);
}

Test(roster, a_credential_left_out_is_retired)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        struct hash live = fold_opened(f, "frank", v);
        fold_next_roster(f, PG_LINE, "");
        cr_assert(fold_see_version(f, v).is_retired);
        struct version_view view = fold_see_version(f, v);
        cr_assert_eq(ledger_eligible(f->ledger, &view), 0, "its requests have no eligible holders");
        expect(f, ERR_NOT_FOUND, fold_ask(f, "erin", v));
        expect(f, ERR_NOT_FOUND, fold_approval(f, "carol", r));
        expect(f, ERR_NOT_FOUND, fold_denial(f, "carol", r));
        expect(f, ERR_NOT_FOUND, fold_cancel(f, "erin", r));
        expect(f, ERR_NOT_FOUND, fold_open(f, "erin", r));
        expect(f, ERR_NOT_FOUND, fold_extend(f, "alice", live, 2 * HOUR));
        expect(f, ERR_NOT_FOUND, fold_custody_of(f, "alice", v));
        expect(f, ERR_NOT_FOUND, fold_order(f, "alice", v));
        expect(f, ERR_NOT_FOUND, fold_claim(f, "rot-1", v, f->now_ms + HOUR));
}

Test(roster, closes_and_post_mortems_of_a_retired_credential_go_on)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), waiting = fold_request(f, "erin", v);
        struct statement s = fold_ask(f, "frank", v);
        s.request.incident = "INC-7";
        expect(f, OK, s);
        struct hash live = f->last;
        expect(f, OK, fold_approval(f, "alice", live));
        expect(f, OK, fold_approval(f, "bob", live));
        expect(f, OK, fold_open(f, "frank", live));
        fold_next_roster(f, PG_LINE, "");
        expect(f, OK, fold_hold(f, "frank", "INC-7"));
        f->now_ms += 15 * MINUTE;
        expect(f, OK, fold_close(f, "broker", waiting, CLOSE_EXPIRED));
        expect(f, OK, fold_close(f, "frank", live, CLOSE_DONE));
        expect(f, OK, fold_postmortem(f, "frank", "INC-7"));
}

Test(roster, a_retired_credential_does_not_lock_out)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_version(f, PG);
        const char *const edits[] = {PG_LINE, "", PRODDB_HOLDERS,
                                     "approvals: 2, holders: [dave, grace, carol], requesters: [erin]", NULL};
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 2, edits)), OK);
        cr_assert_eq(put_edit(f, PRODDB_HOLDERS, "approvals: 2, holders: [dave, grace, carol], requesters: [erin]"),
                     ERR_LOCKS_OUT, "back in the roster it counts again");
        fold_next_roster(f, NULL, NULL);
        struct version_view v;
        cr_assert(ledger_current_version(f->ledger, PG, &v));
        cr_assert_eq(ledger_eligible(f->ledger, &v), 3);
}

Test(roster, the_brokers_key_in_force_is_that_of_the_last_roster_before_the_size)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        char from[256], to[256];
        expect(f, OK, fold_notice(f, "broker", NOTICE_ACCEPTED));
        snprintf(from, sizeof from, "broker: {signs: %s}", world_signs(f->w, "broker"));
        snprintf(to, sizeof to, "broker: {signs: %s}", world_signs(f->w, "mallory"));
        fold_next_roster(f, from, to); /* line 2 */
        cr_assert_null(ledger_broker_key_at(f->ledger, 0));
        cr_assert(key_equal(ledger_broker_key_at(f->ledger, 1), &world_keys(f->w, "broker")->signs));
        cr_assert(key_equal(ledger_broker_key_at(f->ledger, 2), &world_keys(f->w, "broker")->signs));
        cr_assert(key_equal(ledger_broker_key_at(f->ledger, 3), &world_keys(f->w, "mallory")->signs));
}

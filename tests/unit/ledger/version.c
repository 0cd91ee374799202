/* Rule 3: versions. */
#include "tests/unit/ledger/fold.h"
#include <string.h>

#define PRODDB_HOLDERS "approvals: 2, holders: [alice, bob, carol], requesters: [erin, frank]"

Test(version, the_first_is_current_at_once)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        cr_assert_eq(fold_see_version(f, v).state, VERSION_CURRENT);
        cr_assert_eq(fold_see_version(f, v).current_since_ms, f->now_ms);
        cr_assert_str_eq(fold_see_version(f, v).sealer, "alice");
        cr_assert_str_eq(fold_see_version(f, v).fields->shares[2].holder, "carol");
}

static void same_fields(const struct version_fields *a, const struct version_fields *b)
{
        cr_assert_str_eq(a->credential, b->credential);
        cr_assert_eq(a->number, b->number);
        cr_assert_eq(a->has_previous, b->has_previous);
        cr_assert(hash_equal(&a->previous, &b->previous));
        cr_assert_str_eq(a->policy, b->policy);
        cr_assert_eq(a->need, b->need);
        cr_assert_str_eq(a->recipient, b->recipient);
        cr_assert_eq(a->n_commitments, b->n_commitments);
        cr_assert_eq(memcmp(a->commitments, b->commitments, a->n_commitments * POINT_BYTES), 0);
        cr_assert_eq(a->n_shares, b->n_shares);
        for (unsigned i = 0; i < a->n_shares; i++) {
                cr_assert_str_eq(a->shares[i].holder, b->shares[i].holder);
                cr_assert_eq(a->shares[i].index, b->shares[i].index);
                cr_assert_str_eq(a->shares[i].recipient, b->shares[i].recipient);
                cr_assert(hash_equal(&a->shares[i].sha256, &b->shares[i].sha256));
        }
        cr_assert(hash_equal(&a->ciphertext_sha256, &b->ciphertext_sha256));
        cr_assert_eq(a->ciphertext_bytes, b->ciphertext_bytes);
        cr_assert_eq(a->is_initial, b->is_initial);
        cr_assert(hash_equal(&a->rotation_of, &b->rotation_of));
}

Test(version, keeps_every_field_as_it_was_said_also_in_a_snapshot)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        CLEANUP_BYTES struct bytes saved = BYTES_NONE;
        struct ledger *again = NULL;
        struct version_view v;
        struct statement first = fold_initial(f, "alice", PG);
        expect(f, OK, first);
        expect(f, OK, fold_order(f, "alice", first.id));
        f->now_ms += MINUTE;
        struct statement second = fold_rotated(f, "rot-1", PG);
        expect(f, OK, second);
        cr_assert_eq(fold_see_version(f, second.id).at_ms, f->now_ms);
        cr_assert_eq(fold_see_version(f, second.id).n, ledger_size(f->ledger) - 1);
        ledger_save(f->ledger, &saved);
        cr_assert_eq(ledger_load(bytes_span(&saved), &again), OK);
        same_fields(fold_see_version(f, first.id).fields, &first.version);
        same_fields(fold_see_version(f, second.id).fields, &second.version);
        cr_assert(ledger_version_by_id(again, &first.id, &v));
        same_fields(v.fields, &first.version);
        cr_assert(ledger_version_by_id(again, &second.id, &v));
        same_fields(v.fields, &second.version);
        ledger_free(again);
}

Test(version, an_unknown_credential_is_not_found)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_initial(f, "alice", PG);
        s.version.credential = "prod/other";
        expect(f, ERR_NOT_FOUND, s);
        s.version.credential = "alice"; /* a name, but no credential's */
        expect(f, ERR_NOT_FOUND, s);
}

Test(version, only_a_named_sealer_makes_an_initial_one)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        expect(f, ERR_SEALER, fold_initial(f, "bob", PG));
        expect(f, ERR_SEALER, fold_initial(f, "rot-1", PG));
        expect(f, ERR_SEALER, fold_initial(f, "broker", PG));
        expect(f, ERR_SEALER, fold_initial(f, "alice", WEB));
}

Test(version, only_a_rotator_of_the_policy_makes_a_rotated_one)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_spent(f, fold_version(f, PG));
        fold_version(f, WEB);
        expect(f, ERR_SEALER, fold_rotated(f, "alice", PG));
        expect(f, ERR_SEALER, fold_rotated(f, "rot-1", WEB));
        expect(f, OK, fold_rotated(f, "rot-1", PG));
}

Test(version, it_is_exactly_what_the_policy_says)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_initial(f, "alice", PG);
        s.version.policy = "web";
        expect(f, ERR_BAD_VERSION, s);

        s = fold_initial(f, "alice", PG);
        s.version.need = s.version.n_commitments = 1;
        expect(f, ERR_BAD_VERSION, s);

        s = fold_initial(f, "alice", PG);
        s.version.n_commitments = 1;
        expect(f, ERR_BAD_VERSION, s);

        s = fold_initial(f, "alice", PG);
        s.version.n_shares = 2;
        expect(f, ERR_BAD_VERSION, s);

        s = fold_initial(f, "alice", PG);
        s.version.shares[1].holder = "dave"; /* a person with that key, but no holder */
        s.version.shares[1].recipient = world_opens(f->w, "dave");
        expect(f, ERR_BAD_VERSION, s);

        s = fold_initial(f, "alice", PG);
        s.version.shares[1].recipient = fold_new_key(f);
        expect(f, ERR_BAD_VERSION, s);

        s = fold_initial(f, "alice", PG);
        memset(s.version.commitments[0], 0, POINT_BYTES);
        expect(f, ERR_BAD_VERSION, s);
}

Test(version, the_holders_may_stand_in_any_order)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_initial(f, "alice", PG);
        struct version_share first = s.version.shares[0];
        s.version.shares[0] = s.version.shares[2];
        s.version.shares[2] = first;
        expect(f, OK, s);
}

Test(version, its_recipient_is_a_new_key)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        char text[AGE_PUBLIC_TEXT];
        struct statement s = fold_initial(f, "dave", WEB);
        s.version.recipient = world_opens(f->w, "grace");
        expect(f, ERR_BAD_KEY, s);
        s.version.recipient = fold_see_version(f, v).fields->recipient;
        expect(f, ERR_BAD_KEY, s);
        struct request_view request = fold_see(f, r);
        open_key_format(&request.reply_to, text);
        s.version.recipient = text;
        expect(f, ERR_BAD_KEY, s);
        s.version.recipient = fold_new_key(f);
        expect(f, OK, s);
}

Test(version, its_recipient_is_never_a_key_of_an_earlier_roster)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        char from[256], to[256];
        snprintf(from, sizeof from, "opens: %s", world_opens(f->w, "grace"));
        snprintf(to, sizeof to, "opens: %s", fold_new_key(f));
        fold_next_roster(f, from, to);
        struct statement s = fold_initial(f, "alice", PG);
        s.version.recipient = world_opens(f->w, "grace");
        expect(f, ERR_BAD_KEY, s);
}

Test(version, number_and_previous_fit_the_chain)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_initial(f, "alice", PG);
        s.version.number = 2;
        expect(f, ERR_STALE_VERSION, s);
        s = fold_initial(f, "alice", PG);
        s.version.has_previous = true;
        s.version.previous = f->last;
        expect(f, ERR_STALE_VERSION, s);
        struct hash v1 = fold_version(f, PG);
        s = fold_initial(f, "alice", PG);
        s.version.number = 1;
        expect(f, ERR_STALE_VERSION, s);
        s.version.number = 3;
        expect(f, ERR_STALE_VERSION, s);
        s.version.number = 2;
        s.version.has_previous = false;
        expect(f, ERR_STALE_VERSION, s);
        s.version.has_previous = true;
        s.version.previous = *ledger_installation(f->ledger);
        expect(f, ERR_STALE_VERSION, s);
        s.version.previous = v1;
        expect(f, OK, s);
}

Test(version, numbers_count_dropped_versions_too)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), sealed = fold_version(f, PG);
        struct statement s = fold_initial(f, "alice", PG);
        cr_assert_eq(s.version.number, 3);
        s.version.number = 2;
        expect(f, ERR_STALE_VERSION, s);
        s = fold_initial(f, "alice", PG);
        cr_assert(hash_equal(&s.version.previous, &v1), "previous is the current version, not the sealed one");
        expect(f, OK, s);
        (void)sealed;
}

Test(version, a_rotation_names_the_current_version)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_spent(f, fold_version(f, PG));
        struct statement s = fold_rotated(f, "rot-1", PG);
        s.version.rotation_of = *ledger_installation(f->ledger);
        expect(f, ERR_STALE_VERSION, s);
}

Test(version, a_rotation_of_nothing_is_stale)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        expect(f, ERR_STALE_VERSION, fold_rotated(f, "rot-1", PG));
}

Test(version, a_rotators_comes_only_while_rotation_is_due)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG);
        expect(f, ERR_NOT_DUE, fold_rotated(f, "rot-1", PG));
        fold_spent(f, v1);
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        cr_assert_eq(fold_see_version(f, f->last).state, VERSION_PENDING);
        cr_assert_eq(fold_see_version(f, v1).state, VERSION_CURRENT);
}

Test(version, while_another_rotator_leads_its_lease_counts)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        char people[512];
        snprintf(people, sizeof people, "rotators:\n  rot-2: {signs: %s, opens: %s}\n", world_signs(f->w, "mallory"),
                 world_opens(f->w, "mallory"));
        const char *const edits[] = {"rotators:\n", people, "rotators: [rot-1]", "rotators: [rot-1, rot-2]", NULL};
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 2, edits)), OK);
        struct hash v1 = fold_version(f, PG);
        fold_spent(f, v1);
        expect(f, OK, fold_claim(f, "rot-1", v1, f->now_ms + HOUR));
        expect(f, ERR_CLAIMED, fold_claim(f, "rot-2", v1, f->now_ms + HOUR));
        expect(f, ERR_CLAIMED, fold_rotated(f, "rot-2", PG));
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        struct hash pending = f->last;
        expect(f, ERR_CLAIMED, fold_step(f, "rot-2", v1, pending, STEP_SET, OUTCOME_STARTED));
        f->now_ms += HOUR;
        expect(f, OK, fold_rotated(f, "rot-2", PG));
        expect(f, OK, fold_claim(f, "rot-2", v1, f->now_ms + HOUR));
        expect(f, ERR_CLAIMED, fold_rotated(f, "rot-1", PG));
}

Test(version, initial_over_an_existing_one_waits_for_custody)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_version(f, PG);
        cr_assert_eq(fold_see_version(f, v2).state, VERSION_SEALED);
        expect(f, OK, fold_custody_of(f, "alice", v2));
        expect(f, OK, fold_custody_of(f, "alice", v2));
        cr_assert_eq(fold_see_version(f, v2).state, VERSION_SEALED, "one holder is not enough, however often");
        expect(f, OK, fold_custody_of(f, "carol", v2));
        cr_assert_eq(fold_see_version(f, v2).state, VERSION_CURRENT);
        cr_assert_eq(fold_see_version(f, v1).state, VERSION_REPLACED);
        cr_assert_eq(fold_see_version(f, v1).evidence, OLD_UNPROVEN);
}

Test(version, custody_of_those_who_are_not_eligible_does_not_count)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_version(f, PG);
        struct hash v2 = fold_version(f, PG);
        fold_next_roster(f, PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob, dave], requesters: [erin]");
        expect(f, OK, fold_custody_of(f, "carol", v2));
        expect(f, OK, fold_custody_of(f, "alice", v2));
        cr_assert_eq(fold_see_version(f, v2).state, VERSION_SEALED);
        expect(f, OK, fold_custody_of(f, "bob", v2));
        cr_assert_eq(fold_see_version(f, v2).state, VERSION_CURRENT);
}

Test(version, becoming_current_drops_what_else_waits)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG);
        fold_spent(f, v1);
        expect(f, OK, fold_rotated(f, "rot-1", PG));
        struct hash pending = f->last, v3 = fold_version(f, PG), v4 = fold_version(f, PG);
        expect(f, OK, fold_custody_of(f, "alice", v3));
        expect(f, OK, fold_custody_of(f, "bob", v3));
        cr_assert_eq(fold_see_version(f, v3).state, VERSION_CURRENT);
        cr_assert_eq(fold_see_version(f, v4).state, VERSION_DROPPED);
        cr_assert_eq(fold_see_version(f, pending).state, VERSION_DROPPED);
        expect(f, OK, fold_custody_of(f, "alice", v4));
        expect(f, OK, fold_custody_of(f, "bob", v4));
        cr_assert_eq(fold_see_version(f, v4).state, VERSION_DROPPED, "a dropped one never comes back");
}

Test(version, while_a_pending_is_being_set_nobody_rotates_by_hand)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), sealed = fold_version(f, PG), pending = fold_pending(f, v1);
        expect(f, OK, fold_custody_of(f, "alice", sealed));
        fold_set(f, v1, pending);
        expect(f, ERR_CLAIMED, fold_initial(f, "alice", PG));
        expect(f, ERR_CLAIMED, fold_custody_of(f, "bob", sealed));
        expect(f, OK, fold_custody_of(f, "bob", pending));
        expect(f, OK, fold_step(f, "rot-1", v1, pending, STEP_SET, OUTCOME_FAILED));
        expect(f, ERR_CLAIMED, fold_initial(f, "alice", PG));
        expect(f, OK, fold_custody_of(f, "bob", v1));
}

Test(version, it_is_outdated_when_the_policy_moved_on)
{
        static const struct {
                const char *from, *to;
                bool is_outdated;
        } rows[] = {
                {PRODDB_HOLDERS, "approvals: 2, holders: [carol, bob, alice], requesters: [frank]", false},
                {PRODDB_HOLDERS, "approvals: 3, holders: [alice, bob, carol], requesters: [erin]", true},
                {PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob], requesters: [erin]", true},
                {PRODDB_HOLDERS, "approvals: 2, holders: [alice, bob, carol, dave], requesters: [erin]", true},
                {"main database, policy: prod-db", "main database, policy: web", true},
        };
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_FOLD struct fold *f = fold_new();
                struct hash v = fold_version(f, PG);
                struct version_view view = fold_see_version(f, v);
                cr_assert(!ledger_is_outdated(f->ledger, &view));
                fold_next_roster(f, rows[i].from, rows[i].to);
                view = fold_see_version(f, v);
                cr_assert_eq(ledger_is_outdated(f->ledger, &view), rows[i].is_outdated, "row %zu", i);
                cr_assert_eq(fold_see_rotation(f, v).due, rows[i].is_outdated ? DUE_OUTDATED : NOT_DUE, "row %zu", i);
        }
}

Test(version, a_policy_of_another_name_makes_it_outdated_even_when_all_else_is_the_same)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        const char *const edits[] = {
                "policies:\n",
                "policies:\n"
                "  twin: {approvals: 2, holders: [alice, bob, carol], requesters: [erin], emergencies: [E2],"
                " request_for: 30m, open_for: 1h}\n",
                "main database, policy: prod-db", "main database, policy: twin", NULL};
        cr_assert_eq(fold_put_roster(f, fold_roster(f, 2, edits)), OK);
        struct version_view view = fold_see_version(f, v);
        cr_assert(ledger_is_outdated(f->ledger, &view));
}

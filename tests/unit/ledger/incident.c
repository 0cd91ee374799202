/* Rule 11: post-mortems owed; incidents; notices. */
#include "tests/unit/ledger/fold.h"

/* As the world's roster, but prod-db's next requests are blocked by overdue post-mortems. */
static struct fold *blocking(void)
{
        struct fold *f = fold_new();
        fold_next_roster(f, "postmortem_within: 5d", "postmortem_within: 2d, postmortem: block");
        return f;
}

/* Opened and closed now, under this incident. */
static void open_and_close(struct fold *f, const char *by, struct hash version, const char *incident)
{
        struct statement s = fold_ask(f, by, version);
        s.request.incident = incident;
        expect(f, OK, s);
        struct hash r = f->last;
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_open(f, by, r));
        expect(f, OK, fold_close(f, by, r, CLOSE_DONE));
}

Test(postmortem, is_owed_within_the_policys_time_from_the_end)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct hash v = fold_version(f, PG);
        struct incident_view i;
        open_and_close(f, "erin", v, "INC-7");
        int64_t end_ms = f->now_ms;
        cr_assert(ledger_incident_by_name(f->ledger, "INC-7", f->now_ms, &i));
        cr_assert(i.owes_postmortem);
        cr_assert(!i.is_overdue);
        cr_assert_eq(i.postmortem_due_ms, end_ms + 2 * DAY);
        f->now_ms = end_ms + 2 * DAY - 1;
        expect(f, OK, fold_ask(f, "erin", v));
        f->now_ms++;
        expect(f, ERR_POSTMORTEM_OWED, fold_ask(f, "erin", v));
        cr_assert(ledger_incident_by_name(f->ledger, "INC-7", f->now_ms, &i));
        cr_assert(i.is_overdue);
}

Test(postmortem, locks_nobody_else_out)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct hash v = fold_version(f, PG);
        open_and_close(f, "erin", v, "INC-7");
        f->now_ms += 3 * DAY;
        expect(f, OK, fold_ask(f, "frank", v));
        expect(f, ERR_POSTMORTEM_OWED, fold_ask(f, "erin", v));
}

Test(postmortem, blocks_only_where_the_new_requests_policy_says_so)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct hash v = fold_version(f, PG), web = fold_version(f, WEB);
        open_and_close(f, "erin", v, "INC-7");
        f->now_ms += 3 * DAY;
        expect(f, OK, fold_ask(f, "erin", web));
}

Test(postmortem, a_debt_from_a_lenient_policy_blocks_at_a_strict_one)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", fold_version(f, WEB));
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        expect(f, OK, fold_approval(f, "carol", r));
        expect(f, OK, fold_open(f, "erin", r));
        expect(f, OK, fold_close(f, "erin", r, CLOSE_DONE));
        f->now_ms += 5 * DAY - 1; /* where the policy doesn't say, five days */
        expect(f, OK, fold_ask(f, "erin", v));
        f->now_ms++;
        expect(f, ERR_POSTMORTEM_OWED, fold_ask(f, "erin", v));
}

Test(postmortem, is_not_owed_for_what_was_never_opened)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct hash v = fold_version(f, PG);
        fold_spent(f, v);
        f->now_ms += 30 * DAY;
        expect(f, OK, fold_ask(f, "erin", v));
}

Test(postmortem, is_owed_when_time_ended_the_access_though_nobody_logged_it)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct hash v = fold_version(f, PG), r = fold_opened(f, "erin", v);
        f->now_ms += HOUR + 2 * DAY - 1;
        expect(f, OK, fold_ask(f, "erin", v));
        f->now_ms++;
        expect(f, ERR_POSTMORTEM_OWED, fold_ask(f, "erin", v));
        cr_assert_eq(fold_see(f, r).end, END_TIME);
}

Test(postmortem, written_settles_the_whole_incident)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct hash v = fold_version(f, PG);
        struct incident_view i;
        open_and_close(f, "erin", v, "INC-7");
        open_and_close(f, "frank", v, "INC-7");
        open_and_close(f, "erin", v, "INC-8");
        f->now_ms += 3 * DAY;
        struct statement s = fold_postmortem(f, "frank", "INC-7");
        s.postmortem.criterion_met = CRITERION_DRILL;
        expect(f, OK, s);
        expect(f, OK, fold_ask(f, "frank", v));
        expect(f, ERR_POSTMORTEM_OWED, fold_ask(f, "erin", v)); /* INC-8 */
        expect(f, OK, fold_postmortem(f, "erin", "INC-8"));
        expect(f, OK, fold_ask(f, "erin", v));
        cr_assert(ledger_incident_by_name(f->ledger, "INC-7", f->now_ms, &i));
        cr_assert(i.has_postmortem && !i.owes_postmortem && !i.is_overdue);
        cr_assert_eq(i.postmortem_due_ms, 0);
        cr_assert_eq(i.criterion_met, CRITERION_DRILL);
}

Test(postmortem, each_of_several_debts_is_settled_by_its_own)
{
        static const char *const incidents[] = {"INC-1", "INC-2", "INC-3", "INC-4"};
        static const size_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 2, 0, 3}, {2, 0, 3, 1}};
        for (size_t o = 0; o < COUNT_OF(orders); o++) {
                CLEANUP_FOLD struct fold *f = blocking();
                struct hash v = fold_version(f, PG);
                for (size_t i = 0; i < 4; i++)
                        open_and_close(f, "erin", v, incidents[i]);
                f->now_ms += 3 * DAY;
                for (size_t i = 0; i < 4; i++) {
                        expect(f, ERR_POSTMORTEM_OWED, fold_ask(f, "erin", v));
                        expect(f, OK, fold_postmortem(f, "alice", incidents[orders[o][i]]));
                }
                expect(f, OK, fold_ask(f, "erin", v));
        }
}

Test(postmortem, of_an_incident_that_has_one_is_not_owed_again)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct hash v = fold_version(f, PG);
        open_and_close(f, "erin", v, "INC-7");
        expect(f, OK, fold_postmortem(f, "erin", "INC-7"));
        open_and_close(f, "erin", v, "INC-7");
        f->now_ms += 3 * DAY;
        expect(f, OK, fold_ask(f, "erin", v));
}

Test(postmortem, is_written_by_a_requester_of_the_incident_or_an_admin)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        open_and_close(f, "erin", v, "INC-7");
        expect(f, ERR_NOT_FOUND, fold_postmortem(f, "erin", "INC-9"));
        expect(f, ERR_NOT_ALLOWED, fold_postmortem(f, "frank", "INC-7"));
        expect(f, ERR_NOT_ALLOWED, fold_postmortem(f, "dave", "INC-7"));
        expect(f, ERR_NOT_ALLOWED, fold_postmortem(f, "broker", "INC-7"));
        expect(f, OK, fold_postmortem(f, "erin", "INC-7"));
        expect(f, OK, fold_postmortem(f, "bob", "INC-7"));
}

Test(postmortem, of_a_retired_credential_keeps_its_last_policys_time)
{
        CLEANUP_FOLD struct fold *f = blocking();
        struct incident_view i;
        open_and_close(f, "erin", fold_version(f, PG), "INC-7");
        fold_next_roster(f,
                         "  prod/postgres/root: {opens_what: superuser of the main database, policy: prod-db, "
                         "sealers: [alice], tags: [db], rotate: {hook: postgres, config: {role: breakglass, host: "
                         "db1}}}\n",
                         "");
        cr_assert(ledger_incident_by_name(f->ledger, "INC-7", f->now_ms, &i));
        cr_assert_eq(i.postmortem_due_ms, f->now_ms + 2 * DAY);
}

Test(incident, that_was_only_proposed_to_be_closed_is_not_there_yet)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct incident_view i;
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms));
        cr_assert(!ledger_incident_by_name(f->ledger, "INC-7", f->now_ms, &i));
        expect(f, ERR_NOT_FOUND, fold_hold(f, "alice", "INC-7"));
        expect(f, ERR_NOT_FOUND, fold_postmortem(f, "alice", "INC-7"));
        expect(f, ERR_NOT_FOUND, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
        open_and_close(f, "erin", v, "INC-7");
        expect(f, OK, fold_postmortem(f, "alice", "INC-7"));
}

Test(incident, groups_requests)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct incident_view i;
        open_and_close(f, "erin", v, "INC-7");
        struct statement s = fold_ask(f, "frank", v);
        s.request.incident = "INC-7";
        f->now_ms += MINUTE;
        expect(f, OK, s);
        cr_assert(ledger_incident_by_name(f->ledger, "INC-7", f->now_ms, &i));
        cr_assert_eq(i.requests, 2);
        cr_assert_eq(i.opened, 1);
        cr_assert_eq(i.live, 0);
        cr_assert(i.is_open);
        cr_assert(!i.owes_postmortem, "one is still open");
        cr_assert_eq(i.last_ended_at_ms, f->now_ms - MINUTE);
        cr_assert(!ledger_incident_by_name(f->ledger, "INC-8", f->now_ms, &i));
}

Test(notice, is_the_brokers)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct channel_view c;
        expect(f, ERR_NOT_ALLOWED, fold_notice(f, "alice", NOTICE_ACCEPTED));
        expect(f, OK, fold_notice(f, "broker", NOTICE_ACCEPTED));
        f->now_ms += MINUTE;
        expect(f, OK, fold_notice(f, "broker", NOTICE_FAILED));
        cr_assert_eq(ledger_channels(f->ledger), 1);
        ledger_channel_at(f->ledger, 0, &c);
        cr_assert_str_eq(c.channel, "slack");
        cr_assert_eq(c.last_accepted_ms, f->now_ms - MINUTE);
        cr_assert_eq(c.last_failed_ms, f->now_ms);
}

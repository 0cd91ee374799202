/* Rule 8: closing; holds and a webhook's proposals. */
#include "tests/unit/ledger/fold.h"

/* A request of an incident, waiting. */
static struct hash ask_under(struct fold *f, const char *by, struct hash version, const char *incident)
{
        struct statement s = fold_ask(f, by, version);
        s.request.incident = incident;
        expect(f, OK, s);
        return f->last;
}

Test(close, done_ends_the_requesters_own_request)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        f->now_ms += MINUTE;
        expect(f, OK, fold_close(f, "erin", r, CLOSE_DONE));
        cr_assert_eq(fold_see(f, r).end, END_DONE);
        cr_assert_eq(fold_see(f, r).ended_at_ms, f->now_ms);
        cr_assert(fold_see(f, r).close_is_logged);
}

Test(close, done_ends_what_is_not_open_too)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, OK, fold_close(f, "erin", r, CLOSE_DONE));
        expect(f, ERR_ENDED, fold_approval(f, "alice", r));
}

Test(close, nobody_closes_another_persons_request)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        expect(f, ERR_NOT_FOUND, fold_close(f, "frank", r, CLOSE_DONE));
        expect(f, ERR_NOT_FOUND, fold_close(f, "alice", r, CLOSE_DONE)); /* an admin closes incidents */
        cr_assert_eq(fold_see(f, r).state, REQUEST_OPENED);
}

Test(close, a_requesters_close_of_an_incident_touches_only_their_own)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct hash a = ask_under(f, "erin", v, "INC-7"), b = ask_under(f, "frank", v, "INC-7");
        struct hash c = ask_under(f, "erin", v, "INC-7"), other = ask_under(f, "erin", v, "INC-8");
        expect(f, OK, fold_close_incident(f, "erin", "INC-7", CLOSE_DONE));
        cr_assert_eq(fold_see(f, a).end, END_DONE);
        cr_assert_eq(fold_see(f, c).end, END_DONE);
        cr_assert_eq(fold_see(f, b).end, END_NONE);
        cr_assert_eq(fold_see(f, other).end, END_NONE);
        expect(f, ERR_NOT_FOUND, fold_close_incident(f, "erin", "INC-7", CLOSE_DONE));
}

Test(close, an_admins_close_of_an_incident_touches_all)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct hash a = ask_under(f, "erin", v, "INC-7"), b = ask_under(f, "frank", v, "INC-7");
        expect(f, OK, fold_close_incident(f, "carol", "INC-7", CLOSE_DONE));
        cr_assert_eq(fold_see(f, a).end, END_DONE);
        cr_assert_eq(fold_see(f, b).end, END_DONE);
}

Test(close, what_matches_nothing_is_not_found)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        ask_under(f, "erin", v, "INC-7");
        expect(f, ERR_NOT_FOUND, fold_close_incident(f, "erin", "INC-9", CLOSE_DONE));
        expect(f, ERR_NOT_FOUND, fold_close_incident(f, "frank", "INC-7", CLOSE_DONE));
        expect(f, ERR_NOT_FOUND, fold_close_incident(f, "dave", "INC-7", CLOSE_DONE));
        expect(f, ERR_NOT_FOUND, fold_close(f, "erin", v, CLOSE_DONE));
        expect(f, ERR_NOT_FOUND, fold_close_incident(f, "erin", "inc-7", CLOSE_DONE));
}

Test(close, what_time_has_ended_is_the_brokers_to_record)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        f->now_ms += HOUR;
        expect(f, ERR_NOT_FOUND, fold_close(f, "erin", r, CLOSE_DONE));
        expect(f, OK, fold_close(f, "broker", r, CLOSE_TIME));
}

Test(close, people_say_done_and_the_broker_never_does)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = ask_under(f, "erin", fold_version(f, PG), "INC-7");
        expect(f, ERR_NOT_ALLOWED, fold_close(f, "broker", r, CLOSE_DONE));
        f->now_ms += HOUR;
        expect(f, ERR_NOT_ALLOWED, fold_close(f, "erin", r, CLOSE_EXPIRED));
        expect(f, ERR_NOT_ALLOWED, fold_close(f, "erin", r, CLOSE_TIME));
        expect(f, ERR_NOT_ALLOWED, fold_close_incident(f, "alice", "INC-7", CLOSE_WEBHOOK));
}

Test(close, time_and_expired_name_a_request_and_webhook_an_incident)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = ask_under(f, "erin", fold_version(f, PG), "INC-7");
        expect(f, ERR_BAD_STATEMENT, fold_close_incident(f, "broker", "INC-7", CLOSE_TIME));
        expect(f, ERR_BAD_STATEMENT, fold_close_incident(f, "broker", "INC-7", CLOSE_EXPIRED));
        expect(f, ERR_BAD_STATEMENT, fold_close(f, "broker", r, CLOSE_WEBHOOK));
}

Test(close, time_comes_when_the_access_is_over)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        f->now_ms += HOUR - 1;
        expect(f, ERR_TOO_EARLY, fold_close(f, "broker", r, CLOSE_TIME));
        f->now_ms += 1 + MINUTE;
        expect(f, OK, fold_close(f, "broker", r, CLOSE_TIME));
        cr_assert_eq(fold_see(f, r).end, END_TIME);
        cr_assert_eq(fold_see(f, r).ended_at_ms, f->now_ms - MINUTE, "it ended when its time was over");
        expect(f, ERR_ENDED, fold_close(f, "broker", r, CLOSE_TIME));
}

Test(close, time_is_for_what_was_opened)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        f->now_ms += 2 * HOUR;
        expect(f, ERR_TOO_EARLY, fold_close(f, "broker", r, CLOSE_TIME));
        expect(f, ERR_NOT_FOUND, fold_close(f, "broker", *ledger_installation(f->ledger), CLOSE_TIME));
}

Test(close, expired_is_for_what_was_not_opened_and_is_expired)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v), opened = fold_opened(f, "frank", v);
        f->now_ms += 15 * MINUTE - 1;
        expect(f, ERR_TOO_EARLY, fold_close(f, "broker", r, CLOSE_EXPIRED));
        f->now_ms++;
        expect(f, OK, fold_close(f, "broker", r, CLOSE_EXPIRED));
        cr_assert_eq(fold_see(f, r).end, END_EXPIRED);
        expect(f, ERR_ENDED, fold_close(f, "broker", r, CLOSE_EXPIRED));
        expect(f, ERR_TOO_EARLY, fold_close(f, "broker", opened, CLOSE_EXPIRED));
        f->now_ms += HOUR;
        expect(f, ERR_TOO_EARLY, fold_close(f, "broker", opened, CLOSE_EXPIRED));
        expect(f, OK, fold_close(f, "broker", opened, CLOSE_TIME));
}

Test(close, expired_waits_while_approvals_keep_it_ready)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        f->now_ms += 10 * MINUTE;
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        f->now_ms += 13 * MINUTE;
        expect(f, ERR_TOO_EARLY, fold_close(f, "broker", r, CLOSE_EXPIRED));
        f->now_ms += MINUTE;
        expect(f, OK, fold_close(f, "broker", r, CLOSE_EXPIRED));
}

/* ---- webhook ---- */

Test(webhook, closes_an_incident_at_the_deadline_of_its_proposal)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct hash a = ask_under(f, "erin", v, "INC-7"), b = ask_under(f, "frank", v, "INC-7");
        struct hash other = ask_under(f, "erin", v, "INC-8");
        expect(f, ERR_TOO_EARLY, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms + 10 * MINUTE));
        f->now_ms += 10 * MINUTE - 1;
        expect(f, ERR_TOO_EARLY, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
        f->now_ms++;
        expect(f, OK, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
        cr_assert_eq(fold_see(f, a).end, END_WEBHOOK);
        cr_assert_eq(fold_see(f, b).end, END_WEBHOOK);
        cr_assert_eq(fold_see(f, other).end, END_NONE);
        expect(f, ERR_NOT_FOUND, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
}

Test(webhook, a_hold_after_the_proposal_stops_it)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct incident_view i;
        ask_under(f, "erin", v, "INC-7");
        expect(f, OK, fold_hold(f, "erin", "INC-7")); /* before it: stops nothing */
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms));
        cr_assert(ledger_incident_by_name(f->ledger, "INC-7", f->now_ms, &i));
        cr_assert(i.has_proposed_close);
        cr_assert_eq(i.proposed_deadline_ms, f->now_ms);
        expect(f, OK, fold_hold(f, "erin", "INC-7"));
        cr_assert(ledger_incident_by_name(f->ledger, "INC-7", f->now_ms, &i));
        cr_assert(!i.has_proposed_close);
        f->now_ms += MINUTE;
        expect(f, ERR_TOO_EARLY, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms));
        expect(f, OK, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
}

Test(webhook, the_last_proposal_counts)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        ask_under(f, "erin", fold_version(f, PG), "INC-7");
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms));
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms + 10 * MINUTE));
        expect(f, ERR_TOO_EARLY, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
}

Test(webhook, a_proposal_is_the_brokers_and_complete)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        ask_under(f, "erin", fold_version(f, PG), "INC-7");
        struct statement s = fold_proposal(f, "INC-7", f->now_ms);
        s.by[0] = "alice";
        expect(f, ERR_NOT_ALLOWED, s);
        s = fold_proposal(f, NULL, f->now_ms);
        expect(f, ERR_BAD_STATEMENT, s);
        s = fold_proposal(f, "INC-7", 0);
        expect(f, ERR_BAD_STATEMENT, s);
}

Test(webhook, requester_holder_and_admin_may_hold)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_next_roster(f, "admins: {need: 2, people: [alice, bob, carol]}",
                         "admins: {need: 2, people: [alice, bob]}");
        ask_under(f, "erin", fold_version(f, PG), "INC-7");
        expect(f, ERR_NOT_FOUND, fold_hold(f, "erin", "INC-9"));
        expect(f, ERR_NOT_ALLOWED, fold_hold(f, "frank", "INC-7"));
        expect(f, ERR_NOT_ALLOWED, fold_hold(f, "dave", "INC-7"));
        expect(f, ERR_NOT_ALLOWED, fold_hold(f, "broker", "INC-7"));
        expect(f, ERR_NOT_ALLOWED, fold_hold(f, "rot-1", "INC-7"));
        expect(f, OK, fold_hold(f, "erin", "INC-7"));
        expect(f, OK, fold_hold(f, "carol", "INC-7")); /* a holder */
        expect(f, OK, fold_hold(f, "alice", "INC-7"));
}

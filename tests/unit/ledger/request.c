/* Rule 4: requests; and cancelling them. */
#include "tests/unit/ledger/fold.h"

#define PRODDB_REQUESTERS "requesters: [erin, frank]"

Test(request, says_what_was_asked)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), r = fold_request(f, "erin", v);
        struct request_view view = fold_see(f, r);
        cr_assert_str_eq(view.requester, "erin");
        cr_assert_str_eq(view.credential, PG);
        cr_assert_str_eq(view.emergency, "E2");
        cr_assert_str_eq(view.reason, "the primary is down");
        cr_assert(hash_equal(&view.version, &v));
        cr_assert_eq(view.state, REQUEST_WAITING);
        cr_assert_eq(view.threshold, 2);
        cr_assert_eq(view.n, 2);
}

Test(request, without_an_incident_is_its_own)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        char hex[HASH_HEX + 1];
        struct incident_view i;
        hash_to_hex(&r, hex);
        cr_assert_str_eq(fold_see(f, r).incident, hex);
        cr_assert(!fold_see(f, r).has_incident);
        cr_assert(ledger_incident_by_name(f->ledger, hex, f->now_ms, &i));
        expect(f, OK, fold_close_incident(f, "erin", hex, CLOSE_DONE));
        cr_assert_eq(fold_see(f, r).end, END_DONE);
}

Test(request, of_something_unknown_is_not_found)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct statement s = fold_ask(f, "erin", v);
        s.request.credential = "prod/other";
        expect(f, ERR_NOT_FOUND, s);
        s.request.credential = PG;
        s.request.version = *ledger_installation(f->ledger);
        expect(f, ERR_NOT_FOUND, s);
}

Test(request, of_another_credentials_version_is_a_mismatch)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        fold_version(f, WEB);
        struct statement s = fold_ask(f, "erin", v);
        s.request.credential = WEB;
        expect(f, ERR_MISMATCH, s);
}

Test(request, is_for_the_policys_requesters)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        expect(f, ERR_NOT_ALLOWED, fold_ask(f, "grace", v));
        expect(f, ERR_NOT_ALLOWED, fold_ask(f, "alice", v));
        expect(f, ERR_NOT_ALLOWED, fold_ask(f, "rot-1", v));
        expect(f, ERR_NOT_ALLOWED, fold_ask(f, "broker", v));
        expect(f, OK, fold_ask(f, "frank", v));
}

Test(request, by_a_holder_of_the_policy_is_refused)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_next_roster(f, PRODDB_REQUESTERS, "requesters: [erin, alice]");
        struct hash v = fold_version(f, PG);
        expect(f, ERR_HOLDER_CANNOT_REQUEST, fold_ask(f, "alice", v));
}

Test(request, by_a_holder_of_the_version_is_refused_though_the_policy_has_moved_on)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        fold_next_roster(f, "holders: [alice, bob, carol], requesters: [erin, frank]",
                         "holders: [alice, bob, dave], requesters: [erin, carol]");
        expect(f, ERR_HOLDER_CANNOT_REQUEST, fold_ask(f, "carol", v));
}

Test(request, by_a_holder_is_taken_where_the_policy_allows_it)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        fold_next_roster(f, PRODDB_REQUESTERS, "requesters: [erin, alice], holders_may_request: true");
        struct hash v = fold_version(f, PG);
        struct hash r = fold_request(f, "alice", v);
        expect(f, ERR_NOT_ALLOWED, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
}

Test(request, names_an_emergency_of_the_policy)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG), web = fold_version(f, WEB);
        struct statement s = fold_ask(f, "erin", v);
        s.request.emergency = "E9";
        expect(f, ERR_EMERGENCY, s);
        s = fold_ask(f, "erin", web);
        s.request.emergency = "E1"; /* written down, but not for this policy */
        s.request.incident = "INC-7";
        expect(f, ERR_EMERGENCY, s);
}

Test(request, names_an_incident_where_the_emergency_needs_one)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_ask(f, "erin", fold_version(f, PG));
        s.request.emergency = "E1";
        expect(f, ERR_EMERGENCY, s);
        s.request.incident = "INC-7";
        expect(f, OK, s);
        cr_assert_str_eq(fold_see(f, f->last).incident, "INC-7");
}

Test(request, that_expires_now_or_earlier_is_expired)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_ask(f, "erin", fold_version(f, PG));
        s.request.expires_at_ms = f->now_ms;
        expect(f, ERR_EXPIRED, s);
        s.request.expires_at_ms = f->now_ms + 1;
        expect(f, OK, s);
}

Test(request, is_for_approving_within_the_policys_time)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_ask(f, "erin", fold_version(f, PG));
        s.request.expires_at_ms = s.made_at_ms + 30 * MINUTE + 1;
        expect(f, ERR_TOO_LONG, s);
        s.request.expires_at_ms--;
        expect(f, OK, s);
}

Test(request, is_for_opening_within_the_policys_time)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_ask(f, "erin", fold_version(f, PG));
        s.request.open_for_ms = HOUR + 1;
        expect(f, ERR_TOO_LONG, s);
        s.request.open_for_ms = HOUR;
        expect(f, OK, s);
}

Test(request, reply_to_is_a_new_key)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct statement first = fold_ask(f, "erin", v), s;
        expect(f, OK, first);
        s = fold_ask(f, "frank", v);
        s.request.reply_to = first.request.reply_to;
        expect(f, ERR_BAD_KEY, s);
        s.request.reply_to = fold_see_version(f, v).fields->recipient;
        expect(f, ERR_BAD_KEY, s);
        s.request.reply_to = world_opens(f->w, "frank");
        expect(f, ERR_BAD_KEY, s);
        s.request.reply_to = "age1nonsense";
        expect(f, ERR_BAD_KEY, s);
}

Test(request, reply_to_is_not_even_a_signing_key)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct statement s = fold_ask(f, "erin", fold_version(f, PG));
        char text[AGE_PUBLIC_TEXT];
        open_key_format(&world_keys(f->w, "broker")->signs, text);
        s.request.reply_to = text;
        expect(f, ERR_BAD_KEY, s);
}

Test(request, on_a_replaced_sealed_or_dropped_version_is_stale)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), dropped = fold_version(f, PG), v3 = fold_version(f, PG);
        expect(f, ERR_STALE_VERSION, fold_ask(f, "erin", v3));
        expect(f, OK, fold_custody_of(f, "alice", v3));
        expect(f, OK, fold_custody_of(f, "bob", v3));
        expect(f, ERR_STALE_VERSION, fold_ask(f, "erin", v1));
        expect(f, ERR_STALE_VERSION, fold_ask(f, "erin", dropped));
        expect(f, OK, fold_ask(f, "erin", v3));
}

Test(request, may_name_either_version_once_set_has_started)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), pending = fold_pending(f, v1);
        expect(f, ERR_STALE_VERSION, fold_ask(f, "erin", pending));
        expect(f, OK, fold_ask(f, "erin", v1));
        fold_set(f, v1, pending);
        expect(f, OK, fold_ask(f, "erin", pending));
        expect(f, OK, fold_ask(f, "frank", v1));
}

Test(request, names_the_new_version_after_promotion)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        expect(f, ERR_STALE_VERSION, fold_ask(f, "erin", v1));
        expect(f, OK, fold_ask(f, "erin", v2));
}

/* ---- the order of refusals: who, emergency, times, version, key ---- */

Test(request, refusals_come_in_order)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v1 = fold_version(f, PG), v2 = fold_pending(f, v1);
        fold_promote(f, v1, v2);
        struct statement s = fold_ask(f, "grace", v1);
        s.request.emergency = "E9";
        s.request.expires_at_ms = f->now_ms;
        s.request.open_for_ms = 2 * HOUR;
        s.request.reply_to = world_opens(f->w, "grace");
        expect(f, ERR_NOT_ALLOWED, s);
        s.by[0] = "erin";
        expect(f, ERR_EMERGENCY, s);
        s.request.emergency = "E2";
        expect(f, ERR_EXPIRED, s);
        s.request.expires_at_ms = f->now_ms + MINUTE;
        expect(f, ERR_TOO_LONG, s);
        s.request.open_for_ms = HOUR;
        expect(f, ERR_STALE_VERSION, s);
        s.request.version = v2;
        expect(f, ERR_BAD_KEY, s);
        s.request.reply_to = fold_new_key(f);
        expect(f, OK, s);
}

/* ---- cancel ---- */

Test(request, is_cancelled_by_its_requester_alone)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        expect(f, ERR_NOT_FOUND, fold_cancel(f, "erin", *ledger_installation(f->ledger)));
        expect(f, ERR_NOT_ALLOWED, fold_cancel(f, "frank", r));
        expect(f, ERR_NOT_ALLOWED, fold_cancel(f, "alice", r));
        expect(f, ERR_NOT_ALLOWED, fold_cancel(f, "broker", r));
        expect(f, OK, fold_cancel(f, "erin", r));
        cr_assert_eq(fold_see(f, r).end, END_CANCELLED);
        expect(f, ERR_ENDED, fold_cancel(f, "erin", r));
}

Test(request, cancelled_after_open_is_a_duplicate)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        expect(f, ERR_DUPLICATE, fold_cancel(f, "erin", r));
}

Test(request, cancelled_after_its_expiry_is_expired)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        f->now_ms += 15 * MINUTE;
        expect(f, ERR_EXPIRED, fold_cancel(f, "erin", r));
}

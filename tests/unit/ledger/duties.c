/* What time calls for: the closes that the broker owes, each of which the ledger then takes. */
#include "tests/unit/ledger/fold.h"

static size_t duties(struct fold *f, struct duty ret[8], int64_t *ret_next_ms)
{
        return ledger_duties(f->ledger, f->now_ms, ret, 8, ret_next_ms);
}

Test(duties, there_are_none_at_first)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct duty d[8];
        int64_t next_ms;
        cr_assert_eq(duties(f, d, &next_ms), 0);
        cr_assert_eq(next_ms, INT64_MAX);
}

Test(duties, an_expired_request_is_closed)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        struct duty d[8];
        int64_t next_ms;
        cr_assert_eq(duties(f, d, &next_ms), 0);
        cr_assert_eq(next_ms, f->now_ms + 15 * MINUTE);
        f->now_ms = next_ms;
        cr_assert_eq(duties(f, d, &next_ms), 1);
        cr_assert_eq(d[0].kind, DUTY_CLOSE_EXPIRED);
        cr_assert(hash_equal(&d[0].request, &r));
        expect(f, OK, fold_close(f, "broker", d[0].request, CLOSE_EXPIRED));
        cr_assert_eq(duties(f, d, &next_ms), 0);
}

Test(duties, approvals_put_the_expiry_off)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_request(f, "erin", fold_version(f, PG));
        struct duty d[8];
        int64_t next_ms;
        f->now_ms += 10 * MINUTE;
        expect(f, OK, fold_approval(f, "alice", r));
        expect(f, OK, fold_approval(f, "bob", r));
        cr_assert_eq(duties(f, d, &next_ms), 0);
        cr_assert_eq(next_ms, f->now_ms + 14 * MINUTE);
}

Test(duties, an_access_that_is_over_is_closed)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash r = fold_opened(f, "erin", fold_version(f, PG));
        struct duty d[8];
        int64_t next_ms;
        cr_assert_eq(duties(f, d, &next_ms), 0);
        cr_assert_eq(next_ms, f->now_ms + HOUR);
        f->now_ms = next_ms;
        cr_assert_eq(duties(f, d, &next_ms), 1);
        cr_assert_eq(d[0].kind, DUTY_CLOSE_TIME);
        expect(f, OK, fold_close(f, "broker", r, CLOSE_TIME));
}

Test(duties, a_proposed_close_comes_once_for_an_incident)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct duty d[8];
        int64_t next_ms;
        for (int i = 0; i < 2; i++) {
                struct statement s = fold_ask(f, i == 0 ? "erin" : "frank", v);
                s.request.incident = "INC-7";
                expect(f, OK, s);
        }
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms + 5 * MINUTE));
        cr_assert_eq(duties(f, d, &next_ms), 0);
        cr_assert_eq(next_ms, f->now_ms + 5 * MINUTE);
        f->now_ms = next_ms;
        cr_assert_eq(duties(f, d, &next_ms), 1);
        cr_assert_eq(d[0].kind, DUTY_CLOSE_WEBHOOK);
        cr_assert_str_eq(d[0].incident, "INC-7");
        expect(f, OK, fold_close_incident(f, "broker", "INC-7", CLOSE_WEBHOOK));
        struct statement s = fold_ask(f, "erin", v);
        s.request.incident = "INC-7";
        expect(f, OK, s); /* a new need: the old proposal says nothing about it */
        cr_assert_eq(duties(f, d, &next_ms), 0);
}

Test(duties, a_proposal_made_before_the_request_calls_for_nothing)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct duty d[8];
        int64_t next_ms;
        expect(f, OK, fold_proposal(f, "INC-7", f->now_ms));
        struct statement s = fold_ask(f, "erin", v);
        s.request.incident = "INC-7";
        expect(f, OK, s);
        cr_assert_eq(duties(f, d, &next_ms), 0);
}

Test(duties, more_than_asked_for_are_due_at_once)
{
        CLEANUP_FOLD struct fold *f = fold_new();
        struct hash v = fold_version(f, PG);
        struct duty d[8];
        int64_t next_ms;
        for (int i = 0; i < 10; i++)
                fold_request(f, "erin", v);
        f->now_ms += HOUR;
        cr_assert_eq(duties(f, d, &next_ms), 8);
        cr_assert_eq(next_ms, f->now_ms);
}

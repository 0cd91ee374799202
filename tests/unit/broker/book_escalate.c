#include "tests/unit/broker/desk.h"

#define CHANNELS "channels: {ops: {program: /bin/true}}\n"
#define STEPS    "prod-db: {escalate: [{after: 2m, to: [carol]}, {after: 4m, to: [dave]}], approvals: 2"

static struct desk *asked(struct hash *ret_request, struct hash *ret_version)
{
        struct desk *d = desk_new(CHANNELS);
        desk_next_roster(d, "prod-db: {approvals: 2", STEPS);
        *ret_version = desk_version(d);
        *ret_request = desk_request(d, "erin", ret_version);
        desk_drop_pages(d);
        return d;
}

static const char *after(struct desk *d, int64_t ms)
{
        d->now_ms += ms;
        desk_poke(d);
        return desk_pages(d);
}

Test(book_escalate, each_step_is_paged_once_in_its_time_and_then_that_nobody_answers)
{
        struct hash r, v;
        CLEANUP_DESK struct desk *d = asked(&r, &v);
        cr_expect_str_eq(after(d, 2 * MINUTE_MS - 1), "");
        cr_expect_str_eq(after(d, 1), "escalated");
        cr_expect_str_eq(after(d, MINUTE_MS), "escalated");
        cr_expect_str_eq(after(d, MINUTE_MS), "escalated escalated");
        cr_expect_str_eq(after(d, 2 * MINUTE_MS), "escalated escalated unanswered");
        cr_expect_str_eq(after(d, 5 * MINUTE_MS), "escalated escalated unanswered");
}

Test(book_escalate, a_restart_pages_nobody_twice_and_forgets_nobody)
{
        struct hash r, v;
        CLEANUP_DESK struct desk *d = asked(&r, &v);
        cr_expect_str_eq(after(d, 2 * MINUTE_MS), "escalated");
        cr_assert_eq(desk_reopen(d), OK);
        cr_expect_str_eq(after(d, MINUTE_MS), "escalated");
        d->now_ms += 2 * MINUTE_MS;
        cr_assert_eq(desk_reopen(d), OK);
        cr_expect_str_eq(after(d, 0), "escalated escalated", "what came due while the broker was away");
}

Test(book_escalate, the_second_last_approval_stops_nothing_and_the_last_one_all)
{
        struct hash r, v;
        CLEANUP_DESK struct desk *d = asked(&r, &v);
        desk_approve(d, "alice", &r, &v, "a");
        cr_expect_str_eq(after(d, 2 * MINUTE_MS), "approved escalated");
        desk_approve(d, "bob", &r, &v, "b");
        cr_expect_str_eq(after(d, 6 * MINUTE_MS), "approved escalated approved ready");
}

Test(book_escalate, the_end_of_the_request_stops_it)
{
        struct hash r, v;
        CLEANUP_DESK struct desk *d = asked(&r, &v);
        struct statement s = desk_say(d, STATEMENT_CANCEL, "erin");
        s.cancel.request = r;
        cr_assert_eq(desk_put(d, &s), OK);
        cr_expect_str_eq(after(d, 6 * MINUTE_MS), "closed");
}

Test(book_escalate, a_roster_that_changes_the_steps_counts_at_once)
{
        struct hash r, v;
        CLEANUP_DESK struct desk *d = asked(&r, &v);
        cr_expect_str_eq(after(d, 2 * MINUTE_MS), "escalated");
        desk_next_roster(d, "prod-db: {approvals: 2",
                         "prod-db: {escalate: [{after: 2m, to: carol}, {after: 3m, to: grace}], approvals: 2");
        cr_expect_str_eq(after(d, MINUTE_MS), "escalated roster-changed escalated");
}

Test(book_escalate, steps_that_fit_no_grammar_page_nobody_else_and_everybody_first)
{
        CLEANUP_DESK struct desk *d = desk_new(CHANNELS);
        desk_next_roster(d, "prod-db: {approvals: 2", "prod-db: {escalate: {after: [5m, bob]}, approvals: 2");
        struct hash v = desk_version(d);
        desk_request(d, "erin", &v);
        cr_expect_str_eq(after(d, 10 * MINUTE_MS), "roster-changed requested");
}

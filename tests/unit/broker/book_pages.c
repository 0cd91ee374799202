#include "tests/unit/broker/desk.h"
#include <string.h>

#define ONE_CHANNEL "channels: {ops: {program: /bin/true}}\n"

static struct hash ready(struct desk *d, struct hash *ret_version)
{
        *ret_version = desk_version(d);
        struct hash r = desk_request(d, "erin", ret_version);
        desk_approve(d, "alice", &r, ret_version, "a");
        desk_approve(d, "bob", &r, ret_version, "b");
        return r;
}

Test(book_pages, an_opening_tells_its_story)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        struct hash v, r = ready(d, &v);
        desk_open_request(d, "erin", &r);
        cr_expect_str_eq(desk_pages(d), "requested approved approved ready opened");
        struct statement s = desk_say(d, STATEMENT_CLOSE, "erin");
        s.close.request = r;
        desk_drop_pages(d);
        cr_assert_eq(desk_put(d, &s), OK);
        cr_expect_str_eq(desk_pages(d), "closed rotation-due");
        cr_expect_geq(d->n_paged, 4u); /* of five; the last call may still be on its way behind the answer */
}

Test(book_pages, ready_is_said_once_however_many_approve)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        struct hash v, r = ready(d, &v);
        desk_approve(d, "carol", &r, &v, "c");
        cr_expect_str_eq(desk_pages(d), "requested approved approved ready approved");
}

Test(book_pages, every_channel_gets_what_it_wants)
{
        CLEANUP_DESK struct desk *d =
                desk_new("channels: {all: {program: /bin/true}, few: {program: /bin/true, events: [ready]}}\n");
        struct hash v;
        ready(d, &v);
        cr_expect_str_eq(desk_pages(d), "requested approved approved ready ready");
}

Test(book_pages, a_refused_statement_pages_nobody)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        struct hash v = desk_version(d);
        struct statement s = desk_head(d, world_request(d->w, "alice", PG, &v, NULL));
        cr_expect_neq(desk_put(d, &s), OK);
        cr_expect_str_eq(desk_pages(d), "");
}

/* ---- outcomes of pages ---- */

struct about {
        struct submission submission; /* first */
        const char *id;
};

static void draft_accepted(const struct submission *s, struct statement *ret)
{
        ret->type = STATEMENT_NOTICE;
        ret->notice.event = "requested";
        ret->notice.channel = "ops";
        ret->notice.outcome = NOTICE_ACCEPTED;
        ret->notice.about = ((const struct about *)s)->id;
}

static enum err try_open(struct desk *d, const struct hash *request, bool dark)
{
        struct statement s = desk_say(d, STATEMENT_OPEN, "erin");
        s.open.request = *request;
        s.open.dark = dark;
        return desk_put(d, &s);
}

static void accept_page(struct desk *d, const struct hash *request)
{
        char id[HASH_HEX + 1];
        hash_to_hex(request, id);
        struct about *n = mem_new(1, sizeof *n);
        n->submission.draft = draft_accepted;
        n->submission.page = 1;
        n->id = id;
        cr_assert_eq(desk_submit(d, &n->submission, NULL), OK);
}

Test(book_pages, where_the_policy_wants_it_a_page_is_accepted_before_the_opening_or_it_is_dark)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        struct hash v;
        desk_next_roster(d, "prod-db: {approvals: 2", "prod-db: {page_before_open: accepted, approvals: 2");
        struct hash r = ready(d, &v);
        cr_expect_eq(try_open(d, &r, false), ERR_TOO_EARLY);
        cr_assert_eq(desk_reopen(d), OK);
        accept_page(d, &r);
        cr_assert_eq(desk_reopen(d), OK, "what was accepted is known after a restart too");
        cr_expect_eq(try_open(d, &r, false), OK);
}

Test(book_pages, one_approval_more_than_needed_waits_for_no_page)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        struct hash v;
        desk_next_roster(d, "prod-db: {approvals: 2", "prod-db: {page_before_open: accepted, approvals: 2");
        struct hash r = ready(d, &v);
        cr_expect_eq(try_open(d, &r, false), ERR_TOO_EARLY);
        desk_approve(d, "carol", &r, &v, "c");
        cr_expect_eq(try_open(d, &r, false), OK);
}

Test(book_pages, a_dark_opening_waits_for_no_page)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        struct hash v;
        desk_next_roster(d, "prod-db: {approvals: 2", "prod-db: {page_before_open: accepted, approvals: 2");
        struct hash r = ready(d, &v);
        cr_expect_eq(try_open(d, &r, true), OK);
}

static void draft_notice(const struct submission *s, struct statement *ret)
{
        ret->type = STATEMENT_NOTICE;
        ret->notice.event = "notifier-down";
        ret->notice.channel = s->page ? "ops" : "mail";
        ret->notice.outcome = s->page == 1 ? NOTICE_ACCEPTED : NOTICE_FAILED;
}

static enum err put_notice(struct desk *d, int64_t page, const char *key)
{
        struct submission *s = mem_new(1, sizeof *s);
        s->draft = draft_notice;
        s->page = page;
        s->remember_key = key;
        return desk_submit(d, s, NULL);
}

Test(book_pages, a_pages_outcome_ends_it_and_pages_nobody)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        struct hash v = desk_version(d);
        desk_request(d, "erin", &v);
        uint64_t size = desk_size(d);
        cr_expect_str_eq(desk_pages(d), "requested");
        cr_expect_eq(put_notice(d, 1, NULL), OK);
        cr_expect_str_eq(desk_pages(d), "");
        cr_expect_str_eq(desk_types(d, size), "notice");
        cr_expect_eq(put_notice(d, 2, NULL), OK);
        cr_expect_str_eq(desk_pages(d), "", "not even that a notifier failed to say that one failed");
        cr_expect_eq(put_notice(d, 0, NULL), OK);
        cr_expect_str_eq(desk_pages(d), "notifier-down");
}

static void draft_down(const struct submission *s, struct statement *ret)
{
        ret->type = STATEMENT_NOTICE;
        ret->notice.event = "notifier-down";
        ret->notice.channel = "ops";
        ret->notice.outcome = NOTICE_FAILED;
}

static void draft_up(const struct submission *s, struct statement *ret)
{
        draft_down(s, ret);
        ret->notice.event = "notifier-up";
        ret->notice.outcome = NOTICE_ACCEPTED;
}

Test(book_pages, a_channels_end_and_return_are_said_by_the_others)
{
        CLEANUP_DESK struct desk *d = desk_new("channels: {ops: {program: /bin/true}, mail: {program: /bin/true}}\n");
        for (size_t i = 0; i < 2; i++) {
                struct submission *s = mem_new(1, sizeof *s);
                s->draft = i ? draft_up : draft_down;
                cr_expect_eq(desk_submit(d, s, NULL), OK);
        }
        cr_expect_str_eq(desk_pages(d), "notifier-down notifier-up", "each by one of two channels");
}

Test(book_pages, what_was_heard_once_is_not_said_again)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        uint64_t size = desk_size(d);
        cr_expect_eq(put_notice(d, 0, "hook/1"), OK);
        cr_expect_eq(put_notice(d, 0, "hook/1"), ERR_DUPLICATE);
        cr_assert_eq(desk_reopen(d), OK);
        cr_expect_eq(put_notice(d, 0, "hook/1"), ERR_DUPLICATE, "also after a restart");
        cr_expect_eq(put_notice(d, 0, "hook/2"), OK);
        cr_expect_eq(desk_size(d), size + 2);
}

Test(book_pages, a_rotation_that_is_not_done_is_said_every_quarter_of_an_hour)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        struct hash v, r = ready(d, &v);
        desk_open_request(d, "erin", &r);
        struct statement s = desk_say(d, STATEMENT_CLOSE, "erin");
        s.close.request = r;
        cr_assert_eq(desk_put(d, &s), OK);
        desk_drop_pages(d);
        d->now_ms += 14 * MINUTE_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "");
        d->now_ms += 1 * MINUTE_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "rotation-due");
        cr_assert_eq(desk_reopen(d), OK);
        d->now_ms += 1 * MINUTE_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "rotation-due", "a restart is no new reason");
        d->now_ms += 15 * MINUTE_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "rotation-due rotation-due");
}

Test(book_pages, a_version_that_no_longer_fits_its_policy_is_said_daily)
{
        CLEANUP_DESK struct desk *d = desk_new(ONE_CHANNEL);
        desk_version(d);
        desk_next_roster(d, "prod-db: {approvals: 2, holders: [alice, bob, carol]",
                         "prod-db: {approvals: 2, holders: [alice, bob, carol, dave]");
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "roster-changed rotation-due");
        d->now_ms += 23 * HOUR_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "roster-changed rotation-due");
        d->now_ms += 1 * HOUR_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "roster-changed rotation-due rotation-due");
}

Test(book_pages, an_overdue_post_mortem_is_said_daily)
{
        CLEANUP_DESK struct desk *d = desk_new("channels: {ops: {program: /bin/true, events: [postmortem-due]}}\n");
        struct hash v, r = ready(d, &v);
        desk_open_request(d, "erin", &r);
        struct statement s = desk_say(d, STATEMENT_CLOSE, "erin");
        s.close.request = r;
        cr_assert_eq(desk_put(d, &s), OK);
        cr_expect_str_eq(desk_pages(d), "opened", "whatever the channels want");
        desk_drop_pages(d);
        d->now_ms += 30 * DAY_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "postmortem-due");
        d->now_ms += 23 * HOUR_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "postmortem-due");
        d->now_ms += 1 * HOUR_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "postmortem-due postmortem-due");
}

Test(book_pages, the_heartbeat_beats)
{
        CLEANUP_DESK struct desk *d = desk_new("channels: {ops: {program: /bin/true}}\nheartbeat: 1h\n");
        desk_poke(d);
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "heartbeat");
        d->now_ms += HOUR_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_pages(d), "heartbeat heartbeat");
}

#include "broker/page_queue.h"
#include "base/clock.h"
#include <criterion/criterion.h>
#include <string.h>

static struct page_queue *q;
static int64_t now;

static void init(void)
{
        q = page_queue_new();
        now = 0;
}

static void fini(void)
{
        page_queue_free(q);
}

TestSuite(page_queue, .init = init, .fini = fini);

static void add(const char *channel, int64_t id, enum page_lane lane, const char *key)
{
        page_queue_add(q, channel, id, lane, key, now);
}

/* The next page's id; −1 when none may go out now. */
static int64_t next(struct page_batch *ret)
{
        struct page_batch b = {0};
        int64_t at;
        bool is_there = page_queue_next(q, now, &b, &at);
        if (ret)
                *ret = b;
        return is_there ? b.id : -1;
}

static struct page_verdict settle(int64_t id, enum delivery what)
{
        struct page_verdict v;
        cr_assert(page_queue_settle(q, id, what, 0, now, 0, &v), "%lld is not at work", (long long)id);
        free(v.more);
        v.more = NULL;
        return v;
}

/* When the next page may go out, which is then. */
static int64_t wait_for_next(void)
{
        struct page_batch b;
        int64_t at;
        while (!page_queue_next(q, now, &b, &at)) {
                cr_assert_lt(at, INT64_MAX);
                now = at;
        }
        return b.id;
}

Test(page_queue, openings_go_before_asks_and_asks_before_the_rest)
{
        add("ops", 1, LANE_OTHERS, NULL);
        add("ops", 2, LANE_ASKS, "erin");
        add("ops", 3, LANE_OTHERS, NULL);
        add("ops", 4, LANE_OPENINGS, NULL);
        cr_expect_eq(next(NULL), 4);
        cr_expect_eq(next(NULL), 2);
        cr_expect_eq(next(NULL), -1, "one at a time beside openings");
        settle(2, DELIVERY_ACCEPTED);
        cr_expect_eq(next(NULL), 1);
        settle(1, DELIVERY_ACCEPTED);
        cr_expect_eq(next(NULL), 3);
}

Test(page_queue, ten_thousand_asks_and_a_silent_service_hold_no_opening_back)
{
        for (int64_t id = 1; id <= 10000; id++)
                add("ops", id, LANE_ASKS, NULL);
        cr_assert_eq(next(NULL), 1);
        struct page_verdict v;
        cr_assert(page_queue_settle(q, 1, DELIVERY_AGAIN, HOUR_MS, now, 0, &v));
        cr_expect_eq(next(NULL), -1, "the service asked for an hour");
        add("ops", 10001, LANE_OPENINGS, NULL);
        cr_expect_eq(next(NULL), 10001);
        cr_assert(page_queue_settle(q, 10001, DELIVERY_AGAIN, HOUR_MS, now, 0, &v));
        cr_expect_eq(wait_for_next(), 10001);
        cr_expect_eq(now, MINUTE_MS, "an opening obeys for a minute at most");
}

Test(page_queue, several_openings_are_at_work_so_that_a_hung_one_holds_up_none)
{
        for (int64_t id = 1; id <= 6; id++)
                add("ops", id, LANE_OPENINGS, NULL);
        for (int64_t id = 1; id <= (int64_t)PAGE_OPENINGS_MAX; id++)
                cr_expect_eq(next(NULL), id);
        cr_expect_eq(next(NULL), -1);
        settle(2, DELIVERY_ACCEPTED);
        cr_expect_eq(next(NULL), 5);
}

Test(page_queue, one_channels_trouble_is_no_others)
{
        add("a", 1, LANE_ASKS, NULL);
        add("b", 2, LANE_ASKS, NULL);
        add("a", 3, LANE_ASKS, NULL);
        add("b", 4, LANE_ASKS, NULL);
        cr_expect_eq(next(NULL), 1);
        cr_expect_eq(next(NULL), 2);
        settle(1, DELIVERY_AGAIN);
        settle(2, DELIVERY_ACCEPTED);
        cr_expect_eq(next(NULL), 4);
        cr_expect_eq(next(NULL), -1);
}

Test(page_queue, many_asks_of_one_person_become_one_page)
{
        struct page_batch b;
        add("ops", 1, LANE_ASKS, "erin");
        for (int64_t id = 2; id <= 39; id++)
                add("ops", id, LANE_ASKS, id == 20 ? "frank" : "erin");
        add("other", 40, LANE_ASKS, "erin");
        cr_expect_eq(next(&b), 1);
        cr_assert_eq(b.n_more, 37);
        cr_expect_eq(b.more[0], 2);
        cr_expect_eq(b.more[36], 39);
        struct page_verdict v;
        cr_assert(page_queue_settle(q, 1, DELIVERY_ACCEPTED, 0, now, 0, &v));
        cr_expect(v.is_over);
        cr_expect_eq(v.n_more, 37);
        cr_expect_eq(v.more[36], 39);
        free(v.more);
        cr_expect_eq(next(&b), 20);
        cr_expect_eq(b.n_more, 0);
        cr_expect_eq(next(&b), 40, "another channel's are its own");
}

Test(page_queue, a_few_asks_stay_pages_of_their_own)
{
        struct page_batch b;
        for (int64_t id = 1; id <= (int64_t)PAGE_MERGE_FROM; id++)
                add("ops", id, LANE_ASKS, "erin");
        cr_expect_eq(next(&b), 1);
        cr_expect_eq(b.n_more, 0);
}

Test(page_queue, what_was_merged_goes_again_under_the_same_page)
{
        struct page_batch b;
        for (int64_t id = 1; id <= 5; id++)
                add("ops", id, LANE_ASKS, "erin");
        cr_assert_eq(next(&b), 1);
        cr_assert_eq(b.n_more, 4);
        settle(1, DELIVERY_AGAIN);
        add("ops", 6, LANE_ASKS, "erin");
        now = HOUR_MS;
        cr_expect_eq(next(&b), 1);
        cr_expect_eq(b.n_more, 5);
        cr_expect_eq(b.attempt, 2);
        page_queue_put_back(q);
        cr_expect_eq(next(&b), 1);
        cr_expect_eq(b.n_more, 5, "a courier that died has said nothing");
}

Test(page_queue, a_channel_that_keeps_failing_is_down_until_a_probe_arrives)
{
        for (int64_t id = 1; id <= 4; id++)
                add("ops", id, LANE_OTHERS, NULL);
        for (unsigned i = 1; i <= PAGE_DOWN_AFTER; i++) {
                struct page_verdict v = settle(wait_for_next(), DELIVERY_AGAIN);
                cr_expect_eq(v.is_down, i == PAGE_DOWN_AFTER, "%u", i);
                cr_expect_eq(v.is_change, i == PAGE_DOWN_AFTER, "%u", i);
        }
        int64_t before = now;
        int64_t id = wait_for_next();
        cr_expect_geq(now - before, 2000, "probes wait longer and longer");
        cr_expect_eq(next(NULL), -1, "one probe at a time");
        struct page_verdict v = settle(id, DELIVERY_AGAIN);
        cr_expect(v.is_down && !v.is_change, "said once");
        v = settle(wait_for_next(), DELIVERY_ACCEPTED);
        cr_expect(!v.is_down && v.is_change);
        cr_expect_neq(next(NULL), -1, "then the rest follows at once");
}

Test(page_queue, a_channel_that_a_person_must_mend_is_down_at_once_and_loses_nothing)
{
        add("ops", 1, LANE_OTHERS, NULL);
        cr_assert_eq(next(NULL), 1);
        struct page_verdict v = settle(1, DELIVERY_BLOCKED);
        cr_expect(v.is_down && v.is_change && !v.is_over);
        cr_expect_eq(next(NULL), -1);
        page_queue_hurry(q);
        cr_expect_eq(next(NULL), 1, "the configuration was mended");
        v = settle(1, DELIVERY_FAILED);
        cr_expect(v.is_down && v.is_over, "a page of no use does not say that the channel works");
}

Test(page_queue, a_page_is_given_up_after_a_day_but_never_an_opening)
{
        add("ops", 1, LANE_OTHERS, NULL);
        add("ops", 2, LANE_OPENINGS, NULL);
        cr_assert_eq(next(NULL), 2);
        cr_assert_eq(next(NULL), 1);
        now = PAGE_GIVE_UP_MS + 1;
        cr_expect(settle(1, DELIVERY_AGAIN).is_over);
        cr_expect(!settle(2, DELIVERY_AGAIN).is_over);
}

Test(page_queue, the_rate_of_a_channel_holds_back_everything_but_openings)
{
        page_queue_set_pace(q, "ops", 60);
        add("ops", 1, LANE_ASKS, NULL);
        add("ops", 2, LANE_ASKS, NULL);
        cr_assert_eq(next(NULL), 1);
        settle(1, DELIVERY_ACCEPTED);
        cr_expect_eq(next(NULL), -1);
        add("ops", 3, LANE_OPENINGS, NULL);
        cr_expect_eq(next(NULL), 3);
        now = SECOND_MS;
        cr_expect_eq(next(NULL), 2);
}

Test(page_queue, what_a_dead_courier_had_goes_again_in_its_order)
{
        add("ops", 1, LANE_OPENINGS, NULL);
        add("ops", 2, LANE_OPENINGS, NULL);
        cr_assert_eq(next(NULL), 1);
        cr_assert_eq(next(NULL), 2);
        page_queue_put_back(q);
        struct page_verdict v;
        cr_expect(!page_queue_settle(q, 1, DELIVERY_ACCEPTED, 0, now, 0, &v), "its last word came too late");
        cr_expect_eq(next(NULL), 1);
        cr_expect_eq(next(NULL), 2);
}

Test(page_queue, it_counts_what_waits_and_what_came_of_the_rest)
{
        struct page_channel ch;
        for (int64_t id = 1; id <= 5; id++)
                add("ops", id, LANE_ASKS, "erin");
        next(NULL);
        settle(1, DELIVERY_AGAIN);
        page_queue_channel_at(q, 0, &ch);
        cr_expect_eq(ch.queued, 5);
        cr_expect_eq(ch.failures, 1);
        settle(wait_for_next(), DELIVERY_ACCEPTED);
        page_queue_channel_at(q, 0, &ch);
        cr_expect_eq(ch.queued, 0);
        cr_expect_eq(ch.accepted, 1);
        cr_expect_str_eq(ch.name, "ops");
        cr_expect_eq(page_queue_channels(q), 1);
}

Test(page_queue, waits_grow_and_an_openings_wait_stays_short)
{
        cr_expect_eq(page_backoff(1, false, 0, 0), 500);
        cr_expect_eq(page_backoff(4, false, 0, 0), 4000);
        cr_expect_eq(page_backoff(60, false, 0, 0), 5 * MINUTE_MS);
        cr_expect_eq(page_backoff(60, true, 0, 0), 30 * SECOND_MS);
        cr_expect_eq(page_backoff(1, false, 3600 * SECOND_MS, 0), HOUR_MS);
        cr_expect_eq(page_backoff(1, false, 99 * HOUR_MS, 0), HOUR_MS);
        cr_expect_eq(page_backoff(1, true, 3600 * SECOND_MS, 0), 60 * SECOND_MS);
        cr_expect_gt(page_backoff(5, false, 0, 511), page_backoff(5, false, 0, 0), "jitter");
}

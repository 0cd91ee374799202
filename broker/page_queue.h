/* Which page goes next: the pages of the outbox that are not delivered yet, by channel, with their waits. Pure: no
 * clock, no store, no process; times are monotonic milliseconds, passed in.
 *
 *   openings   before everything, several at once, held back by no rate, no breaker and no other page
 *   asks       before the rest; many of one person become one page ("+37 more")
 *   the rest
 *
 * One page of the last two lanes is at work on a channel at a time. A channel that fails DOWN_AFTER times in a row
 * (at once when a person has to mend it) is down: its breaker is open, and single pages probe it with growing waits
 * until one is accepted. */
#pragma once
#include "broker/delivery.h"

#define PAGE_DOWN_AFTER 3u
#define PAGE_MERGE_FROM 3u /* so many further asks of one person make one page of them all */
#define PAGE_MERGED_MAX 999u
#define PAGE_GIVE_UP_MS                                                                                              \
        (24 * INT64_C(3600000)) /* after that long without success a page has failed; never an opening */
#define PAGE_OPENINGS_MAX 4u    /* at work on one channel at a time */

enum page_lane { LANE_OPENINGS, LANE_ASKS, LANE_OTHERS, LANES };

struct page_queue;
struct page_queue *page_queue_new(void);
void page_queue_free(struct page_queue *q);

/* id: the store's, ascending. merge_key: asks with the same one may become one page; NULL: never. */
void page_queue_add(struct page_queue *q, const char *channel, int64_t id, enum page_lane lane, const char *merge_key,
                    int64_t now_ms);

/* Pages that go out as one; valid until it is settled. */
struct page_batch {
        const char *channel;
        int64_t id; /* the oldest: it gives text and dedup key */
        unsigned attempt;
        size_t n_more;
        const int64_t *more; /* said with it */
};
/* The next that may go out now, which is at work from then on. false: none; ret_at_ms: when there may be one
 * (INT64_MAX: not before something happens). */
bool page_queue_next(struct page_queue *q, int64_t now_ms, struct page_batch *ret, int64_t *ret_at_ms);

struct page_verdict {
        const char *channel;     /* the queue's */
        bool is_over;            /* the batch is gone: its outcome is final */
        bool is_down, is_change; /* of the channel: whether it is, and whether that is new */
        size_t n_more;           /* with is_over: what was said with it */
        int64_t *more;           /* to be freed */
};
/* What became of a batch at work. random: any. false: there is none with this id. */
bool page_queue_settle(struct page_queue *q, int64_t id, enum delivery what, int64_t retry_after_ms, int64_t now_ms,
                       uint32_t random, struct page_verdict *ret);
/* Takes a batch at work out without a verdict on its channel: is_over, with what was said with it. */
bool page_queue_drop(struct page_queue *q, int64_t id, struct page_verdict *ret);
/* Whoever had pages at work is gone: they wait again. */
void page_queue_put_back(struct page_queue *q);
/* The configuration may be mended: nothing waits any longer. */
void page_queue_hurry(struct page_queue *q);
/* Pages a minute that are no openings; 0: no limit. */
void page_queue_set_pace(struct page_queue *q, const char *channel, int64_t per_minute);

struct page_channel {
        const char *name; /* the queue's */
        bool is_down;
        uint64_t queued, accepted, failures; /* pages waiting or at work; attempts since the start */
};
size_t page_queue_channels(const struct page_queue *q);
void page_queue_channel_at(const struct page_queue *q, size_t i, struct page_channel *ret);

/* How long to wait before the next attempt (attempt counts from 1): growing, with up to half more at random; what the
 * service asks for, but an opening not longer than a minute. */
int64_t page_backoff(unsigned attempt, bool is_opening, int64_t retry_after_ms, uint32_t random);

#include "broker/page_queue.h"
#include "base/clock.h"
#include <string.h>

#define BACKOFF_FIRST_MS       500
#define BACKOFF_MAX_MS         (5 * MINUTE_MS)
#define BACKOFF_OPENING_MS     (30 * SECOND_MS)
#define RETRY_AFTER_MAX_MS     (60 * MINUTE_MS)
#define RETRY_AFTER_OPENING_MS (60 * SECOND_MS)

struct waiting {
        struct waiting *next;
        int64_t id, not_before_ms, since_ms;
        unsigned attempts;
        char *merge_key;
        struct channel *channel;
        enum page_lane lane;
        size_t n_more; /* while it is at work: what is said with it */
        int64_t *more;
        struct waiting *merged;
};

struct channel {
        char *name;
        struct waiting *lane[LANES];   /* ascending by id */
        struct waiting *newest[LANES]; /* the lane's last one, if known */
        unsigned n_openings, n_others; /* at work */
        unsigned failures_in_a_row;
        bool is_down;
        int64_t not_before_ms; /* of pages that are no openings */
        int64_t per_minute;
        uint64_t n_queued, n_accepted, n_failures;
};

struct page_queue {
        size_t n;
        struct channel **channels;
        struct waiting *at_work;
};

struct page_queue *page_queue_new(void)
{
        return mem_new(1, sizeof(struct page_queue));
}

static void waiting_free(struct waiting *w)
{
        while (w) {
                struct waiting *next = w->next;
                waiting_free(w->merged);
                free(w->more);
                free(w->merge_key);
                free(w);
                w = next;
        }
}

void page_queue_free(struct page_queue *q)
{
        if (!q)
                return;
        waiting_free(q->at_work);
        for (size_t i = 0; i < q->n; i++) {
                for (size_t lane = 0; lane < LANES; lane++)
                        waiting_free(q->channels[i]->lane[lane]);
                free(q->channels[i]->name);
                free(q->channels[i]);
        }
        free(q->channels);
        free(q);
}

static struct channel *channel_named(struct page_queue *q, const char *name)
{
        for (size_t i = 0; i < q->n; i++)
                if (!strcmp(q->channels[i]->name, name))
                        return q->channels[i];
        q->channels = mem_grow(q->channels, q->n + 1, sizeof(struct channel *));
        struct channel *ch = q->channels[q->n++] = mem_new(1, sizeof *ch);
        ch->name = mem_text(name);
        return ch;
}

/* ---- in ---- */

/* Mostly at the end, which therefore must not be searched for. */
static void insert(struct waiting *w)
{
        struct waiting **newest = &w->channel->newest[w->lane];
        struct waiting **at = *newest && (*newest)->id < w->id ? &(*newest)->next : &w->channel->lane[w->lane];
        while (*at && (*at)->id < w->id)
                at = &(*at)->next;
        w->next = *at;
        *at = w;
        if (!w->next)
                *newest = w;
}

static struct waiting *take_out(struct waiting **at)
{
        struct waiting *w = *at;
        *at = w->next;
        w->next = NULL;
        if (w->channel->newest[w->lane] == w)
                w->channel->newest[w->lane] = NULL;
        return w;
}

void page_queue_add(struct page_queue *q, const char *channel, int64_t id, enum page_lane lane, const char *merge_key,
                    int64_t now_ms)
{
        struct waiting *w = mem_new(1, sizeof *w);
        *w = (struct waiting){.id = id,
                              .since_ms = now_ms,
                              .not_before_ms = INT64_MIN,
                              .channel = channel_named(q, channel),
                              .lane = lane,
                              .merge_key = lane == LANE_ASKS && merge_key ? mem_text(merge_key) : NULL};
        w->channel->n_queued++;
        insert(w);
}

void page_queue_set_pace(struct page_queue *q, const char *channel, int64_t per_minute)
{
        channel_named(q, channel)->per_minute = per_minute;
}

/* ---- out ---- */

/* The first page of the lane that is due, taken out. */
static struct waiting *take_due(struct channel *ch, enum page_lane lane, int64_t now_ms, int64_t *at_ms)
{
        int64_t least = lane == LANE_OPENINGS ? INT64_MIN : ch->not_before_ms;
        for (struct waiting **i = &ch->lane[lane]; *i; i = &(*i)->next) {
                struct waiting *w = *i;
                int64_t due = w->not_before_ms > least ? w->not_before_ms : least;
                if (due <= now_ms)
                        return take_out(i);
                *at_ms = due < *at_ms ? due : *at_ms;
                if (w->not_before_ms <= least)
                        break; /* nothing behind it is earlier */
        }
        return NULL;
}

static size_t count_alike(const struct waiting *w)
{
        size_t n = 0;
        for (const struct waiting *i = w->channel->lane[w->lane]; i; i = i->next)
                n += i->merge_key && !strcmp(i->merge_key, w->merge_key);
        return n;
}

static void merge(struct waiting *w)
{
        size_t n = w->merge_key ? count_alike(w) : 0;
        struct waiting **end = &w->merged;
        if (n < PAGE_MERGE_FROM)
                return;
        n = n < PAGE_MERGED_MAX ? n : PAGE_MERGED_MAX;
        w->more = mem_new(n, sizeof *w->more);
        for (struct waiting **i = &w->channel->lane[w->lane]; *i && w->n_more < n;) {
                struct waiting *other = *i;
                if (!other->merge_key || strcmp(other->merge_key, w->merge_key) != 0) {
                        i = &other->next;
                        continue;
                }
                *end = take_out(i);
                end = &other->next;
                w->more[w->n_more++] = other->id;
        }
}

static struct waiting *take_next(struct channel *ch, int64_t now_ms, int64_t *at_ms)
{
        struct waiting *w = NULL;
        if (ch->n_openings < PAGE_OPENINGS_MAX && (w = take_due(ch, LANE_OPENINGS, now_ms, at_ms)))
                ch->n_openings++;
        else if (ch->n_others == 0 &&
                 ((w = take_due(ch, LANE_ASKS, now_ms, at_ms)) || (w = take_due(ch, LANE_OTHERS, now_ms, at_ms))))
                ch->n_others++;
        return w;
}

bool page_queue_next(struct page_queue *q, int64_t now_ms, struct page_batch *ret, int64_t *ret_at_ms)
{
        struct waiting *w = NULL;
        *ret_at_ms = INT64_MAX;
        for (size_t i = 0; i < q->n && !w; i++)
                w = take_next(q->channels[i], now_ms, ret_at_ms);
        if (!w)
                return false;
        merge(w);
        w->attempts++;
        w->next = q->at_work;
        q->at_work = w;
        *ret = (struct page_batch){w->channel->name, w->id, w->attempts, w->n_more, w->more};
        return true;
}

/* ---- what became of it ---- */

int64_t page_backoff(unsigned attempt, bool is_opening, int64_t retry_after_ms, uint32_t random)
{
        int64_t most = is_opening ? BACKOFF_OPENING_MS : BACKOFF_MAX_MS;
        int64_t most_asked = is_opening ? RETRY_AFTER_OPENING_MS : RETRY_AFTER_MAX_MS;
        int64_t wait = BACKOFF_FIRST_MS;
        for (unsigned i = 1; i < attempt && wait < most; i++)
                wait *= 2;
        if (wait > most)
                wait = most;
        wait += wait * (int64_t)(random % 512) / 1024; /* so that many don't come back at once */
        if (retry_after_ms > wait)
                wait = retry_after_ms < most_asked ? retry_after_ms : most_asked;
        return wait;
}

/* What was merged waits as long as the page it was merged into, which stays the oldest: the same one goes first. */
static void wait_again(struct waiting *w, int64_t not_before_ms)
{
        for (struct waiting *m = w->merged, *next; m; m = next) {
                next = m->next;
                m->not_before_ms = not_before_ms;
                insert(m);
        }
        free(w->more);
        w->more = NULL;
        w->merged = NULL;
        w->n_more = 0;
        w->not_before_ms = not_before_ms;
        insert(w);
}

static struct waiting *take_at_work(struct page_queue *q, int64_t id)
{
        for (struct waiting **i = &q->at_work; *i; i = &(*i)->next)
                if ((*i)->id == id) {
                        struct waiting *w = *i;
                        *i = w->next;
                        w->next = NULL;
                        if (w->lane == LANE_OPENINGS)
                                w->channel->n_openings--;
                        else
                                w->channel->n_others--;
                        return w;
                }
        return NULL;
}

static void note_health(struct channel *ch, enum delivery what, struct page_verdict *ret)
{
        bool is_good = what == DELIVERY_ACCEPTED;
        ch->failures_in_a_row = is_good ? 0 : ch->failures_in_a_row + 1;
        ch->n_accepted += is_good;
        ch->n_failures += !is_good;
        bool is_down =
                ch->failures_in_a_row >= PAGE_DOWN_AFTER || what == DELIVERY_BLOCKED || (ch->is_down && !is_good);
        ret->is_change = is_down != ch->is_down;
        ret->is_down = ch->is_down = is_down;
}

static void pause_channel(struct channel *ch, enum delivery what, int64_t retry_after_ms, int64_t now_ms,
                          uint32_t random)
{
        int64_t pace = ch->per_minute ? MINUTE_MS / ch->per_minute : 0;
        ch->not_before_ms = now_ms + (what == DELIVERY_ACCEPTED
                                              ? pace
                                              : page_backoff(ch->failures_in_a_row, false, retry_after_ms, random));
}

static void finish(struct waiting *w, struct page_verdict *ret)
{
        w->channel->n_queued -= 1 + w->n_more;
        ret->is_over = true;
        ret->n_more = w->n_more;
        ret->more = w->more;
        w->more = NULL;
        waiting_free(w);
}

bool page_queue_settle(struct page_queue *q, int64_t id, enum delivery what, int64_t retry_after_ms, int64_t now_ms,
                       uint32_t random, struct page_verdict *ret)
{
        struct waiting *w = take_at_work(q, id);
        *ret = (struct page_verdict){0};
        if (!w)
                return false;
        ret->channel = w->channel->name;
        bool is_opening = w->lane == LANE_OPENINGS;
        bool is_late = !is_opening && now_ms - w->since_ms > PAGE_GIVE_UP_MS;
        note_health(w->channel, what, ret);
        pause_channel(w->channel, what, retry_after_ms, now_ms, random);
        if (what == DELIVERY_ACCEPTED || what == DELIVERY_FAILED || is_late)
                finish(w, ret);
        else
                wait_again(w, now_ms + page_backoff(w->attempts, is_opening, retry_after_ms, random));
        return true;
}

bool page_queue_drop(struct page_queue *q, int64_t id, struct page_verdict *ret)
{
        struct waiting *w = take_at_work(q, id);
        *ret = (struct page_verdict){0};
        if (!w)
                return false;
        ret->channel = w->channel->name;
        finish(w, ret);
        return true;
}

void page_queue_put_back(struct page_queue *q)
{
        while (q->at_work)
                wait_again(take_at_work(q, q->at_work->id), INT64_MIN);
}

void page_queue_hurry(struct page_queue *q)
{
        for (size_t i = 0; i < q->n; i++) {
                q->channels[i]->not_before_ms = INT64_MIN;
                for (size_t lane = 0; lane < LANES; lane++)
                        for (struct waiting *w = q->channels[i]->lane[lane]; w; w = w->next)
                                w->not_before_ms = INT64_MIN;
        }
}

size_t page_queue_channels(const struct page_queue *q)
{
        return q->n;
}

void page_queue_channel_at(const struct page_queue *q, size_t i, struct page_channel *ret)
{
        const struct channel *ch = q->channels[i];
        *ret = (struct page_channel){ch->name, ch->is_down, ch->n_queued, ch->n_accepted, ch->n_failures};
}

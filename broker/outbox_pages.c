#include "base/json.h"
#include "base/log.h"
#include "broker/outbox_internal.h"
#include <string.h>

#define PAGES_AT_ONCE 64u
#define UNSENT_MAX    (256u * 1024u)

/* ---- out of the store ---- */

static bool is_ask(const char *kind)
{
        static const char *const kinds[] = {"requested", "escalated", "unanswered"};
        for (size_t i = 0; kind && i < COUNT_OF(kinds); i++)
                if (!strcmp(kinds[i], kind))
                        return true;
        return false;
}

/* Asks of one person to the same people are one page when many wait. */
static void write_merge_key(const json_t *event, struct bytes *ret)
{
        static const char *const same[] = {"kind", "requester", "to"};
        if (!json_is_string(json_object_get(event, "requester")))
                return;
        for (size_t i = 0; i < COUNT_OF(same); i++) {
                char *text = json_dumps(json_object_get(event, same[i]), JSON_ENCODE_ANY | JSON_COMPACT);
                bytes_printf(ret, "%s\n", text ? text : "");
                free(text);
        }
}

static void read_page(void *context, const struct page *p)
{
        struct outbox *o = context;
        CLEANUP_BYTES struct bytes key = BYTES_NONE;
        json_t *event = json_loadb((const char *)p->event.p, p->event.n, 0, NULL);
        enum page_lane lane = p->is_urgent                                                ? LANE_OPENINGS
                              : is_ask(json_string_value(json_object_get(event, "kind"))) ? LANE_ASKS
                                                                                          : LANE_OTHERS;
        if (lane == LANE_ASKS)
                write_merge_key(event, &key);
        json_decref(event);
        page_queue_add(o->queue, p->channel, p->id, lane, key.n ? bytes_text(&key) : NULL,
                       broker_monotonic(o->broker));
        o->last_read = p->id;
}

void outbox_configure(struct outbox *o)
{
        struct config *config = broker_config(o->broker);
        pthread_mutex_lock(&o->lock);
        for (size_t i = 0; i < config->n_channels; i++)
                page_queue_set_pace(o->queue, config->channels[i].name, config->channels[i].per_minute);
        page_queue_hurry(o->queue);
        pthread_mutex_unlock(&o->lock);
        config_drop(config);
}

void outbox_read_new(struct outbox *o)
{
        int64_t before;
        do {
                before = o->last_read;
                pthread_mutex_lock(&o->lock);
                enum err e = store_each_page(o->broker->store, o->last_read, PAGES_AT_ONCE, read_page, o);
                pthread_mutex_unlock(&o->lock);
                if (e != OK) {
                        log_event(LOG_LEVEL_ERROR, "page.unread", F_TEXT("error", err_word(e)));
                        return;
                }
        } while (o->last_read != before);
}

/* ---- to the courier ---- */

struct sending {
        struct outbox *outbox;
        const struct page_batch *batch;
        const struct config_channel *channel;
        bool is_there;
};

/* The oldest ask, with how many more of that person's wait. */
static void add_merged(struct bytes *to, struct span event, size_t n_more)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        json_t *root = json_loadb((const char *)event.p, event.n, 0, NULL);
        const char *said = json_string_value(json_object_get(root, "text"));
        const char *who = json_string_value(json_object_get(root, "requester"));
        bytes_printf(&text, "%s (+%zu more of %s's requests)", said ? said : "", n_more, who ? who : "");
        json_object_set_new(root, "text", json_string(bytes_text(&text)));
        json_object_set_new(root, "more", json_integer((json_int_t)n_more));
        char *whole = json_dumps(root, JSON_COMPACT);
        json_decref(root);
        if (whole)
                bytes_add_text(to, whole);
        else
                bytes_add_span(to, event);
        free(whole);
}

static void send_page(void *context, const struct page *p)
{
        struct sending *s = context;
        const struct config_channel *ch = s->channel;
        struct bytes *to = &s->outbox->unsent;
        if (p->id != s->batch->id)
                return;
        s->is_there = true;
        bytes_printf(to, "{\"page\":%lld,\"attempt\":%u,\"channel\":\"%s\",\"program\":", (long long)p->id,
                     s->batch->attempt, ch->name);
        bytes_add_json(to, span_text(ch->program));
        bytes_printf(to, ",\"timeout_ms\":%lld,\"config\":", (long long)ch->timeout_ms);
        bytes_add_span(to, bytes_span(&ch->config));
        bytes_add_text(to, ",\"event\":");
        if (s->batch->n_more)
                add_merged(to, p->event, s->batch->n_more);
        else
                bytes_add_span(to, p->event);
        bytes_add_text(to, "}\n");
}

static void drop(struct outbox *o, int64_t page, const char *why)
{
        struct page_verdict v;
        pthread_mutex_lock(&o->lock);
        bool is_there = page_queue_drop(o->queue, page, &v);
        pthread_mutex_unlock(&o->lock);
        if (is_there)
                outbox_fail(o, page, &v, why);
        free(v.more);
}

static void send_batch(struct outbox *o, const struct config *config, const struct page_batch *batch)
{
        struct sending s = {o, batch, config_channel(config, batch->channel), false};
        if (!s.channel)
                drop(o, batch->id, "the channel is not configured any more");
        else if (store_each_page(o->broker->store, batch->id - 1, 1, send_page, &s) != OK || !s.is_there)
                drop(o, batch->id, "the page cannot be read");
}

static bool next_batch(struct outbox *o, struct page_batch *ret, int64_t *ret_at_ms)
{
        pthread_mutex_lock(&o->lock);
        bool is_there = page_queue_next(o->queue, broker_monotonic(o->broker), ret, ret_at_ms);
        pthread_mutex_unlock(&o->lock);
        return is_there;
}

int64_t outbox_send(struct outbox *o)
{
        struct config *config = broker_config(o->broker);
        struct page_batch batch;
        int64_t at_ms = INT64_MAX;
        while (o->unsent.n < UNSENT_MAX && next_batch(o, &batch, &at_ms))
                send_batch(o, config, &batch);
        config_drop(config);
        return at_ms;
}

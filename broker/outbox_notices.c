#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "broker/outbox_internal.h"
#include <sodium.h>
#include <string.h>

/* ---- notices ---- */

struct notice {
        struct submission submission; /* first */
        char *event, *channel, *about, *incident, *detail;
        enum notice_outcome outcome;
};

static void notice_draft(const struct submission *s, struct statement *ret)
{
        const struct notice *n = (const struct notice *)s;
        ret->type = STATEMENT_NOTICE;
        ret->notice.event = n->event;
        ret->notice.channel = n->channel;
        ret->notice.outcome = n->outcome;
        ret->notice.about = n->about;
        ret->notice.incident = n->incident;
        ret->notice.detail = n->detail;
}

static void notice_done(struct submission *s)
{
        struct notice *n = (struct notice *)s;
        char *texts[] = {n->event, n->channel, n->about, n->incident, n->detail};
        for (size_t i = 0; i < COUNT_OF(texts); i++)
                free(texts[i]);
        submission_free(s);
}

static char *text_or_null(const char *text)
{
        return text && *text ? mem_text(text) : NULL;
}

static struct notice *notice_new(const char *event, const char *channel, bool is_accepted, const char *detail)
{
        struct notice *n = mem_new(1, sizeof *n);
        n->submission.draft = notice_draft;
        n->submission.done = notice_done;
        n->event = mem_text(event && *event ? event : "unknown");
        n->channel = mem_text(channel);
        n->outcome = is_accepted ? NOTICE_ACCEPTED : NOTICE_FAILED;
        n->detail = text_or_null(detail);
        return n;
}

/* ---- the end of pages ---- */

struct ending {
        struct outbox *outbox;
        int64_t id;
        bool is_accepted;
        const char *detail;
};

static void log_ending(void *context, const struct page *p)
{
        const struct ending *end = context;
        if (p->id != end->id)
                return; /* it is gone already */
        json_t *event = json_loadb((const char *)p->event.p, p->event.n, 0, NULL);
        struct notice *n = notice_new(json_string_value(json_object_get(event, "kind")), p->channel, end->is_accepted,
                                      end->detail);
        n->about = text_or_null(json_string_value(json_object_get(event, "request_id")));
        n->incident = text_or_null(json_string_value(json_object_get(event, "incident")));
        n->submission.page = p->id;
        json_decref(event);
        log_event(end->is_accepted ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
                  end->is_accepted ? "page.delivered" : "page.lost", F_TEXT("channel", p->channel),
                  F_TEXT("kind", n->event), F_TEXT("detail", end->detail));
        book_submit(end->outbox->broker->book, &n->submission);
}

static void end_page(struct outbox *o, int64_t id, bool is_accepted, const char *detail)
{
        struct ending end = {o, id, is_accepted, detail};
        if (store_each_page(o->broker->store, id - 1, 1, log_ending, &end) != OK)
                log_event(LOG_LEVEL_ERROR, "page.unread", F_INT("page", id));
}

/* A page each: every request's asking has its own outcome in the log. */
static void end_batch(struct outbox *o, int64_t id, const struct page_verdict *v, bool is_accepted,
                      const char *detail)
{
        end_page(o, id, is_accepted, detail);
        for (size_t i = 0; i < v->n_more; i++)
                end_page(o, v->more[i], is_accepted, detail);
}

void outbox_fail(struct outbox *o, int64_t page, const struct page_verdict *v, const char *why)
{
        end_batch(o, page, v, false, why);
}

/* ---- the courier's lines ---- */

static void log_health(struct outbox *o, const char *channel, bool is_down, const char *detail)
{
        log_event(is_down ? LOG_LEVEL_ERROR : LOG_LEVEL_NOTICE, is_down ? "notifier.down" : "notifier.recovered",
                  F_TEXT("channel", channel), F_TEXT("why", detail));
        struct notice *n = notice_new(is_down ? "notifier-down" : "notifier-up", channel, !is_down, detail);
        book_submit(o->broker->book, &n->submission);
}

static enum delivery result_of(const char *word)
{
        for (size_t i = 0; word && delivery_words[i]; i++)
                if (!strcmp(delivery_words[i], word))
                        return (enum delivery)i;
        return DELIVERY_AGAIN;
}

static void take_result(struct outbox *o, const json_t *line)
{
        struct page_verdict v;
        int64_t id = json_integer_value(json_object_get(line, "page"));
        enum delivery what = result_of(json_string_value(json_object_get(line, "result")));
        const char *detail = json_string_value(json_object_get(line, "detail"));
        pthread_mutex_lock(&o->lock);
        bool is_ours =
                page_queue_settle(o->queue, id, what, json_integer_value(json_object_get(line, "retry_after_ms")),
                                  broker_monotonic(o->broker), randombytes_random(), &v);
        pthread_mutex_unlock(&o->lock);
        if (!is_ours)
                return;
        if (v.is_over)
                end_batch(o, id, &v, what == DELIVERY_ACCEPTED, detail);
        if (v.is_change)
                log_health(o, v.channel, v.is_down, detail);
        free(v.more);
}

void outbox_take_line(struct outbox *o, struct span line)
{
        json_t *root = json_loadb((const char *)line.p, line.n, 0, NULL);
        if (root)
                take_result(o, root);
        json_decref(root);
}

/* Several statements at once: signed under one head, sent over a few connections side by side, found in the log by
 * one sync. The broker makes those that come together durable together. */
#include "base/clock.h"
#include "client/inside.h"
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#define LANES_MAX 8u

struct sending {
        struct say_item *item;
        struct outgoing outgoing;
        struct bytes answer;
};

struct sendings {
        struct sending *each;
        size_t n;
        atomic_size_t next;
};

struct lane {
        struct sendings *all;
        struct http *http;
        pthread_t thread;
};

static void keep_error(struct say_item *item, enum err e)
{
        item->error = e;
        free(item->why);
        item->why = e == OK ? NULL : mem_text(err_reason());
}

/* ---- sending ---- */

static enum err post(struct http *http, struct sending *s)
{
        CLEANUP_HTTP_ANSWER struct http_answer answer = HTTP_ANSWER_NONE;
        const struct span body = bytes_span(&s->outgoing.body);
        enum err e = http_call(http, "/v1/statements", &body, BULK_MS, &answer);

        if (e != OK)
                return e;
        if (answer.status != 200)
                return http_refusal(&answer);
        s->answer = answer.body;
        answer.body = BYTES_NONE;
        return OK;
}

static void *run_lane(void *context)
{
        struct lane *lane = context;
        size_t i;

        while ((i = atomic_fetch_add(&lane->all->next, 1)) < lane->all->n) {
                err_forget();
                keep_error(lane->all->each[i].item, post(lane->http, &lane->all->each[i]));
        }
        return NULL;
}

static void open_lanes(struct client *c, size_t n)
{
        if (c->n_lanes < n)
                c->lanes = mem_grow(c->lanes, n, sizeof(struct http *));
        while (c->n_lanes < n)
                c->lanes[c->n_lanes++] = http_twin(c->http);
        for (size_t i = 0; i < n; i++)
                http_follow(c->lanes[i], c->http);
}

static void send_all(struct client *c, struct sendings *all)
{
        struct lane lanes[LANES_MAX];
        size_t n = all->n < LANES_MAX ? all->n : LANES_MAX, started = 1;

        open_lanes(c, n);
        for (size_t i = 0; i < n; i++)
                lanes[i] = (struct lane){.all = all, .http = c->lanes[i]};
        for (; started < n; started++)
                if (pthread_create(&lanes[started].thread, NULL, run_lane, &lanes[started]) != 0)
                        break; /* the others take its share */
        run_lane(&lanes[0]);
        for (size_t i = 1; i < started; i++)
                pthread_join(lanes[i].thread, NULL);
}

/* ---- what came of it ---- */

/* A lie, a fork or a disk that fails concern more than this statement. */
static bool is_own_matter(enum err e)
{
        return e == OK || err_is_public(e) || e == ERR_STATE_UNKNOWN || e == ERR_UNREACHABLE;
}

static enum err follow(struct client *c, struct sending *s)
{
        enum err e = s->item->error;

        if (e == ERR_FORK)
                return client_alarm_fork(c);
        if (e == OK) {
                e = client_follow_receipt(c, &s->outgoing.id, bytes_span(&s->answer), NULL);
                keep_error(s->item, e);
        }
        return is_own_matter(e) ? OK : err_because(e, "%s", s->item->why);
}

static enum err compose(struct client *c, struct sendings *all)
{
        enum err e = OK;

        for (size_t i = 0; i < all->n && e == OK; i++) {
                struct say_item *item = all->each[i].item;

                e = client_compose(c, &item->s, item->blobs, item->n_blobs, &all->each[i].outgoing);
        }
        return e;
}

enum err client_say_many(struct client *c, struct say_item items[], size_t n)
{
        struct sendings all = {.each = mem_new(n ? n : 1, sizeof(struct sending)), .n = n};
        enum err e, worst = OK;

        for (size_t i = 0; i < n; i++) {
                items[i].error = ERR_UNREACHABLE;
                all.each[i].item = &items[i];
        }
        worst = n > 0 ? compose(c, &all) : OK;
        if (worst == OK && n > 0)
                send_all(c, &all);
        for (size_t i = 0; i < n && worst == OK; i++)
                if ((e = follow(c, &all.each[i])) != OK)
                        worst = e;
        for (size_t i = 0; i < n; i++) {
                outgoing_done(&all.each[i].outgoing);
                bytes_done(&all.each[i].answer);
        }
        free(all.each);
        return worst;
}

#include "broker/waiters.h"
#include <pthread.h>
#include <string.h>

struct waiter {
        struct waiter *next;
        struct call *call;
        uint64_t after;
        int64_t until_ms;
};

struct waiters {
        pthread_mutex_t lock;
        struct waiter *first;
        bool is_closed;
};

struct waiters *waiters_new(void)
{
        struct waiters *w = mem_new(1, sizeof *w);
        pthread_mutex_init(&w->lock, NULL);
        return w;
}

void waiters_free(struct waiters *w)
{
        if (!w)
                return;
        waiters_close(w);
        pthread_mutex_destroy(&w->lock);
        free(w);
}

bool waiters_add(struct waiters *w, struct call *c, uint64_t after, int64_t until_ms, int64_t max)
{
        int64_t n = 0;
        pthread_mutex_lock(&w->lock);
        for (const struct waiter *i = w->first; i; i = i->next)
                n += !strcmp(i->call->session.name, c->session.name);
        bool may_wait = n < max && !w->is_closed;
        if (may_wait) {
                struct waiter *fresh = mem_new(1, sizeof *fresh);
                *fresh = (struct waiter){w->first, c, after, until_ms};
                w->first = fresh;
        }
        pthread_mutex_unlock(&w->lock);
        return may_wait;
}

/* Woken calls may be gone at once: they leave the list first. */
static void wake(struct waiters *w, uint64_t size, int64_t now_ms)
{
        struct waiter *woken = NULL;
        pthread_mutex_lock(&w->lock);
        for (struct waiter **i = &w->first; *i;) {
                struct waiter *one = *i;
                if (size <= one->after && now_ms < one->until_ms) {
                        i = &one->next;
                        continue;
                }
                *i = one->next;
                one->next = woken;
                woken = one;
        }
        pthread_mutex_unlock(&w->lock);
        while (woken) {
                struct waiter *next = woken->next;
                call_wake(woken->call);
                free(woken);
                woken = next;
        }
}

void waiters_grown(struct waiters *w, uint64_t size)
{
        wake(w, size, INT64_MIN);
}

void waiters_expire(struct waiters *w, int64_t now_ms)
{
        wake(w, 0, now_ms);
}

void waiters_close(struct waiters *w)
{
        pthread_mutex_lock(&w->lock);
        w->is_closed = true;
        pthread_mutex_unlock(&w->lock);
        wake(w, 0, INT64_MAX);
}

unsigned waiters_count(struct waiters *w)
{
        unsigned n = 0;
        pthread_mutex_lock(&w->lock);
        for (const struct waiter *i = w->first; i; i = i->next)
                n++;
        pthread_mutex_unlock(&w->lock);
        return n;
}

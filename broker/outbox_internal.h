/* What the files of the outbox share. Everything but the flags belongs to its thread; `lock` lets others look at the
 * queue. */
#pragma once
#include "broker/outbox.h"

struct outbox {
        struct broker *broker;
        pthread_t thread;
        int wake_fd;
        atomic_bool is_ending, is_reloaded;

        pthread_mutex_t lock;
        struct page_queue *queue;
        int64_t last_read; /* pages up to this one are in the queue, or over */

        int fd; /* to the courier; -1 when there is none */
        pid_t pid;
        int64_t started_ms, start_again_ms;
        struct bytes unsent, in;
};

/* outbox_pages.c */
void outbox_configure(struct outbox *o); /* the channels may be others now: what waits is tried at once */
void outbox_read_new(struct outbox *o);
/* Tells the courier what may go out now; returns when there may be more (monotonic; INT64_MAX: nobody knows). */
int64_t outbox_send(struct outbox *o);

/* outbox_notices.c: one line of the courier's, as notices in the log. */
void outbox_take_line(struct outbox *o, struct span line);
/* The end of a batch without an attempt. */
void outbox_fail(struct outbox *o, int64_t page, const struct page_verdict *v, const char *why);

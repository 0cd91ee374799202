/* The broker's side of the pages: keeps in mind every page of the store that is not delivered, tells the courier (a
 * process of its own, started again when it dies) which to try when, and writes what became of it into the log. A
 * page stays in the store until its outcome is logged. */
#pragma once
#include "broker/broker.h"
#include "broker/page_queue.h"

struct outbox;
struct outbox *outbox_start(struct broker *b);
void outbox_kick(struct outbox *o);   /* there are new pages */
void outbox_reload(struct outbox *o); /* the channels may have changed: what waits is tried again at once */
/* Lets deliveries at work finish (a few seconds), logs what became of them, and ends the courier. */
void outbox_stop(struct outbox *o);
void outbox_free(struct outbox *o); /* when nobody can kick it any more */
/* Calls each for every channel that has had a page since the start. */
void outbox_each_channel(struct outbox *o, void (*each)(void *context, const struct page_channel *ch), void *context);

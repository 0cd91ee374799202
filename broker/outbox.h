/* The broker's side of the pages: hands every page of the store to the courier (a process of its own, started again
 * when it dies), and writes what became of it into the log. A page stays in the store until its outcome is logged. */
#pragma once
#include "broker/broker.h"

struct outbox;
struct outbox *outbox_start(struct broker *b);
void outbox_kick(struct outbox *o);   /* there are new pages */
void outbox_reload(struct outbox *o); /* the channels may have changed */
/* Lets deliveries at work finish (a few seconds), logs what became of them, and ends the courier. */
void outbox_stop(struct outbox *o);
void outbox_free(struct outbox *o); /* when nobody can kick it any more */
/* Channels whose deliveries keep failing. */
unsigned outbox_down(struct outbox *o);

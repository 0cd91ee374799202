/* The only owner of `struct client` while screens are up: performs jobs one after the other and follows the log in
 * between, all through client/act.h, so that the keys never wait for the network. */
#pragma once
#include "tui/cli.h"
#include "tui/effect.h"

struct work;

/* cli: opened, perhaps unlocked; it is the worker's until work_free(). */
struct work *work_new(struct cli *cli);
/* Ends the thread and wipes what was under review. */
void work_free(struct work *w);

/* Performs one job here and now. Without the thread only. */
void work_perform(struct work *w, const struct effect *job, struct result *ret);
/* Brings the log up to date (waiting up to wait_s for news) and makes a picture of it; NULL in ret when nothing is
 * new. Without the thread only. */
void work_follow(struct work *w, unsigned wait_s, bool always, struct result *ret);

/* Starts the thread. A byte is written to wake_fd for each result. */
void work_start(struct work *w, int wake_fd);
/* Queues a job (its texts are copied). me: for EFFECT_UNLOCK, moved. */
void work_post(struct work *w, const struct effect *job, struct identity *me);
/* The next result, if there is one; to be freed by result_done(). */
bool work_take(struct work *w, struct result *ret);

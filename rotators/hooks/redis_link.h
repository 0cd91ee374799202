/* One connection to a Redis server within a time limit, over hiredis, and what its answers mean.
 *
 * hiredis keeps copies of what it sends in ordinary memory that it frees: a hook's libraries are exempt from the rule
 * of locked memory, by name. What a server says is never repeated but for its code word (WRONGPASS, NOPERM, …). */
#pragma once
#include "base/bytes.h"
#include "rotators/hooks/hook.h"
#include <hiredis/hiredis.h>

struct redis_target {
        const char *socket; /* or NULL */
        const char *host;
        int port;
        int64_t timeout_ms; /* for the connection, and for each answer */
};

struct redis_link {
        redisContext *conn;
        char word[24]; /* of the server's last refusal, "" when it said none */
};

#define CLEANUP_REDIS_LINK __attribute__((cleanup(redis_link_done)))

/* false when the server cannot be reached. */
MUST_CHECK bool redis_link_open(const struct redis_target *t, struct redis_link *ret);
void redis_link_done(struct redis_link *l);

enum redis_answer {
        REDIS_LOST = 0, /* no answer: it may have been done */
        REDIS_DONE,
        REDIS_NO, /* the server refused, with l->word */
};

/* Runs one command of n words. ret (or NULL) gets the reply, to be freed with freeReplyObject(). */
MUST_CHECK enum redis_answer redis_ask(struct redis_link *l, int n, const char *const words[], redisReply **ret);
/* "not reachable", "NOPERM: the admin user lacks the right", … */
const char *redis_link_meaning(const struct redis_link *l);
/* Whether the refusal will pass by itself (LOADING, BUSY, …). */
bool redis_link_will_pass(const struct redis_link *l);

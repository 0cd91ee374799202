/* One connection to a Redis server within a time limit, and what its answers mean.
 *
 * hiredis connects, writes commands and reads replies; what goes over the network goes through here, in TLS or in the
 * clear, and is wiped when it is sent. What a server says is never repeated but for its code word (WRONGPASS, NOPERM,
 * …).
 */
#pragma once
#include "base/bytes.h"
#include "rotators/hooks/hook.h"
#include "rotators/hooks/tls.h"
#include <hiredis/hiredis.h>

struct redis_target {
        const char *socket; /* or NULL */
        const char *host;
        int port;
        bool uses_tls;
        const char *ca_file; /* or NULL: the system's authorities */
        int64_t timeout_ms;  /* for the connection, and for each answer */
};

struct redis_link {
        redisContext *conn;
        bool uses_tls;
        struct tls tls;
        char word[24]; /* of the server's last refusal, "" when it said none */
};

#define CLEANUP_REDIS_LINK __attribute__((cleanup(redis_link_done)))

/* TLS_AWAY also where the server cannot be reached at all. */
MUST_CHECK enum tls_outcome redis_link_open(const struct redis_target *t, struct redis_link *ret);
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

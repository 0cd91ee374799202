/* A very small HTTP server on a unix socket for tests: a thread that answers what a function says, byte for byte. */
#pragma once
#include "base/bytes.h"
#include <pthread.h>

struct peer_request {
        char method[8];
        char target[256];
        char authorization[256]; /* "" when there is none */
        struct span body;
};

enum peer_verdict {
        PEER_ANSWER,  /* ret_raw is the whole answer with its head */
        PEER_HANG_UP, /* close without a byte */
        PEER_ENDLESS, /* ret_raw, then zeros until the other side has enough */
};

typedef enum peer_verdict (*peer_function)(void *context, const struct peer_request *q, struct bytes *ret_raw);

struct peer {
        char folder[64];
        char address[128]; /* "unix:PATH" */
        int listen_fd, stop_fd[2];
        pthread_t thread;
        peer_function answer;
        void *context;
        unsigned connections, requests;
};

void peer_start(struct peer *p, peer_function answer, void *context);
void peer_stop(struct peer *p);
/* A whole answer with Content-Length. */
void peer_say(struct bytes *ret_raw, int status, const char *type, struct span body);

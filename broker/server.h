/* HTTP for the API and the admin listener: libmicrohttpd with our own bounds around it. A call is read whole (up to
 * its cap), handed to its route, and answered by one write. Every connection has an absolute deadline at every moment
 * except while we are at work for it.
 */
#pragma once
#include "broker/broker.h"

struct MHD_Connection;
struct MHD_Response;
struct peer;
struct call;

struct route {
        const char *method, *path;
        bool is_prefix;    /* the rest of the path is the call's tail */
        bool is_signed_in; /* refused without a session */
        size_t body_max;   /* 0: the configuration's */
        void (*handle)(struct call *c);
};

struct call {
        struct broker *broker;
        const struct route *route;
        char *tail;
        struct bytes body;
        struct session session; /* of a signed-in route */
        void *state;            /* the route's own, across a suspension */
        void (*state_free)(void *state);

        /* the server's */
        struct server *server;
        struct peer *peer;
        struct MHD_Connection *connection;
        struct MHD_Response *response;
        unsigned status;
        bool has_begun, is_suspended;
        void (*resume)(struct call *c);
};

const char *call_query(const struct call *c, const char *key);   /* NULL */
const char *call_header(const struct call *c, const char *name); /* NULL */
/* Who is at the other end, for limits: "uid:1000", "ip:192.0.2.1". */
const char *call_peer(const struct call *c);

/* Exactly one of these for each call. The body's bytes are taken over. */
void call_answer(struct call *c, unsigned status, const char *content_type, struct bytes *body);
void call_refuse(struct call *c, enum err e, int64_t retry_after_ms);
/* Lets go of the thread until call_wake(), from any thread; then resume() answers. Suspend first, then let others
 * know of the call. */
void call_suspend(struct call *c, void (*resume)(struct call *c));
void call_wake(struct call *c);

struct listener {
        const char *unix_path; /* or NULL */
        unsigned unix_mode;
        const char *address;            /* "ADDR:PORT" */
        const char *tls_key, *tls_cert; /* PEM; NULL without TLS */
        const struct route *routes;
        size_t n_routes;
        unsigned threads;
};
/* Listens and serves. ret_address: what it really listens on, in new memory. Errors: ERR_CONFIG, ERR_IO. */
MUST_CHECK enum err server_start(struct broker *b, const struct listener *l, struct server **ret, char **ret_address);
/* Ends connections that are past their deadline. */
void server_sweep(struct server *s, int64_t now_ms);
unsigned server_connections(struct server *s);
/* Refuses connections from now on. */
void server_quiesce(struct server *s);
/* Waits (at most so long) until no call is at work, then ends. Suspended calls must have been woken. */
void server_stop(struct server *s, int64_t wait_ms);

/* Who is connected: one entry for each connection, with its absolute deadline. */
#pragma once
#include "broker/server.h"
#include <sys/socket.h>

struct peers;

struct peer {
        struct peer *next, **back; /* in the list */
        int fd;
        int64_t deadline_ms; /* monotonic; INT64_MAX: none */
        size_t reserved;     /* bytes of a large body on its way */
        char who[64];
};

struct peers *peers_new(void);
void peers_free(struct peers *p);
/* Notes a connection; when this caller has more than max of them, the new one is shut down at once. */
struct peer *peers_add(struct peers *p, int fd, const struct sockaddr *address, int64_t deadline_ms, unsigned max);
void peers_remove(struct peers *p, struct peer *peer);
void peers_set_deadline(struct peers *p, struct peer *peer, int64_t deadline_ms);
/* Room for a large body, before anything of it is read: false when this caller, or everybody together, has too much
 * on its way already. Given back with 0. */
#define PEERS_ROOM_EACH (16u * 1024u * 1024u)
#define PEERS_ROOM      (64u * 1024u * 1024u)
bool peers_reserve(struct peers *p, struct peer *peer, size_t bytes);
/* Shuts down those past their deadline. */
void peers_sweep(struct peers *p, int64_t now_ms);
unsigned peers_count(struct peers *p);

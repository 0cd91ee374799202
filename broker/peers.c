#include "broker/peers.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>

struct peers {
        pthread_mutex_t lock;
        struct peer *first;
        unsigned n;
};

struct peers *peers_new(void)
{
        struct peers *p = mem_new(1, sizeof *p);
        pthread_mutex_init(&p->lock, NULL);
        return p;
}

void peers_free(struct peers *p)
{
        if (!p)
                return;
        while (p->first)
                peers_remove(p, p->first);
        pthread_mutex_destroy(&p->lock);
        free(p);
}

static void name_peer(struct peer *peer, const struct sockaddr *address)
{
        char text[INET6_ADDRSTRLEN] = "";
        struct ucred caller;
        socklen_t n = sizeof caller;
        if (address && address->sa_family == AF_INET) {
                const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
                inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
        } else if (address && address->sa_family == AF_INET6) {
                const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
                inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
        }
        if (*text)
                snprintf(peer->who, sizeof peer->who, "ip:%s", text);
        else if (getsockopt(peer->fd, SOL_SOCKET, SO_PEERCRED, &caller, &n) == 0)
                snprintf(peer->who, sizeof peer->who, "uid:%u", (unsigned)caller.uid);
        else
                snprintf(peer->who, sizeof peer->who, "unknown");
}

static unsigned count_of(const struct peers *p, const char *who)
{
        unsigned n = 0;
        for (const struct peer *i = p->first; i; i = i->next)
                n += !strcmp(i->who, who);
        return n;
}

struct peer *peers_add(struct peers *p, int fd, const struct sockaddr *address, int64_t deadline_ms, unsigned max)
{
        struct peer *peer = mem_new(1, sizeof *peer);
        peer->fd = fd;
        peer->deadline_ms = deadline_ms;
        name_peer(peer, address);
        pthread_mutex_lock(&p->lock);
        bool is_one_too_many = count_of(p, peer->who) >= max;
        peer->next = p->first;
        peer->back = &p->first;
        if (p->first)
                p->first->back = &peer->next;
        p->first = peer;
        p->n++;
        pthread_mutex_unlock(&p->lock);
        if (is_one_too_many)
                shutdown(fd, SHUT_RDWR);
        return peer;
}

void peers_remove(struct peers *p, struct peer *peer)
{
        pthread_mutex_lock(&p->lock);
        *peer->back = peer->next;
        if (peer->next)
                peer->next->back = peer->back;
        p->n--;
        pthread_mutex_unlock(&p->lock);
        free(peer);
}

void peers_set_deadline(struct peers *p, struct peer *peer, int64_t deadline_ms)
{
        pthread_mutex_lock(&p->lock);
        peer->deadline_ms = deadline_ms;
        pthread_mutex_unlock(&p->lock);
}

bool peers_reserve(struct peers *p, struct peer *peer, size_t bytes)
{
        size_t each = bytes, all = bytes;
        pthread_mutex_lock(&p->lock);
        peer->reserved = 0;
        for (const struct peer *i = p->first; i && bytes; i = i->next) {
                all += i->reserved;
                each += strcmp(i->who, peer->who) ? 0 : i->reserved;
        }
        bool has_room = each <= PEERS_ROOM_EACH && all <= PEERS_ROOM;
        if (has_room)
                peer->reserved = bytes;
        pthread_mutex_unlock(&p->lock);
        return has_room;
}

void peers_sweep(struct peers *p, int64_t now_ms)
{
        pthread_mutex_lock(&p->lock);
        for (struct peer *i = p->first; i; i = i->next)
                if (i->deadline_ms <= now_ms) {
                        shutdown(i->fd, SHUT_RDWR); /* the server notices, closes, and removes it here */
                        i->deadline_ms = INT64_MAX;
                }
        pthread_mutex_unlock(&p->lock);
}

unsigned peers_count(struct peers *p)
{
        pthread_mutex_lock(&p->lock);
        unsigned n = p->n;
        pthread_mutex_unlock(&p->lock);
        return n;
}

/* Where one event goes and whom it addresses there: the roster's `notify` (quorum/paging.h), met with the channels
 * that the configuration really has. What is routed to channels that are not there, or can't be routed because
 * `notify` fits no grammar, goes to every channel: rather too many pages than none.
 *
 * What follows up on a request goes, besides, to every channel that was told of it, and its end without an opening
 * to those alone; there it is *quiet*: no longer needed, wake nobody. */
#pragma once
#include "broker/config.h"
#include "broker/events.h"

struct page_route_end {
        const struct config_channel *channel;
        bool is_quiet;
};

struct page_route {
        size_t n;
        struct page_route_end to[CHANNELS_MAX];
        struct name_list people; /* whom the event addresses, in the order of the roster's lists */
};
#define CLEANUP_PAGE_ROUTE __attribute__((cleanup(page_route_done)))
void page_route_done(struct page_route *r);

/* Which channels have been paged about the event's request. */
struct page_route_memory {
        bool (*is_told)(void *context, const char *channel);
        void *context;
};
void page_route_of(const struct event *e, const struct ledger *l, const struct config *c,
                   const struct page_route_memory *m, struct page_route *ret);

/* Whom an event of this kind is for, whatever the routes say: those who can answer, or whose affair it is. */
void audience_of(const struct event *e, const struct ledger *l, struct name_list *ret);

/* Says in the log what of `notify` this broker can't go by. */
void page_route_warn(const struct roster *r, const struct config *c);

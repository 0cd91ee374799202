#include "broker/book_internal.h"
#include "broker/page_route.h"

/* "told/REQUEST-ID/CHANNEL": this channel was given a page about that request. */
#define TOLD_KEY (sizeof "told/" + HASH_HEX + 1 + 64)

struct telling {
        struct book *book;
        const struct event *event;
};

static void told_key(const struct request_view *r, const char *channel, char ret[TOLD_KEY])
{
        char id[HASH_HEX + 1];
        hash_to_hex(&r->id, id);
        snprintf(ret, TOLD_KEY, "told/%s/%s", id, channel);
}

static bool is_told(void *context, const char *channel)
{
        const struct telling *t = context;
        char key[TOLD_KEY];
        bool is = false;
        told_key(t->event->request, channel, key);
        return book_kept(t->book, store_knows(t->book->setup.store, key, &is)) && is;
}

static void put(struct book *b, const struct event *e, const struct config_channel *ch, struct span json)
{
        char key[TOLD_KEY];
        bool is_new;
        if (!book_begin(b) || !book_kept(b, store_put_page(b->setup.store, ch->name, e->is_urgent, json)))
                return;
        b->has_paged = true;
        if (!e->request)
                return;
        told_key(e->request, ch->name, key);
        book_kept(b, store_remember(b->setup.store, key, e->at_ms, STORE_ONCE, &is_new));
}

void book_page(struct book *b, const struct event *e)
{
        CLEANUP_BYTES struct bytes loud = BYTES_NONE, quiet = BYTES_NONE;
        CLEANUP_PAGE_ROUTE struct page_route r;
        struct telling telling = {b, e};
        const struct page_route_memory memory = {is_told, &telling};
        if (!b->config->n_channels || b->is_fatal)
                return;
        page_route_of(e, b->ledger, b->config, &memory, &r);
        for (size_t i = 0; i < r.n && !b->is_fatal; i++) {
                struct bytes *text = r.to[i].is_quiet ? &quiet : &loud;
                if (!text->n)
                        event_write(e, b->ledger, &r.people, r.to[i].is_quiet, text);
                put(b, e, r.to[i].channel, bytes_span(text));
        }
}

void told_forget(struct book *b, int64_t before_ms)
{
        if (book_begin(b))
                book_kept(b, store_forget(b->setup.store, "told/", before_ms));
}

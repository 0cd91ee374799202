/* A message with secrets in it, put together in locked memory. The first error sticks; what is added after it is
 * ignored. */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

struct draft {
        struct secret room;
        size_t n;       /* bytes in use, with a NUL behind them once anything was added */
        enum err error; /* ERR_MEMORY; ERR_RANGE: bytes that are no UTF-8 where JSON wants it */
};

#define CLEANUP_DRAFT __attribute__((cleanup(draft_done)))

void draft_done(struct draft *d);
void draft_add(struct draft *d, struct span s);
void draft_add_text(struct draft *d, const char *text);
void draft_add_json(struct draft *d, struct span utf8); /* a JSON string with its quotes */
void draft_add_url(struct draft *d, struct span s);     /* all but RFC 3986's unreserved characters as %XX */
void draft_add_base64(struct draft *d, struct span s);
static inline struct span draft_span(const struct draft *d)
{
        return span_of(d->room.bytes, d->n);
}
static inline const char *draft_text(const struct draft *d) /* "" when empty */
{
        return d->n ? (const char *)d->room.bytes : "";
}

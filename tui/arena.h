/* Many small pieces of memory that end together. */
#pragma once
#include "base/bytes.h"

struct arena {
        struct arena_block *newest;
};

void *arena_new(struct arena *a, size_t count, size_t size); /* zeroed; never NULL */
const char *arena_text(struct arena *a, const char *text);   /* a copy; NULL stays NULL */
void arena_done(struct arena *a);

#include "tui/arena.h"
#include <stddef.h>
#include <string.h>

#define BLOCK_BYTES 65536u

struct arena_block {
        struct arena_block *before;
        size_t used, size;
        max_align_t room[];
};

static struct arena_block *new_block(struct arena *a, size_t n)
{
        size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        struct arena_block *b = mem_new(1, sizeof(*b) + size);

        b->before = a->newest;
        b->size = size;
        a->newest = b;
        return b;
}

void *arena_new(struct arena *a, size_t count, size_t size)
{
        size_t n;

        if (__builtin_mul_overflow(count, size, &n))
                abort();
        n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
        struct arena_block *b = a->newest && a->newest->size - a->newest->used >= n ? a->newest : new_block(a, n);
        void *p = (char *)b->room + b->used;

        b->used += n;
        return p;
}

const char *arena_text(struct arena *a, const char *text)
{
        if (!text)
                return NULL;
        size_t n = strlen(text) + 1;

        return memcpy(arena_new(a, n, 1), text, n);
}

void arena_done(struct arena *a)
{
        while (a->newest) {
                struct arena_block *before = a->newest->before;

                free(a->newest);
                a->newest = before;
        }
}

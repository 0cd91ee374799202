#include "base/wipe.h"
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void wipe_free(void *p)
{
        if (p)
                sodium_memzero(p, malloc_usable_size(p));
        free(p);
}

/* Never in place: what is left behind is wiped. */
void *wipe_realloc(void *p, size_t n)
{
        size_t had = p ? malloc_usable_size(p) : 0;
        void *moved = malloc(n);
        if (moved && p)
                memcpy(moved, p, had < n ? had : n);
        if (moved)
                wipe_free(p);
        return moved;
}

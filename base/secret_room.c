/* A fresh piece costs several system calls, as much as two multiplications on the curve, and secrets come and go in
 * crowds. So a few emptied pieces of one common size wait, wiped and inaccessible, for the next small secret. */
#include "base/secret_room.h"
#include "base/attr.h"
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ROOM_BYTES  2048u /* header included: 63 scalars, more than the largest split */
#define WAITING_MAX 8u

struct header {
        unsigned char *base; /* as sodium_malloc() gave it */
        size_t size;
        uint64_t mark; /* base ^ the process's own random number */
};

static _Atomic(unsigned char *) waiting[WAITING_MAX];
static uint64_t process_mark;
static pthread_once_t mark_once = PTHREAD_ONCE_INIT;

static void make_mark(void)
{
        randombytes_buf(&process_mark, sizeof(process_mark));
}

/* sodium_malloc hides whether its lock held; locking again is harmless and says so. */
static unsigned char *new_room(size_t size)
{
        unsigned char *base = sodium_malloc(size);

        if (base && mlock(base, size) != 0) {
                sodium_free(base);
                return NULL;
        }
        return base;
}

static unsigned char *waiting_room(void)
{
        for (unsigned i = 0; i < WAITING_MAX; i++) {
                unsigned char *base = atomic_exchange(&waiting[i], NULL);

                if (!base)
                        continue;
                if (sodium_mprotect_readwrite(base) == 0)
                        return base;
                sodium_free(base);
        }
        return NULL;
}

/* The secret ends where the room ends: behind it nothing may be touched. */
static unsigned char *settle(unsigned char *base, size_t size, size_t len)
{
        struct header h = {base, size, (uint64_t)(uintptr_t)base ^ process_mark};
        unsigned char *secret = base + size - len;

        memset(secret, 0, len);
        memcpy(secret - sizeof(h), &h, sizeof(h));
        return secret;
}

unsigned char *secret_room_take(size_t len)
{
        bool is_small = len <= ROOM_BYTES - sizeof(struct header);
        size_t size = is_small ? ROOM_BYTES : len + sizeof(struct header);
        unsigned char *base = is_small ? waiting_room() : NULL;

        if (size < len || pthread_once(&mark_once, make_mark) != 0)
                return NULL;
        if (!base)
                base = new_room(size);
        return base ? settle(base, size, len) : NULL;
}

static bool wait_empty(unsigned char *base)
{
        sodium_memzero(base, ROOM_BYTES);
        if (sodium_mprotect_noaccess(base) != 0)
                return false;
        for (unsigned i = 0; i < WAITING_MAX; i++) {
                unsigned char *none = NULL;

                if (atomic_compare_exchange_strong(&waiting[i], &none, base))
                        return true;
        }
        return false;
}

void secret_room_give(unsigned char *secret)
{
        struct header h;

        if (!secret)
                return;
        memcpy(&h, secret - sizeof(h), sizeof(h));
        if (h.mark != ((uint64_t)(uintptr_t)h.base ^ process_mark))
                abort(); /* written before its beginning, or never taken from here */
        if (h.size != ROOM_BYTES || !wait_empty(h.base))
                sodium_free(h.base); /* zeroes, too */
}

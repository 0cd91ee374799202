/* Looks for planted bytes in all writable memory of this process. The needle is kept XORed, so that the search does
 * not find itself. */
#pragma once
#include "base/attr.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define SCAN_MASK 0x5A

static UNUSED size_t scan_chunk(const unsigned char *p, size_t n, const unsigned char *masked, size_t len)
{
        size_t found = 0;

        for (size_t i = 0; i + len <= n; i++) {
                size_t k = 0;

                while (k < len && p[i + k] == (masked[k] ^ SCAN_MASK))
                        k++;
                found += k == len;
        }
        return found;
}

#define SCAN_ROOM  (1ul << 20)
#define SCAN_GUARD 65536ul

/* Between guards, so that the kernel doesn't join it with a mapping that is to be searched. */
static UNUSED unsigned char *scan_room(void)
{
        char *p = mmap(NULL, SCAN_ROOM + 2 * SCAN_GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        cr_assert(p != MAP_FAILED && mprotect(p + SCAN_GUARD, SCAN_ROOM, PROT_READ | PROT_WRITE) == 0);
        return (unsigned char *)p + SCAN_GUARD;
}

/* How often the needle stands in memory. */
static UNUSED size_t scan_memory(const unsigned char *masked, size_t len)
{
        unsigned char *chunk = scan_room();
        CLEANUP_FD int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
        CLEANUP_STDIO FILE *maps = fopen("/proc/self/maps", "re");
        unsigned long from, to;
        char line[512], rights[5];
        size_t found = 0;

        cr_assert(mem >= 0 && maps);
        while (fgets(line, sizeof(line), maps)) {
                if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3 || rights[1] != 'w')
                        continue;
                if (from == (unsigned long)chunk)
                        continue;
                for (; from < to; from += SCAN_ROOM - len + 1) {
                        size_t want = to - from < SCAN_ROOM ? to - from : SCAN_ROOM;
                        ssize_t n = pread(mem, chunk, want, (off_t)from);

                        if (n > 0)
                                found += scan_chunk(chunk, (size_t)n, masked, len);
                        if (want < SCAN_ROOM)
                                break;
                }
        }
        munmap(chunk - SCAN_GUARD, SCAN_ROOM + 2 * SCAN_GUARD);
        return found;
}

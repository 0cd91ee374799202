/* Compiler attributes and scope cleanup, so that `return e;` is right anywhere. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define UNUSED            __attribute__((unused))

/* AddressSanitizer makes mlock do nothing, and its leak search needs a process that may be traced. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#ifndef HAS_ASAN
#define HAS_ASAN 0
#endif

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static inline void cleanup_fd_(int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

static inline void cleanup_free_(void *p)
{
        free(*(void **)p);
}

static inline void cleanup_stdio_(FILE **f)
{
        if (*f)
                fclose(*f);
}

#define CLEANUP_FD    __attribute__((cleanup(cleanup_fd_)))
#define CLEANUP_FREE  __attribute__((cleanup(cleanup_free_)))
#define CLEANUP_STDIO __attribute__((cleanup(cleanup_stdio_)))

#include "base/secret.h"
#include "base/bytes.h"
#include "scan.h"
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct feed {
        int fd;
        const unsigned char *p;
        size_t n;
};

static void *feeder(void *context)
{
        struct feed *f = context;

        for (size_t i = 0; i < f->n;) {
                ssize_t n = write(f->fd, f->p + i, f->n - i);

                if (n <= 0)
                        break;
                i += (size_t)n;
        }
        close(f->fd);
        return NULL;
}

/* Reads the bytes through a pipe; a reader that gives up early must not block the feeder. */
static enum err read_through_pipe(const void *p, size_t n, size_t max, struct secret *ret)
{
        int ends[2];
        pthread_t t;

        signal(SIGPIPE, SIG_IGN);
        cr_assert_eq(pipe(ends), 0);
        struct feed f = {ends[1], p, n};
        cr_assert_eq(pthread_create(&t, NULL, feeder, &f), 0);
        enum err e = secret_read_fd(ends[0], max, ret);
        close(ends[0]);
        pthread_join(t, NULL);
        return e;
}

static enum err read_line_of(const char *text, size_t max, struct secret *ret, struct secret *ret_second)
{
        int ends[2];

        cr_assert_eq(pipe(ends), 0);
        cr_assert_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
        close(ends[1]);
        enum err e = secret_read_line(ends[0], max, ret);
        if (e == OK && ret_second)
                e = secret_read_line(ends[0], max, ret_second);
        close(ends[0]);
        return e;
}

Test(secret, new_memory_is_zero)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;

        cr_assert_eq(secret_new(100, &s), OK);
        cr_assert_eq(s.len, 100);
        for (size_t i = 0; i < s.len; i++)
                cr_assert_eq(s.bytes[i], 0);
}

/* The kernel's own account, so that a lock that silently failed would show. */
static long locked_kib(void)
{
        CLEANUP_STDIO FILE *f = fopen("/proc/self/status", "re");
        char line[256];
        long kib = -1;

        while (f && fgets(line, sizeof(line), f))
                if (sscanf(line, "VmLck: %ld", &kib) == 1)
                        break;
        return kib;
}

Test(secret, its_memory_is_locked_until_wiped)
{
        struct secret s = SECRET_NONE;
        long before = locked_kib();

        cr_assert_eq(secret_new(100000, &s), OK);
#if !HAS_ASAN
        cr_assert_geq(locked_kib(), before + 98);
#endif
        secret_wipe(&s);
        cr_assert_eq(locked_kib(), before);
        cr_assert_null(s.bytes);
        cr_assert_eq(s.len, 0);
        secret_wipe(&s); /* an empty one is fine */
}

#if !HAS_ASAN
Test(secret, no_secret_is_given_memory_that_cannot_be_locked)
{
        const struct rlimit none = {0, 0};
        CLEANUP_SECRET struct secret earlier = SECRET_NONE; /* libsodium starts while it may */
        struct secret s = SECRET_NONE;

        cr_assert_eq(secret_new(1, &earlier), OK);
        cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
        if (geteuid() == 0)
                cr_assert_eq(setuid(65534), 0); /* root may lock beyond its limit */
        cr_assert_eq(secret_new(32, &s), ERR_MEMORY);
        cr_assert_null(s.bytes);
}
#endif

Test(secret, a_byte_written_behind_it_ends_the_program, .signal = SIGSEGV)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;

        cr_assert_eq(secret_new(16, &s), OK);
        ((volatile unsigned char *)s.bytes)[16] = 1;
}

Test(secret, wiped_memory_is_gone, .signal = SIGSEGV)
{
        struct secret s = SECRET_NONE;

        cr_assert_eq(secret_new(16, &s), OK);
        volatile unsigned char *p = s.bytes;
        secret_wipe(&s);
        (void)p[0];
}

Test(secret, a_byte_written_before_it_ends_the_program_when_it_is_wiped, .signal = SIGABRT)
{
        struct secret s = SECRET_NONE;

        cr_assert_eq(secret_new(16, &s), OK);
        ((volatile unsigned char *)s.bytes)[-1] ^= 1;
        secret_wipe(&s);
}

Test(secret, memory_used_again_is_zero_and_guarded_as_before, .signal = SIGSEGV)
{
        struct secret s = SECRET_NONE;

        for (size_t len = 1; len < 3000; len += 7) {
                cr_assert_eq(secret_new(len, &s), OK);
                for (size_t i = 0; i < len; i++)
                        cr_assert_eq(s.bytes[i], 0);
                memset(s.bytes, 0xA5, len);
                s.len = 1; /* whoever shortens one must not leave its rest behind */
                secret_wipe(&s);
        }
        cr_assert_eq(secret_new(5, &s), OK);
        ((volatile unsigned char *)s.bytes)[5] = 1;
}

Test(secret, many_live_at_once_and_none_overlaps_another)
{
        struct secret s[40] = {0};

        for (unsigned round = 0; round < 3; round++) {
                for (unsigned i = 0; i < COUNT_OF(s); i++) {
                        cr_assert_eq(secret_new(100 + i, &s[i]), OK);
                        memset(s[i].bytes, (int)i, s[i].len);
                }
                for (unsigned i = 0; i < COUNT_OF(s); i++) {
                        for (size_t k = 0; k < s[i].len; k++)
                                cr_assert_eq(s[i].bytes[k], i);
                        secret_wipe(&s[i]);
                }
        }
}

Test(secret, resizing_keeps_the_content_and_zeroes_what_is_new)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;

        cr_assert_eq(secret_copy("abcd", 4, &s), OK);
        cr_assert_eq(secret_resize(&s, 6), OK);
        cr_assert_arr_eq(s.bytes, "abcd\0\0", 6);
        cr_assert_eq(secret_resize(&s, 2), OK);
        cr_assert_arr_eq(s.bytes, "ab", 2);
        cr_assert_eq(s.len, 2);
        cr_assert_eq(secret_resize(&s, 0), OK);
        cr_assert_null(s.bytes);
}

Test(secret, a_whole_pipe_is_read_whatever_its_length)
{
        const size_t lengths[] = {0, 1, 4095, 4096, 4097, 70000, 1048576};
        CLEANUP_FREE unsigned char *content = mem_new(1048576, 1);

        for (size_t i = 0; i < 1048576; i++)
                content[i] = (unsigned char)(i * 31 >> 3);
        for (size_t i = 0; i < COUNT_OF(lengths); i++) {
                CLEANUP_SECRET struct secret s = SECRET_NONE;

                cr_assert_eq(read_through_pipe(content, lengths[i], 1048576, &s), OK, "%zu", lengths[i]);
                cr_assert_eq(s.len, lengths[i]);
                cr_assert(s.len == 0 || memcmp(s.bytes, content, s.len) == 0);
                cr_assert_eq(s.bytes == NULL, s.len == 0);
        }
}

Test(secret, one_byte_too_many_is_refused)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;

        cr_assert_eq(read_through_pipe("12345678", 8, 8, &s), OK);
        secret_wipe(&s);
        cr_assert_eq(read_through_pipe("123456789", 9, 8, &s), ERR_TOO_LARGE);
        cr_assert_null(s.bytes);
}

Test(secret, an_unreadable_descriptor_is_an_io_error)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;

        cr_assert_eq(secret_read_fd(-1, 10, &s), ERR_IO);
        cr_assert_eq(secret_read_line(-1, 10, &s), ERR_IO);
}

Test(secret, a_line_ends_at_its_newline_and_leaves_the_next)
{
        CLEANUP_SECRET struct secret a = SECRET_NONE, b = SECRET_NONE;

        cr_assert_eq(read_line_of("first\nsecond", 100, &a, &b), OK);
        cr_assert(a.len == 5 && memcmp(a.bytes, "first", 5) == 0);
        cr_assert(b.len == 6 && memcmp(b.bytes, "second", 6) == 0);
}

Test(secret, a_line_may_be_empty_and_may_not_be_too_long)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;

        cr_assert_eq(read_line_of("\n", 4, &s, NULL), OK);
        cr_assert_null(s.bytes);
        cr_assert_eq(read_line_of("1234\n", 4, &s, NULL), OK);
        cr_assert_eq(s.len, 4);
        secret_wipe(&s);
        cr_assert_eq(read_line_of("12345\n", 4, &s, NULL), ERR_TOO_LARGE);
        cr_assert_null(s.bytes);
}

Test(secret, writing_hands_over_every_byte)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        char back[8];
        int ends[2];

        cr_assert_eq(pipe(ends), 0);
        cr_assert_eq(secret_copy("a\0b", 3, &s), OK);
        cr_assert_eq(secret_write_fd(&s, ends[1]), OK);
        cr_assert_eq(read(ends[0], back, sizeof(back)), 3);
        cr_assert_arr_eq(back, "a\0b", 3);
        cr_assert_eq(secret_write_fd(&SECRET_NONE, ends[1]), OK);
        cr_assert_eq(secret_write_fd(&s, -1), ERR_IO);
}

Test(secret, equality_is_of_length_and_content)
{
        CLEANUP_SECRET struct secret a = SECRET_NONE, b = SECRET_NONE;

        cr_assert(secret_equal(&a, &b));
        cr_assert_eq(secret_copy("abc", 3, &a), OK);
        cr_assert_not(secret_equal(&a, &b));
        cr_assert_eq(secret_copy("abd", 3, &b), OK);
        cr_assert_not(secret_equal(&a, &b));
        b.bytes[2] = 'c';
        cr_assert(secret_equal(&a, &b));
}

Test(secret, moving_leaves_nothing_behind)
{
        CLEANUP_SECRET struct secret a = SECRET_NONE, b = SECRET_NONE;

        cr_assert_eq(secret_copy("abc", 3, &a), OK);
        secret_move(&b, &a);
        cr_assert_null(a.bytes);
        cr_assert_eq(a.len, 0);
        cr_assert_arr_eq(b.bytes, "abc", 3);
}

#if !HAS_ASAN
static const unsigned char planted[] = {0x2A, 0x36, 0x3B, 0x34, 0x2E, 0x77, 0x29, 0x33, 0x39, 0x28, 0x3F, 0x2E};

/* Another process writes it 100 times among 20,000 other bytes, so that only what we read brings it here. */
static void write_planted(int fd)
{
        for (int i = 0; i < 100; i++) {
                unsigned char text[200] = {0};

                for (size_t k = 0; k < sizeof(planted); k++)
                        text[k] = planted[k] ^ SCAN_MASK;
                cr_assert_eq(write(fd, text, sizeof(text)), sizeof(text));
        }
}

Test(secret, what_is_read_is_in_locked_memory_only)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        int ends[2];

        cr_assert_eq(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
                write_planted(ends[1]);
                _exit(0);
        }
        close(ends[1]);
        cr_assert_eq(secret_read_fd(ends[0], 100000, &s), OK);
        waitpid(child, NULL, 0);
        cr_assert_eq(s.len, 20000);
        cr_assert_eq(scan_memory(planted, sizeof(planted)), 100); /* the earlier, smaller buffers are wiped */
        secret_wipe(&s);
        cr_assert_eq(scan_memory(planted, sizeof(planted)), 0);
}
#endif

#include "base/secret.h"
#include "base/file.h"
#include "base/secret_room.h"
#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define FIRST_ROOM 4096u

enum err secret_new(size_t len, struct secret *ret)
{
        assert(len > 0);
        if (sodium_init() < 0)
                return err_because(ERR_MEMORY, "libsodium could not start");
        unsigned char *p = secret_room_take(len);

        if (!p)
                return err_because(ERR_MEMORY, "%zu bytes could not be locked", len);
        *ret = (struct secret){p, len};
        return OK;
}

enum err secret_copy(const void *bytes, size_t len, struct secret *ret)
{
        struct secret copy = SECRET_NONE;
        enum err e;

        if (len > 0) {
                if ((e = secret_new(len, &copy)) != OK)
                        return e;
                memcpy(copy.bytes, bytes, len);
        }
        *ret = copy;
        return OK;
}

enum err secret_resize(struct secret *s, size_t len)
{
        struct secret bigger = SECRET_NONE;
        enum err e;

        if (len > 0) {
                if ((e = secret_new(len, &bigger)) != OK)
                        return e;
                if (s->len > 0)
                        memcpy(bigger.bytes, s->bytes, s->len < len ? s->len : len);
        }
        secret_wipe(s);
        *s = bigger;
        return OK;
}

/* Makes room behind the n bytes in use, doubling up to `most`. */
static enum err grow(struct secret *s, size_t n, size_t most)
{
        size_t room = s->len ? s->len : FIRST_ROOM / 2;

        if (n < s->len)
                return OK;
        room = room > most / 2 ? most : room * 2;
        return secret_resize(s, room);
}

/* One read() of at most n bytes over EINTR. *ret_n is 0 at the end. */
static enum err read_some(int fd, unsigned char *p, size_t n, size_t *ret_n)
{
        ssize_t got;

        do
                got = read(fd, p, n);
        while (got < 0 && errno == EINTR);
        if (got < 0)
                return err_because(ERR_IO, "read: %s", strerror(errno));
        *ret_n = (size_t)got;
        return OK;
}

/* Cuts the buffer to the n bytes in use and hands it over. */
static enum err hand_over(struct secret *s, size_t n, struct secret *ret)
{
        enum err e = n == s->len ? OK : secret_resize(s, n);

        if (e == OK)
                secret_move(ret, s);
        return e;
}

enum err secret_read_fd(int fd, size_t max, struct secret *ret)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        size_t n = 0, got;
        enum err e;

        assert(max > 0 && max < SIZE_MAX / 2);
        for (;; n += got) {
                if (n > max)
                        return err_because(ERR_TOO_LARGE, "more than %zu bytes", max);
                /* One byte more than allowed tells "just fits" from "too large". */
                if ((e = grow(&s, n, max + 1)) != OK)
                        return e;
                if ((e = read_some(fd, s.bytes + n, s.len - n, &got)) != OK)
                        return e;
                if (got == 0)
                        return hand_over(&s, n, ret);
        }
}

enum err secret_read_line(int fd, size_t max, struct secret *ret)
{
        CLEANUP_SECRET struct secret s = SECRET_NONE;
        size_t n = 0, got;
        enum err e;

        assert(max > 0 && max < SIZE_MAX / 2);
        for (;; n++) {
                if ((e = grow(&s, n, max + 1)) != OK)
                        return e;
                if ((e = read_some(fd, s.bytes + n, 1, &got)) != OK)
                        return e;
                if (got == 0 || s.bytes[n] == '\n')
                        return hand_over(&s, n, ret);
                if (n == max)
                        return err_because(ERR_TOO_LARGE, "a line of more than %zu bytes", max);
        }
}

enum err secret_write_fd(const struct secret *s, int fd)
{
        return fd_write_all(fd, s->bytes, s->len);
}

void secret_wipe(struct secret *s)
{
        secret_room_give(s->bytes);
        *s = SECRET_NONE;
}

void secret_move(struct secret *to, struct secret *from)
{
        *to = *from;
        *from = SECRET_NONE;
}

void secret_wipe_stack(void)
{
        sodium_stackzero(4096);
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
        return a->len == b->len && (a->len == 0 || sodium_memcmp(a->bytes, b->bytes, a->len) == 0);
}

__attribute__((weak)) void secret_declassify(const void *p, size_t n)
{
        (void)p, (void)n;
}

int secret_verdict(int verdict)
{
        secret_declassify(&verdict, sizeof verdict);
        return verdict;
}

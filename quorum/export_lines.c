#include "quorum/export_lines.h"
#include "quorum/envelope.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 65536u

void export_lines_done(struct export_lines *l)
{
        bytes_done(&l->buffer);
}

/* What was taken makes room. */
static void shift(struct export_lines *l)
{
        if (l->at == 0)
                return;
        memmove(l->buffer.p, l->buffer.p + l->at, l->buffer.n - l->at);
        l->buffer.n -= l->at;
        l->base += l->at;
        l->at = 0;
}

static enum err read_descriptor(struct export_lines *l, size_t *ret_n)
{
        unsigned char chunk[READ_BYTES];
        ssize_t n;
        do
                n = read(l->fd, chunk, sizeof chunk);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return err_because(ERR_IO, "reading the export: %s", strerror(errno));
        bytes_add(&l->buffer, chunk, (size_t)n);
        *ret_n = (size_t)n;
        return OK;
}

static void read_memory(struct export_lines *l, size_t *ret_n)
{
        const size_t n = l->memory.n < READ_BYTES ? l->memory.n : READ_BYTES;
        bytes_add(&l->buffer, l->memory.p, n);
        l->memory = span_of(l->memory.p + n, l->memory.n - n);
        *ret_n = n;
}

static enum err read_more(struct export_lines *l)
{
        size_t n = 0;
        enum err e = OK;
        shift(l);
        if (l->fd < 0)
                read_memory(l, &n);
        else
                e = read_descriptor(l, &n);
        l->is_ended = n == 0;
        return e;
}

enum err export_lines_peek(struct export_lines *l, size_t n, struct span *ret)
{
        while (!l->is_ended && l->buffer.n - l->at < n) {
                enum err e = read_more(l);
                if (e != OK)
                        return e;
        }
        *ret = span_of(l->buffer.p + l->at, l->buffer.n - l->at);
        return OK;
}

enum err export_lines_take(struct export_lines *l, struct span *ret)
{
        size_t searched = 0;
        for (;;) {
                const struct span rest = span_of(l->buffer.p + l->at, l->buffer.n - l->at);
                const unsigned char *end =
                        rest.n > searched ? memchr(rest.p + searched, '\n', rest.n - searched) : NULL;
                if (end) {
                        *ret = span_of(rest.p, (size_t)(end - rest.p));
                        l->at += ret->n + 1;
                        return OK;
                }
                if (rest.n > LINE_MAX_BYTES)
                        return ERR_TOO_LARGE;
                if (l->is_ended)
                        return ERR_NO_ENTRY;
                searched = rest.n;
                enum err e = read_more(l);
                if (e != OK)
                        return e;
        }
}

uint64_t export_lines_place(const struct export_lines *l, struct span taken)
{
        return l->base + (uint64_t)(taken.p - l->buffer.p);
}

#include "base/bytes.h"
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

static _Noreturn void out_of_memory(void)
{
        static const char message[] = "breakglass: out of memory\n";
        ssize_t written UNUSED = write(STDERR_FILENO, message, sizeof(message) - 1);

        abort();
}

void *mem_new(size_t count, size_t size)
{
        void *p = calloc(count ? count : 1, size ? size : 1);

        if (!p)
                out_of_memory();
        return p;
}

void *mem_grow(void *p, size_t count, size_t size)
{
        p = reallocarray(p, count ? count : 1, size ? size : 1);
        if (!p)
                out_of_memory();
        return p;
}

char *mem_text(const char *text)
{
        return mem_text_n(text, strlen(text));
}

char *mem_text_n(const char *text, size_t n)
{
        if (n == SIZE_MAX)
                out_of_memory();
        char *copy = mem_new(n + 1, 1);

        if (n > 0)
                memcpy(copy, text, n);
        return copy;
}

struct span span_text(const char *text)
{
        return text ? span_of(text, strlen(text)) : span_of(NULL, 0);
}

bool span_equal(struct span a, struct span b)
{
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool span_is(struct span a, const char *text)
{
        return span_equal(a, span_text(text));
}

void bytes_done(struct bytes *b)
{
        free(b->p);
        *b = BYTES_NONE;
}

void bytes_clear(struct bytes *b)
{
        b->n = 0;
        if (b->p)
                b->p[0] = '\0';
}

void bytes_reserve(struct bytes *b, size_t more)
{
        if (more >= SIZE_MAX / 2 || b->n >= SIZE_MAX / 2 - more)
                out_of_memory();
        size_t want = b->n + more + 1; /* and the NUL */

        if (want <= b->cap)
                return;
        size_t cap = b->cap ? b->cap * 2 : 64;

        if (cap < want)
                cap = want;
        b->p = mem_grow(b->p, cap, 1);
        b->cap = cap;
}

void bytes_add(struct bytes *b, const void *p, size_t n)
{
        bytes_reserve(b, n);
        if (n > 0)
                memcpy(b->p + b->n, p, n);
        b->n += n;
        b->p[b->n] = '\0';
}

void bytes_add_span(struct bytes *b, struct span s)
{
        bytes_add(b, s.p, s.n);
}

void bytes_add_text(struct bytes *b, const char *text)
{
        bytes_add_span(b, span_text(text));
}

void bytes_add_byte(struct bytes *b, unsigned char c)
{
        bytes_add(b, &c, 1);
}

void bytes_printf(struct bytes *b, const char *format, ...)
{
        va_list arguments, again;

        va_start(arguments, format);
        va_copy(again, arguments);
        int n = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (n < 0)
                n = 0;
        bytes_reserve(b, (size_t)n);
        b->p[b->n] = '\0';
        vsnprintf((char *)b->p + b->n, (size_t)n + 1, format, again);
        va_end(again);
        b->n += (size_t)n;
}

const char *bytes_text(const struct bytes *b)
{
        return b->p && b->n > 0 ? (const char *)b->p : "";
}

struct hash hash_of(struct span s)
{
        struct hash h;

        if (crypto_hash_sha256(h.b, s.p, s.n) != 0)
                abort();
        return h;
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
        return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

bool hash_is_zero(const struct hash *a)
{
        return sodium_is_zero(a->b, HASH_BYTES) == 1;
}

void hash_to_hex(const struct hash *h, char ret[HASH_HEX + 1])
{
        hex_encode(h->b, HASH_BYTES, ret);
}

enum err hash_from_hex(struct span hex, struct hash *ret)
{
        return hex_decode(hex, ret->b, HASH_BYTES);
}

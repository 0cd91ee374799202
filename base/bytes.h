/* Plain (never secret) bytes: views, growing buffers, hex and base64. Out of memory ends the program: a restart loses
 * nothing. */
#pragma once
#include "base/attr.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view of somebody else's bytes. */
struct span {
        const unsigned char *p;
        size_t n;
};

static inline struct span span_of(const void *p, size_t n)
{
        return (struct span){(const unsigned char *)p, n};
}

struct span span_text(const char *text); /* without the NUL; NULL gives an empty view */
bool span_equal(struct span a, struct span b);
bool span_is(struct span a, const char *text);

/* A growing buffer; `p` always has a NUL behind the n bytes once anything was appended. */
struct bytes {
        unsigned char *p;
        size_t n, cap;
};

#define BYTES_NONE    ((struct bytes){NULL, 0, 0})
#define CLEANUP_BYTES __attribute__((cleanup(bytes_done)))

void bytes_done(struct bytes *b);
void bytes_clear(struct bytes *b);                /* keeps the room */
void bytes_reserve(struct bytes *b, size_t more); /* room for `more` bytes and the NUL, so that p stays in place */
void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_add_span(struct bytes *b, struct span s);
void bytes_add_text(struct bytes *b, const char *text);
void bytes_add_byte(struct bytes *b, unsigned char c);
void bytes_printf(struct bytes *b, const char *format, ...) PRINTF_LIKE(2, 3);
void bytes_add_hex(struct bytes *b, const void *p, size_t n);
void bytes_add_base64(struct bytes *b, struct span s);
/* A JSON string with quotes, everything beyond printable ASCII escaped as \uXXXX (so that it can't forge a line). */
void bytes_add_json(struct bytes *b, struct span utf8);
static inline struct span bytes_span(const struct bytes *b)
{
        return span_of(b->p, b->n);
}
const char *bytes_text(const struct bytes *b); /* "" when empty */

/* Never NULL: end the program when memory is out. */
void *mem_new(size_t count, size_t size) __attribute__((malloc)); /* zeroed */
void *mem_grow(void *p, size_t count, size_t size);
char *mem_text(const char *text);
char *mem_text_n(const char *text, size_t n);

/* A SHA-256, also a statement's or roster's id. */
#define HASH_BYTES 32u
#define HASH_HEX   64u
struct hash {
        unsigned char b[HASH_BYTES];
};
struct hash hash_of(struct span s);
bool hash_equal(const struct hash *a, const struct hash *b);
bool hash_is_zero(const struct hash *a);
void hash_to_hex(const struct hash *h, char ret[HASH_HEX + 1]);
/* Exactly 64 lower-case hex digits. Errors: ERR_RANGE. */
MUST_CHECK enum err hash_from_hex(struct span hex, struct hash *ret);

/* Lower-case hex only, exactly 2·len digits. Errors: ERR_RANGE. */
MUST_CHECK enum err hex_decode(struct span hex, unsigned char *ret, size_t len);
void hex_encode(const void *p, size_t n, char *ret); /* writes 2n digits and a NUL */
/* Canonical, padded, standard alphabet; appends to ret. Errors: ERR_RANGE (ret unchanged). */
MUST_CHECK enum err base64_decode(struct span text, struct bytes *ret);
/* Well-formed UTF-8 without NUL; *ret_points the number of code points. */
bool utf8_valid(struct span s, size_t *ret_points);
/* Text of other people made safe for one line of a terminal or log: control, bidi and zero-width characters and
 * invalid bytes become visible escapes (\n, \x1b, \u{202e}). Appends to ret. */
void text_escape(struct span utf8, struct bytes *ret);

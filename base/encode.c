/* Hex, base64 and JSON strings: plain bytes to text and back. */
#include "base/bytes.h"
#include "base/utf8.h"
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int hex_value(unsigned char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

enum err hex_decode(struct span hex, unsigned char *ret, size_t len)
{
        if (hex.n % 2 != 0 || hex.n / 2 != len)
                return err_because(ERR_RANGE, "not %zu bytes in hex", len);
        for (size_t i = 0; i < hex.n; i++)
                if (hex_value(hex.p[i]) < 0)
                        return err_because(ERR_RANGE, "not lower-case hex");
        for (size_t i = 0; i < len; i++)
                ret[i] = (unsigned char)(hex_value(hex.p[2 * i]) << 4 | hex_value(hex.p[2 * i + 1]));
        return OK;
}

void hex_encode(const void *p, size_t n, char *ret)
{
        const unsigned char *b = p;

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = hex_digits[b[i] >> 4];
                ret[2 * i + 1] = hex_digits[b[i] & 15];
        }
        ret[2 * n] = '\0';
}

void bytes_add_hex(struct bytes *b, const void *p, size_t n)
{
        const unsigned char *from = p;

        bytes_reserve(b, 2 * n);
        hex_encode(from, n, (char *)b->p + b->n);
        b->n += 2 * n;
}

void bytes_add_base64(struct bytes *b, struct span s)
{
        size_t i = 0;

        bytes_reserve(b, s.n / 3 * 4 + 4);
        unsigned char *to = b->p + b->n;

        for (; i + 3 <= s.n; i += 3) {
                uint32_t v = (uint32_t)s.p[i] << 16 | (uint32_t)s.p[i + 1] << 8 | s.p[i + 2];
                *to++ = (unsigned char)base64_digits[v >> 18];
                *to++ = (unsigned char)base64_digits[v >> 12 & 63];
                *to++ = (unsigned char)base64_digits[v >> 6 & 63];
                *to++ = (unsigned char)base64_digits[v & 63];
        }
        if (i < s.n) {
                bool two = i + 2 == s.n;
                uint32_t v = (uint32_t)s.p[i] << 16 | (two ? (uint32_t)s.p[i + 1] << 8 : 0);
                *to++ = (unsigned char)base64_digits[v >> 18];
                *to++ = (unsigned char)base64_digits[v >> 12 & 63];
                *to++ = two ? (unsigned char)base64_digits[v >> 6 & 63] : '=';
                *to++ = '=';
        }
        *to = '\0';
        b->n = (size_t)(to - b->p);
}

/* Digit to value + 1, so that what is no digit is zero. */
#define VALUE(digit, value) [digit] = (value) + 1
#define FOUR(from, value)                                                                                            \
        VALUE(from, value), VALUE((from) + 1, (value) + 1), VALUE((from) + 2, (value) + 2),                          \
                VALUE((from) + 3, (value) + 3)
#define LETTERS(a, value)                                                                                            \
        FOUR(a, value), FOUR((a) + 4, (value) + 4), FOUR((a) + 8, (value) + 8), FOUR((a) + 12, (value) + 12),        \
                FOUR((a) + 16, (value) + 16), FOUR((a) + 20, (value) + 20), VALUE((a) + 24, (value) + 24),           \
                VALUE((a) + 25, (value) + 25)
static const unsigned char base64_values[256] = {
        LETTERS('A', 0), LETTERS('a', 26), FOUR('0', 52),  FOUR('4', 56),
        VALUE('8', 60),  VALUE('9', 61),   VALUE('+', 62), VALUE('/', 63),
};

/* 0…63, or more for what is not a digit. */
static unsigned base64_value(unsigned char c)
{
        return base64_values[c] - 1u;
}

/* Whole groups without padding; false at what is no digit. */
static bool decode_groups(const unsigned char *from, size_t n_groups, unsigned char *to)
{
        unsigned bad = 0;

        for (size_t i = 0; i < n_groups; i++, from += 4, to += 3) {
                unsigned a = base64_value(from[0]), b = base64_value(from[1]), c = base64_value(from[2]),
                         d = base64_value(from[3]);
                uint32_t v = a << 18 | b << 12 | c << 6 | d;

                bad |= a | b | c | d;
                to[0] = (unsigned char)(v >> 16);
                to[1] = (unsigned char)(v >> 8);
                to[2] = (unsigned char)v;
        }
        return bad <= 63;
}

/* The last group with its padding. The bits that the padding cuts off must be zero, or one value would have several
 * spellings. */
static bool decode_padded(const unsigned char *from, size_t padding, struct bytes *ret)
{
        unsigned char digits[4] = {'A', 'A', 'A', 'A'}, group[3];

        memcpy(digits, from, 4 - padding);
        if (!decode_groups(digits, 1, group) || group[2] != 0 || (padding == 2 && group[1] != 0))
                return false;
        bytes_add(ret, group, 3 - padding);
        return true;
}

static enum err base64_fail(struct bytes *ret, size_t before)
{
        ret->n = before;
        if (ret->p)
                ret->p[before] = '\0';
        return err_because(ERR_RANGE, "not canonical base64");
}

enum err base64_decode(struct span text, struct bytes *ret)
{
        size_t before = ret->n, padding = 0;

        if (text.n % 4 != 0)
                return err_because(ERR_RANGE, "not canonical base64");
        while (padding < 2 && padding < text.n && text.p[text.n - 1 - padding] == '=')
                padding++;

        size_t whole = (text.n - (padding ? 4 : 0)) / 4;

        bytes_reserve(ret, text.n / 4 * 3);
        if (!decode_groups(text.p, whole, ret->p + ret->n))
                return base64_fail(ret, before);
        ret->n += 3 * whole;
        if (padding && !decode_padded(text.p + 4 * whole, padding, ret))
                return base64_fail(ret, before);
        ret->p[ret->n] = '\0';
        return OK;
}

static void add_json_unit(struct bytes *b, uint32_t unit)
{
        unsigned char text[6] = {'\\',
                                 'u',
                                 (unsigned char)hex_digits[unit >> 12 & 15],
                                 (unsigned char)hex_digits[unit >> 8 & 15],
                                 (unsigned char)hex_digits[unit >> 4 & 15],
                                 (unsigned char)hex_digits[unit & 15]};

        bytes_add(b, text, sizeof(text));
}

static void add_json_point(struct bytes *b, uint32_t point)
{
        static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
        const char *shorter = point && point < 0x80 ? strchr(from, (int)point) : NULL;

        if (shorter) {
                bytes_add_byte(b, '\\');
                bytes_add_byte(b, (unsigned char)to[shorter - from]);
        } else if (point >= 0x20 && point < 0x7F) {
                bytes_add_byte(b, (unsigned char)point);
        } else if (point < 0x10000) {
                add_json_unit(b, point);
        } else {
                add_json_unit(b, 0xD800 + ((point - 0x10000) >> 10));
                add_json_unit(b, 0xDC00 + ((point - 0x10000) & 0x3FF));
        }
}

/* How many bytes of printable ASCII come first that stand for themselves. */
static size_t plain_run(struct span s)
{
        size_t n = 0;

        while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7F && s.p[n] != '"' && s.p[n] != '\\')
                n++;
        return n;
}

void bytes_add_json(struct bytes *b, struct span utf8)
{
        bytes_reserve(b, utf8.n + 2);
        bytes_add_byte(b, '"');
        for (size_t i = 0; i < utf8.n;) {
                size_t n = plain_run(span_of(utf8.p + i, utf8.n - i));
                uint32_t point;

                bytes_add(b, utf8.p + i, n);
                i += n;
                if (i == utf8.n)
                        break;
                n = utf8_next(span_of(utf8.p + i, utf8.n - i), &point);
                add_json_point(b, n ? point : 0xFFFD);
                i += n ? n : 1;
        }
        bytes_add_byte(b, '"');
}

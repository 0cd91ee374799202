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

/* 0…63, or 64 for what is not a digit. */
static unsigned base64_value(unsigned char c)
{
        if (c >= 'A' && c <= 'Z')
                return c - 'A' + 0u;
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26u;
        if (c >= '0' && c <= '9')
                return c - '0' + 52u;
        return c == '+' ? 62u : c == '/' ? 63u : 64u;
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

        bytes_reserve(ret, text.n / 4 * 3);
        for (size_t i = 0; i < text.n; i += 4) {
                size_t missing = i + 4 == text.n ? padding : 0;
                uint32_t v = 0;

                for (size_t k = 0; k < 4; k++) {
                        unsigned digit = k + missing >= 4 ? 0 : base64_value(text.p[i + k]);

                        if (digit > 63)
                                return base64_fail(ret, before);
                        v = v << 6 | digit;
                }
                /* The bits that the padding cuts off must be zero, or one value would have several spellings. */
                if ((missing == 1 && (v & 0xFF)) || (missing == 2 && (v & 0xFFFF)))
                        return base64_fail(ret, before);
                unsigned char group[3] = {(unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v};

                memcpy(ret->p + ret->n, group, 3 - missing);
                ret->n += 3 - missing;
        }
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

void bytes_add_json(struct bytes *b, struct span utf8)
{
        bytes_reserve(b, utf8.n + 2);
        bytes_add_byte(b, '"');
        for (size_t i = 0; i < utf8.n;) {
                uint32_t point;
                size_t n = utf8_next(span_of(utf8.p + i, utf8.n - i), &point);

                add_json_point(b, n ? point : 0xFFFD);
                i += n ? n : 1;
        }
        bytes_add_byte(b, '"');
}

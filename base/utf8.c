#include "base/utf8.h"
#include <string.h>

struct range {
        uint32_t first, last;
};

/* Characters that show nothing, or change the order or place of what is shown: a person must not be fooled by them.
 */
static const struct range invisible[] = {
        {0x00AD, 0x00AD},   /* soft hyphen */
        {0x034F, 0x034F},   /* combining grapheme joiner */
        {0x061C, 0x061C},   /* Arabic letter mark (bidi) */
        {0x115F, 0x1160},   /* Hangul fillers */
        {0x17B4, 0x17B5},   /* Khmer inherent vowels */
        {0x180B, 0x180F},   /* Mongolian selectors and vowel separator */
        {0x200B, 0x200F},   /* zero-width space and joiners, bidi marks */
        {0x2028, 0x202E},   /* line and paragraph separators, bidi embeddings and overrides */
        {0x2060, 0x206F},   /* word joiner, invisible operators, bidi isolates, deprecated formats */
        {0x3164, 0x3164},   /* Hangul filler */
        {0xFE00, 0xFE0F},   /* variation selectors */
        {0xFEFF, 0xFEFF},   /* zero-width no-break space */
        {0xFFA0, 0xFFA0},   /* half-width Hangul filler */
        {0xFFF0, 0xFFFB},   /* specials: interlinear annotation */
        {0xFFFE, 0xFFFF},   /* no characters */
        {0x1BCA0, 0x1BCA3}, /* shorthand format controls */
        {0x1D173, 0x1D17A}, /* musical format controls */
        {0xE0000, 0xE0FFF}, /* tags and variation selectors */
};

static bool is_continuation(struct span s, size_t i)
{
        return i < s.n && (s.p[i] & 0xC0) == 0x80;
}

size_t utf8_next(struct span s, uint32_t *ret_point)
{
        static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};

        if (s.n == 0)
                return 0;
        unsigned char c = s.p[0];

        if (c < 0x80) {
                *ret_point = c;
                return 1;
        }
        size_t n = (c & 0xE0) == 0xC0 ? 2 : (c & 0xF0) == 0xE0 ? 3 : (c & 0xF8) == 0xF0 ? 4 : 0;

        if (n == 0)
                return 0;
        uint32_t point = c & (0xFFu >> (n + 1));

        for (size_t i = 1; i < n; i++) {
                if (!is_continuation(s, i))
                        return 0;
                point = point << 6 | (s.p[i] & 0x3Fu);
        }
        if (point < least[n] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF))
                return 0;
        *ret_point = point;
        return n;
}

bool utf8_valid(struct span s, size_t *ret_points)
{
        size_t points = 0;

        for (size_t i = 0; i < s.n; points++) {
                uint32_t point;
                size_t n = utf8_next(span_of(s.p + i, s.n - i), &point);

                if (n == 0 || point == 0)
                        return false;
                i += n;
        }
        *ret_points = points;
        return true;
}

static bool is_invisible(uint32_t point)
{
        for (size_t i = 0; i < COUNT_OF(invisible); i++)
                if (point >= invisible[i].first && point <= invisible[i].last)
                        return true;
        return false;
}

static void add_control(struct bytes *ret, uint32_t point)
{
        if (point == '\n')
                bytes_add_text(ret, "\\n");
        else if (point == '\r')
                bytes_add_text(ret, "\\r");
        else if (point == '\t')
                bytes_add_text(ret, "\\t");
        else
                bytes_printf(ret, "\\x%02x", point);
}

void text_escape(struct span utf8, struct bytes *ret)
{
        bytes_reserve(ret, utf8.n);
        for (size_t i = 0; i < utf8.n;) {
                uint32_t point = 0;
                size_t n = utf8_next(span_of(utf8.p + i, utf8.n - i), &point);

                if (n == 0)
                        bytes_printf(ret, "\\x%02x", utf8.p[i]);
                else if (point < 0x20 || point == 0x7F)
                        add_control(ret, point);
                else if ((point >= 0x80 && point < 0xA0) || is_invisible(point))
                        bytes_printf(ret, "\\u{%x}", point);
                else
                        bytes_add(ret, utf8.p + i, n);
                i += n ? n : 1;
        }
}

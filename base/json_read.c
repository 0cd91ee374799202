/* Text to jansson's values in one pass. jansson's own reader takes a byte at a time through a callback, and a
 * broker's statements are mostly long base64 strings: here a run of plain characters is found first and copied once.
 */
#include "base/json.h"
#include "base/utf8.h"
#include <string.h>

struct reader {
        struct span whole, rest;
        unsigned depth_left, max_depth;
        struct bytes text; /* a string with escapes, decoded */
};

static enum err refuse(const struct reader *r, const char *why)
{
        return err_because(ERR_BAD_STATEMENT, "byte %zu: %s", r->whole.n - r->rest.n, why);
}

static void skip(struct reader *r, size_t n)
{
        r->rest = span_of(r->rest.p + n, r->rest.n - n);
}

/* The next character behind white space, which stays; NUL at the end (a NUL itself begins nothing). */
static unsigned char next(struct reader *r)
{
        size_t i = 0;

        while (i < r->rest.n &&
               (r->rest.p[i] == ' ' || r->rest.p[i] == '\n' || r->rest.p[i] == '\t' || r->rest.p[i] == '\r'))
                i++;
        if (i > 0)
                skip(r, i);
        return r->rest.n > 0 ? r->rest.p[0] : '\0';
}

static bool take(struct reader *r, unsigned char c)
{
        if (next(r) != c)
                return false;
        skip(r, 1);
        return true;
}

/* ---- strings ---- */

/* How many bytes of plain characters come first: no quote, escape, control character or broken UTF-8. */
static size_t plain_run(struct span s)
{
        size_t i = 0, n;
        uint32_t point;

        while (i < s.n) {
                unsigned char c = s.p[i];

                if (c == '"' || c == '\\' || c < 0x20)
                        break;
                if (c < 0x80)
                        i++;
                else if ((n = utf8_next(span_of(s.p + i, s.n - i), &point)) > 0)
                        i += n;
                else
                        break;
        }
        return i;
}

static void add_utf8(struct bytes *b, uint32_t point)
{
        if (point < 0x80) {
                bytes_add_byte(b, (unsigned char)point);
                return;
        }
        if (point < 0x800) {
                bytes_add_byte(b, (unsigned char)(0xC0 | point >> 6));
        } else {
                if (point < 0x10000) {
                        bytes_add_byte(b, (unsigned char)(0xE0 | point >> 12));
                } else {
                        bytes_add_byte(b, (unsigned char)(0xF0 | point >> 18));
                        bytes_add_byte(b, (unsigned char)(0x80 | (point >> 12 & 0x3F)));
                }
                bytes_add_byte(b, (unsigned char)(0x80 | (point >> 6 & 0x3F)));
        }
        bytes_add_byte(b, (unsigned char)(0x80 | (point & 0x3F)));
}

/* The four digits behind \u, in either case. */
static bool take_unit(struct reader *r, uint32_t *ret)
{
        uint32_t unit = 0;

        if (r->rest.n < 4)
                return false;
        for (size_t i = 0; i < 4; i++) {
                unsigned char c = r->rest.p[i] | 0x20; /* digits have this bit already */

                if (c >= '0' && c <= '9' && r->rest.p[i] == c)
                        unit = unit << 4 | (uint32_t)(c - '0');
                else if (c >= 'a' && c <= 'f')
                        unit = unit << 4 | (uint32_t)(c - 'a' + 10);
                else
                        return false;
        }
        skip(r, 4);
        *ret = unit;
        return true;
}

static enum err take_code_point(struct reader *r)
{
        uint32_t point, low;

        if (!take_unit(r, &point))
                return refuse(r, "four hex digits were expected");
        if (point >= 0xD800 && point <= 0xDBFF) {
                if (r->rest.n < 2 || memcmp(r->rest.p, "\\u", 2) != 0)
                        return refuse(r, "half of a surrogate pair");
                skip(r, 2);
                if (!take_unit(r, &low) || low < 0xDC00 || low > 0xDFFF)
                        return refuse(r, "half of a surrogate pair");
                point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        } else if (point >= 0xDC00 && point <= 0xDFFF) {
                return refuse(r, "half of a surrogate pair");
        }
        if (point == 0)
                return refuse(r, "a NUL");
        add_utf8(&r->text, point);
        return OK;
}

static enum err take_escape(struct reader *r)
{
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *at;

        skip(r, 1);
        if (r->rest.n == 0 || r->rest.p[0] == '\0')
                return refuse(r, "an unfinished escape");
        if (r->rest.p[0] == 'u') {
                skip(r, 1);
                return take_code_point(r);
        }
        if (!(at = strchr(from, r->rest.p[0])))
                return refuse(r, "an unknown escape");
        bytes_add_byte(&r->text, (unsigned char)to[at - from]);
        skip(r, 1);
        return OK;
}

/* Behind the opening quote. The view is into the input, or into r->text until the next string. */
static enum err take_string(struct reader *r, struct span *ret)
{
        bool has_escape = false;
        enum err e;

        bytes_clear(&r->text);
        for (;;) {
                struct span run = span_of(r->rest.p, plain_run(r->rest));

                skip(r, run.n);
                if (r->rest.n == 0)
                        return refuse(r, "an unfinished string");
                if (has_escape || r->rest.p[0] == '\\')
                        bytes_add_span(&r->text, run);
                if (r->rest.p[0] == '"') {
                        skip(r, 1);
                        *ret = has_escape ? bytes_span(&r->text) : run;
                        return OK;
                }
                if (r->rest.p[0] != '\\')
                        return refuse(r, "a control character, or not UTF-8");
                has_escape = true;
                if ((e = take_escape(r)) != OK)
                        return e;
        }
}

/* ---- values ---- */

static enum err take_value(struct reader *r, json_t **ret);

static enum err made(json_t *value, json_t **ret)
{
        if (!value)
                abort(); /* out of memory ends the program, as everywhere */
        *ret = value;
        return OK;
}

static enum err take_string_value(struct reader *r, json_t **ret)
{
        struct span text;
        enum err e = take_string(r, &text);

        return e == OK ? made(json_stringn_nocheck(text.n ? (const char *)text.p : "", text.n), ret) : e;
}

static enum err take_integer(struct reader *r, json_t **ret)
{
        int64_t value = 0;
        size_t i = 0;

        for (; i < r->rest.n && r->rest.p[i] >= '0' && r->rest.p[i] <= '9'; i++) {
                value = value * 10 + (r->rest.p[i] - '0');
                if (value > JSON_INT_MAX)
                        return refuse(r, "an integer beyond 2^53-1");
        }
        if (i > 1 && r->rest.p[0] == '0')
                return refuse(r, "a leading zero");
        if (i < r->rest.n && (r->rest.p[i] == '.' || r->rest.p[i] == 'e' || r->rest.p[i] == 'E'))
                return refuse(r, "a number that is no integer");
        skip(r, i);
        return made(json_integer(value), ret);
}

static enum err take_word(struct reader *r, const char *word, json_t *value, json_t **ret)
{
        size_t n = strlen(word);

        if (r->rest.n < n || memcmp(r->rest.p, word, n) != 0)
                return refuse(r, "a value was expected");
        skip(r, n);
        return made(value, ret);
}

static enum err take_list(struct reader *r, json_t *list)
{
        json_t *item;
        enum err e;

        if (take(r, ']'))
                return OK;
        do {
                if ((e = take_value(r, &item)) != OK)
                        return e;
                if (json_array_append_new(list, item) != 0)
                        abort();
        } while (take(r, ','));
        return take(r, ']') ? OK : refuse(r, "`,` or `]` was expected");
}

/* One key and its value. The key is copied before its value is read, where it may lie in r->text. */
static enum err take_member(struct reader *r, json_t *object)
{
        CLEANUP_FREE char *copy = NULL;
        json_t *value;
        struct span key;
        enum err e;

        if (!take(r, '"'))
                return refuse(r, "a key was expected");
        if ((e = take_string(r, &key)) != OK)
                return e;
        if (key.p == r->text.p && key.n > 0)
                key.p = (const unsigned char *)(copy = mem_text_n((const char *)key.p, key.n));
        if (json_object_getn(object, key.n ? (const char *)key.p : "", key.n))
                return refuse(r, "a key for the second time");
        if (!take(r, ':'))
                return refuse(r, "`:` was expected");
        if ((e = take_value(r, &value)) != OK)
                return e;
        if (json_object_setn_new_nocheck(object, key.n ? (const char *)key.p : "", key.n, value) != 0)
                abort();
        return OK;
}

static enum err take_object(struct reader *r, json_t *object)
{
        enum err e;

        if (take(r, '}'))
                return OK;
        do
                if ((e = take_member(r, object)) != OK)
                        return e;
        while (take(r, ','));
        return take(r, '}') ? OK : refuse(r, "`,` or `}` was expected");
}

static enum err take_nested(struct reader *r, bool is_object, json_t **ret)
{
        CLEANUP_JSON json_t *value = NULL;
        enum err e;

        if (r->depth_left == 0)
                return err_because(ERR_BAD_STATEMENT, "nested deeper than %u", r->max_depth);
        skip(r, 1);
        r->depth_left--;
        made(is_object ? json_object() : json_array(), &value);
        if ((e = is_object ? take_object(r, value) : take_list(r, value)) != OK)
                return e;
        r->depth_left++;
        *ret = value;
        value = NULL;
        return OK;
}

static enum err take_value(struct reader *r, json_t **ret)
{
        switch (next(r)) {
        case '{': return take_nested(r, true, ret);
        case '[': return take_nested(r, false, ret);
        case '"': skip(r, 1); return take_string_value(r, ret);
        case 't': return take_word(r, "true", json_true(), ret);
        case 'f': return take_word(r, "false", json_false(), ret);
        case 'n': return take_word(r, "null", json_null(), ret);
        case '-': return refuse(r, "a negative number");
        case '0' ... '9': return take_integer(r, ret);
        default: return refuse(r, r->rest.n > 0 ? "a value was expected" : "the end of the text");
        }
}

enum err json_read(struct span text, unsigned max_depth, json_t **ret)
{
        struct reader r = {.whole = text, .rest = text, .depth_left = max_depth, .max_depth = max_depth};
        CLEANUP_JSON json_t *value = NULL;
        unsigned char first = next(&r);
        enum err e = first == '{' || first == '[' ? take_value(&r, &value) : refuse(&r, "no object and no list");

        bytes_done(&r.text);
        if (e != OK)
                return e;
        next(&r);
        if (r.rest.n > 0)
                return refuse(&r, "something behind the end");
        *ret = value;
        value = NULL;
        return OK;
}

#include "rotators/hooks/pointer.h"
#include <sodium.h>
#include <string.h>

#define TOKEN_MAX 256u

/* The next token of the pointer, unescaped (~1 is a slash, ~0 a tilde); false when it is malformed. */
static bool take_token(const char **pointer, char ret[TOKEN_MAX])
{
        const char *p = *pointer + 1;
        size_t n = 0;
        if (**pointer != '/')
                return false;
        for (; *p && *p != '/'; p++) {
                if (n + 1 == TOKEN_MAX || (*p == '~' && p[1] != '0' && p[1] != '1'))
                        return false;
                ret[n++] = *p != '~' ? *p : *++p == '1' ? '/' : '~';
        }
        ret[n] = 0;
        *pointer = p;
        return true;
}

static bool find_key(struct span object, const char *key, struct span *ret)
{
        struct scan s = scan_begin(object);
        struct span name, found = {NULL, 0};
        scan_enter(&s);
        while (scan_any_key(&s, &name)) {
                struct span value = scan_value(&s);
                if (span_is(name, key) && !found.p)
                        found = value;
        }
        scan_end(&s);
        *ret = found;
        return s.error == OK && found.p;
}

bool pointer_item(struct span list, size_t n, struct span *ret)
{
        struct scan s = scan_begin(list);
        struct span item;
        scan_enter_list(&s);
        for (size_t i = 0; scan_item(&s, &item); i++) {
                *ret = item;
                if (i == n)
                        return true;
        }
        return false;
}

static bool step_into(struct span *at, const char *token)
{
        if (at->n == 0)
                return false;
        if (at->p[0] == '{')
                return find_key(*at, token, at);
        size_t digits = strspn(token, "0123456789");
        bool is_index = digits > 0 && digits < 9 && token[digits] == 0;
        return at->p[0] == '[' && is_index && pointer_item(*at, strtoul(token, NULL, 10), at);
}

bool pointer_find(struct span json, const char *pointer, struct span *ret)
{
        struct scan s = scan_begin(json);
        struct span at = scan_value(&s);
        char token[TOKEN_MAX];
        scan_end(&s);
        if (s.error != OK)
                return false;
        while (*pointer)
                if (!take_token(&pointer, token) || !step_into(&at, token))
                        return false;
        *ret = at;
        return true;
}

/* ---- texts ---- */

static int hex_digit(unsigned char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits; -1 when they are none. */
static int32_t code_unit(struct span raw, size_t at)
{
        int32_t unit = 0;
        for (size_t i = at; i < at + 4; i++) {
                int digit = i < raw.n ? hex_digit(raw.p[i]) : -1;
                if (digit < 0)
                        return -1;
                unit = unit << 4 | digit;
        }
        return unit;
}

static size_t put_utf8(unsigned char *to, int32_t c)
{
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
        for (size_t i = n - 1; i > 0; i--, c >>= 6)
                to[i] = (unsigned char)(0x80 | (c & 0x3f));
        to[0] = (unsigned char)(lead[n] | c);
        return n;
}

/* The \uXXXX (or pair of them) whose digits begin at *at; moves behind it. False: malformed, NUL, half a pair. */
static bool take_unicode(struct span raw, size_t *at, int32_t *ret)
{
        int32_t c = code_unit(raw, *at);
        *at += 4;
        if (c >= 0xd800 && c < 0xdc00) {
                bool is_pair = *at + 1 < raw.n && raw.p[*at] == '\\' && raw.p[*at + 1] == 'u';
                int32_t low = is_pair ? code_unit(raw, *at + 2) : -1;
                if (low < 0xdc00 || low > 0xdfff)
                        return false;
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                *at += 6;
        } else if (c >= 0xdc00 && c <= 0xdfff) {
                return false;
        }
        *ret = c;
        return c > 0;
}

/* From between the quotes; never longer than it was. */
static bool unescape(struct span raw, unsigned char *to, size_t *ret_n)
{
        static const char marks[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
        size_t n = 0, points;
        for (size_t i = 0; i < raw.n;) {
                int32_t c = 0;
                if (raw.p[i] != '\\') {
                        to[n++] = raw.p[i++];
                        continue;
                }
                unsigned char mark = i + 1 < raw.n ? raw.p[i + 1] : 0;
                const char *known = mark ? strchr(marks, mark) : NULL;
                i += 2;
                if (known)
                        to[n++] = (unsigned char)meant[known - marks];
                else if (mark != 'u' || !take_unicode(raw, &i, &c))
                        return false;
                else
                        n += put_utf8(to + n, c);
        }
        *ret_n = n;
        return utf8_valid(span_of(to, n), &points);
}

enum err pointer_text(struct span json, const char *pointer, struct secret *ret)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        struct span raw;
        size_t n;
        enum err e;
        if (!pointer_find(json, pointer, &raw) || raw.n == 0 || raw.p[0] == '{' || raw.p[0] == '[')
                return ERR_NO_ENTRY;
        if ((e = secret_new(raw.n + 1, &text)) != OK)
                return e;
        n = raw.n;
        if (raw.p[0] != '"')
                memcpy(text.bytes, raw.p, raw.n);
        else if (!unescape(span_of(raw.p + 1, raw.n - 2), text.bytes, &n))
                return err_because(ERR_BAD_STATEMENT, "a text of the answer is malformed");
        if ((e = secret_resize(&text, n + 1)) != OK)
                return e;
        text.bytes[n] = 0;
        secret_move(ret, &text);
        return OK;
}

bool pointer_plain(struct span json, const char *pointer, struct bytes *ret)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        if (pointer_text(json, pointer, &text) != OK)
                return false;
        bytes_add(ret, text.bytes, text.len - 1);
        return true;
}

bool pointer_is(struct span json, const char *pointer, struct span wanted)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        if (pointer_text(json, pointer, &text) != OK || text.len - 1 != wanted.n)
                return false;
        return wanted.n == 0 || sodium_memcmp(text.bytes, wanted.p, wanted.n) == 0;
}

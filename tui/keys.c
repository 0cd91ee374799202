#include "tui/keys.h"
#include "base/utf8.h"
#include <string.h>

struct sequence {
        const char *bytes; /* behind ESC */
        enum key_code code;
};

static const struct sequence sequences[] = {
        {"[A", K_UP},           {"[B", K_DOWN},     {"[C", K_RIGHT},
        {"[D", K_LEFT},         {"OA", K_UP},       {"OB", K_DOWN},
        {"OC", K_RIGHT},        {"OD", K_LEFT},     {"[H", K_HOME},
        {"[F", K_END},          {"OH", K_HOME},     {"OF", K_END},
        {"[1~", K_HOME},        {"[4~", K_END},     {"[7~", K_HOME},
        {"[8~", K_END},         {"[5~", K_PAGE_UP}, {"[6~", K_PAGE_DOWN},
        {"[3~", K_DELETE},      {"[Z", K_BACK_TAB}, {"[200~", K_PASTE_BEGIN},
        {"[201~", K_PASTE_END}, {"OM", K_ENTER},
};

static bool finish(struct key_reader *r, struct key_press k, struct key_press *ret)
{
        r->n = 0;
        *ret = k;
        return true;
}

static struct key_press plain_key(unsigned char c)
{
        switch (c) {
        case '\r':
        case '\n': return (struct key_press){K_ENTER, 0};
        case '\t': return (struct key_press){K_TAB, 0};
        case 0x08:
        case 0x7F: return (struct key_press){K_BACKSPACE, 0};
        default: break;
        }
        if (c >= 1 && c <= 26)
                return (struct key_press){K_CTRL, (uint32_t)('a' + c - 1)};
        return c >= 0x20 && c < 0x7F ? (struct key_press){K_CHAR, c} : (struct key_press){K_OTHER, 0};
}

/* CSI ends with a byte of 0x40…0x7E, SS3 with the next byte; ESC and a plain byte is a key with Alt: nothing here. */
static bool is_whole_sequence(const struct key_reader *r)
{
        unsigned char last = r->held[r->n - 1];

        if (r->n < 2)
                return false;
        if (r->held[1] == '[')
                return r->n > 2 && last >= 0x40 && last <= 0x7E;
        return r->held[1] == 'O' ? r->n > 2 : true;
}

static bool feed_sequence(struct key_reader *r, struct key_press *ret)
{
        if (r->n == 2 && r->held[1] == 0x1B) {
                r->n = 1; /* the first one was a key of its own */
                *ret = (struct key_press){K_ESC, 0};
                return true;
        }
        if (!is_whole_sequence(r))
                return r->n == sizeof(r->held) ? finish(r, (struct key_press){K_OTHER, 0}, ret) : false;
        for (size_t i = 0; i < COUNT_OF(sequences); i++)
                if (strlen(sequences[i].bytes) == r->n - 1 && memcmp(sequences[i].bytes, r->held + 1, r->n - 1) == 0)
                        return finish(r, (struct key_press){sequences[i].code, 0}, ret);
        return finish(r, (struct key_press){K_OTHER, 0}, ret);
}

static size_t utf8_length(unsigned char first)
{
        return first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
}

static bool feed_utf8(struct key_reader *r, struct key_press *ret)
{
        uint32_t point;
        bool is_bad = r->n > 1 && (r->held[r->n - 1] & 0xC0) != 0x80;

        if (is_bad || r->held[0] < 0xC2)
                return finish(r, (struct key_press){K_OTHER, 0}, ret);
        if (r->n < utf8_length(r->held[0]))
                return false;
        if (utf8_next(span_of(r->held, r->n), &point) != r->n || point < 0xA0)
                return finish(r, (struct key_press){K_OTHER, 0}, ret);
        return finish(r, (struct key_press){K_CHAR, point}, ret);
}

bool key_feed(struct key_reader *r, unsigned char byte, struct key_press *ret)
{
        r->held[r->n++] = byte;
        if (r->held[0] == 0x1B)
                return r->n > 1 && feed_sequence(r, ret);
        if (r->held[0] >= 0x80)
                return feed_utf8(r, ret);
        return finish(r, plain_key(byte), ret);
}

bool key_give_up(struct key_reader *r, struct key_press *ret)
{
        if (r->n == 0)
                return false;
        return finish(r, (struct key_press){r->n == 1 && r->held[0] == 0x1B ? K_ESC : K_OTHER, 0}, ret);
}

const char *key_name(struct key_press k, char ret[KEY_NAME])
{
        static const char *const names[] = {
                [K_ENTER] = "Enter",    [K_ESC] = "Esc",        [K_TAB] = "Tab",   [K_BACK_TAB] = "Shift-Tab",
                [K_UP] = "Up",          [K_DOWN] = "Down",      [K_LEFT] = "Left", [K_RIGHT] = "Right",
                [K_PAGE_UP] = "PgUp",   [K_PAGE_DOWN] = "PgDn", [K_HOME] = "Home", [K_END] = "End",
                [K_BACKSPACE] = "Bksp", [K_DELETE] = "Del",     [K_OTHER] = "",
        };

        if (k.code == K_CHAR && k.point < 0x7F)
                snprintf(ret, KEY_NAME, "%c", (char)k.point);
        else if (k.code == K_CTRL)
                snprintf(ret, KEY_NAME, "^%c", (char)(k.point - 'a' + 'A'));
        else
                snprintf(ret, KEY_NAME, "%s", k.code < COUNT_OF(names) && names[k.code] ? names[k.code] : "");
        return ret;
}

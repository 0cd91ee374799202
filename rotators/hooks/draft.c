#include "rotators/hooks/draft.h"
#include <sodium.h>
#include <string.h>

#define ROOM_FIRST 512u

void draft_done(struct draft *d)
{
        secret_wipe(&d->room);
        *d = (struct draft){0};
}

/* Room for n more bytes and a NUL. */
static bool make_room(struct draft *d, size_t n)
{
        size_t len = d->room.len ? d->room.len : ROOM_FIRST;
        while (len < d->n + n + 1)
                len *= 2;
        if (d->error == OK && len != d->room.len)
                d->error = secret_resize(&d->room, len);
        return d->error == OK;
}

void draft_add(struct draft *d, struct span s)
{
        if (!make_room(d, s.n))
                return;
        if (s.n > 0)
                memcpy(d->room.bytes + d->n, s.p, s.n);
        d->n += s.n;
        d->room.bytes[d->n] = 0;
}

void draft_add_text(struct draft *d, const char *text)
{
        draft_add(d, span_text(text));
}

static void add_hex(struct draft *d, const char *prefix, const char *digits, unsigned char c)
{
        const unsigned char two[] = {(unsigned char)digits[c >> 4], (unsigned char)digits[c & 15]};
        draft_add_text(d, prefix);
        draft_add(d, span_of(two, sizeof two));
}

void draft_add_json(struct draft *d, struct span utf8)
{
        size_t points;
        if (d->error == OK && !utf8_valid(utf8, &points))
                d->error = ERR_RANGE;
        draft_add_text(d, "\"");
        for (size_t i = 0; d->error == OK && i < utf8.n; i++) {
                if (utf8.p[i] < ' ' || utf8.p[i] == 0x7f)
                        add_hex(d, "\\u00", "0123456789abcdef", utf8.p[i]);
                else if (utf8.p[i] == '"' || utf8.p[i] == '\\')
                        draft_add(d, span_of((const unsigned char[]){'\\', utf8.p[i]}, 2));
                else
                        draft_add(d, span_of(utf8.p + i, 1));
        }
        draft_add_text(d, "\"");
}

void draft_add_url(struct draft *d, struct span s)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        for (size_t i = 0; i < s.n; i++) {
                if (s.p[i] && strchr(plain, s.p[i]))
                        draft_add(d, span_of(s.p + i, 1));
                else
                        add_hex(d, "%", "0123456789ABCDEF", s.p[i]);
        }
}

void draft_add_base64(struct draft *d, struct span s)
{
        size_t len = sodium_base64_ENCODED_LEN(s.n, sodium_base64_VARIANT_ORIGINAL);
        if (!make_room(d, len))
                return;
        sodium_bin2base64((char *)d->room.bytes + d->n, len, s.p, s.n, sodium_base64_VARIANT_ORIGINAL);
        d->n += len - 1;
}

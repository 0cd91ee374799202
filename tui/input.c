#include "tui/input.h"
#include "tui/canvas.h"
#include <string.h>

void input_clear(struct input *in)
{
        *in = (struct input){0};
}

void input_set(struct input *in, const char *text)
{
        input_clear(in);
        in->n = in->cursor = (size_t)snprintf(in->text, sizeof(in->text), "%s", text);
        if (in->n >= sizeof(in->text))
                in->n = in->cursor = sizeof(in->text) - 1;
}

static size_t encode(uint32_t p, char ret[4])
{
        if (p < 0x80) {
                ret[0] = (char)p;
                return 1;
        }
        size_t n = p < 0x800 ? 2 : p < 0x10000 ? 3 : 4;

        for (size_t i = n; i-- > 1; p >>= 6)
                ret[i] = (char)(0x80 | (p & 0x3F));
        ret[0] = (char)((0xF00u >> n) | p);
        return n;
}

static void insert(struct input *in, uint32_t point)
{
        char c[4];
        size_t n = encode(point, c);

        if (in->n + n >= INPUT_BYTES)
                return;
        memmove(in->text + in->cursor + n, in->text + in->cursor, in->n - in->cursor);
        memcpy(in->text + in->cursor, c, n);
        in->n += n;
        in->cursor += n;
        in->text[in->n] = '\0';
}

static size_t before(const struct input *in)
{
        size_t at = in->cursor;

        while (at > 0 && (in->text[--at] & 0xC0) == 0x80)
                ;
        return at;
}

static size_t behind(const struct input *in)
{
        size_t at = in->cursor;

        while (at < in->n && (in->text[++at] & 0xC0) == 0x80)
                ;
        return at;
}

/* Takes [from, to) out; the cursor stands there. */
static void cut(struct input *in, size_t from, size_t to)
{
        memmove(in->text + from, in->text + to, in->n - to);
        in->n -= to - from;
        in->cursor = from;
        memset(in->text + in->n, 0, to - from);
        if (in->n == 0)
                in->was_pasted = false;
}

static size_t word_before(const struct input *in)
{
        size_t at = in->cursor;

        while (at > 0 && in->text[at - 1] == ' ')
                at--;
        while (at > 0 && in->text[at - 1] != ' ')
                at--;
        return at;
}

static bool take_control(struct input *in, uint32_t letter)
{
        switch (letter) {
        case 'a': in->cursor = 0; return true;
        case 'e': in->cursor = in->n; return true;
        case 'u': cut(in, 0, in->cursor); return true;
        case 'w': cut(in, word_before(in), in->cursor); return true;
        default: return false;
        }
}

bool input_take(struct input *in, struct key_press k)
{
        switch ((int)k.code) {
        case K_CHAR: insert(in, k.point); return true;
        case K_CTRL: return take_control(in, k.point);
        case K_BACKSPACE: cut(in, before(in), in->cursor); return true;
        case K_DELETE: cut(in, in->cursor, behind(in)); return true;
        case K_LEFT: in->cursor = before(in); return true;
        case K_RIGHT: in->cursor = behind(in); return true;
        case K_HOME: in->cursor = 0; return true;
        case K_END: in->cursor = in->n; return true;
        default: return false;
        }
}

unsigned input_cursor_column(const struct input *in)
{
        CLEANUP_FREE char *left = mem_text_n(in->text, in->cursor);

        return canvas_width(left);
}

#include "base/file.h"
#include "tui/qr.h"
#include "tui/tty.h"
#include <poll.h>
#include <string.h>

/*  +--------------------------------------------------+-----------------------------+
 *  | the code: two modules in a character, one above  | part 3 of 9, and which keys |
 *  | the other; light all around                      |                             |
 *  +--------------------------------------------------+-----------------------------+
 * 24 rows are 48 modules: a code of 41, four light ones above it and three below. */
#define PANEL      30u /* columns beside the code */
#define LEAST_ROWS 24u
#define LEAST_COLS 80u
#define QUIET_DOWN (QR_QUIET - 1)
#define MOST_SHOWN 77u /* larger ones are hard to photograph */
#define ESC_GAP_MS 50

/* Black on white whatever the theme; who doesn't know bright white takes the white before it. */
#define PAPER "\x1b[0;30;47;107m"

enum turn { TURN_STAY, TURN_NEXT, TURN_BACK, TURN_END };

static void put(const struct tty *t, const struct bytes *b)
{
        if (fd_write_all(t->fd, b->p, b->n) != OK)
                err_forget();
}

static const char *half_blocks(bool above, bool below)
{
        if (above)
                return below ? "█" : "▀";
        return below ? "▄" : " ";
}

static void draw_code(const struct tty *t, const struct qr *q)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        int quiet = (int)QR_QUIET, side = (int)q->modules;
        unsigned line = 1;

        for (int row = -quiet; row < side + (int)QUIET_DOWN; row += 2, line++) {
                bytes_printf(&text, "\x1b[%u;1H" PAPER, line);
                for (int column = -quiet; column < side + quiet; column++)
                        bytes_add_text(&text,
                                       half_blocks(qr_is_dark(q, row, column), qr_is_dark(q, row + 1, column)));
                bytes_add_text(&text, "\x1b[0m\x1b[K");
        }
        put(t, &text);
}

static void draw_panel(const struct tty *t, const struct qr *q, const char *title, size_t part, size_t n)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        unsigned column = q->modules + 2 * QR_QUIET + 3;

        bytes_printf(&text, "\x1b[2;%uH%s", column, title);
        bytes_printf(&text, "\x1b[4;%uHpart %zu/%zu", column, part + 1, n);
        bytes_printf(&text, "\x1b[6;%uHEnter  %s", column, part + 1 < n ? "the next one" : "the end");
        bytes_printf(&text, "\x1b[7;%uHLeft   the one before", column);
        bytes_printf(&text, "\x1b[8;%uHq      end", column);
        bytes_printf(&text, "\x1b[10;%uHEvery part is needed, in", column);
        bytes_printf(&text, "\x1b[11;%uHany order.", column);
        put(t, &text);
}

/* ---- keys ---- */

static bool more_comes(const struct tty *t)
{
        struct pollfd p = {t->fd, POLLIN, 0};

        return poll(&p, 1, ESC_GAP_MS) > 0 && (p.revents & POLLIN);
}

/* Arrows; ESC alone ends. */
static enum err read_escape(const struct tty *t, enum turn *ret)
{
        unsigned char c = 0;
        enum err e = OK;

        *ret = TURN_END;
        if (!more_comes(t))
                return OK;
        if ((e = tty_read(t, &c)) == OK && (c == '[' || c == 'O'))
                e = tty_read(t, &c);
        *ret = c == 'C' || c == 'B' ? TURN_NEXT : c == 'D' || c == 'A' ? TURN_BACK : TURN_STAY;
        return e;
}

static enum err read_turn(const struct tty *t, enum turn *ret)
{
        unsigned char c;
        enum err e = tty_read(t, &c);

        *ret = TURN_STAY;
        if (e != OK)
                return e;
        if (c == 0x1B)
                return read_escape(t, ret);
        if (c == '\r' || c == '\n' || c == ' ' || c == 'n')
                *ret = TURN_NEXT;
        else if (c == 'p' || c == 0x7F || c == 0x08)
                *ret = TURN_BACK;
        else if (c == 'q' || c == 0x03 || c == 0x04)
                *ret = TURN_END;
        return OK;
}

static enum err turn_pages(const struct tty *t, const struct qr_set *s, const char *title)
{
        enum turn turn = TURN_STAY;
        enum err e = OK;

        for (size_t part = 0; e == OK && part < s->n && turn != TURN_END;) {
                draw_code(t, &s->code[part]);
                draw_panel(t, &s->code[part], title, part, s->n);
                e = read_turn(t, &turn);
                if (turn == TURN_NEXT)
                        part++;
                if (turn == TURN_BACK && part > 0)
                        part--;
        }
        return e == ERR_NOT_READY ? err_because(ERR_ABORTED, "suspended") : e;
}

static unsigned room_of(unsigned rows, unsigned columns)
{
        unsigned high = 2 * rows - QR_QUIET - QUIET_DOWN, wide = columns - PANEL - 2 * QR_QUIET;
        unsigned room = high < wide ? high : wide;

        return room < MOST_SHOWN ? room : MOST_SHOWN;
}

enum err qr_show(const struct bytes *text, enum block_kind kind, const char *title)
{
        CLEANUP_FD int fd = tty_open();
        struct tty t = {.fd = fd};
        struct qr_set set = {0};
        unsigned rows, columns;
        enum err e;

        if (fd < 0)
                return err_because(ERR_USAGE, "there is no terminal to show QR codes at: use --qr-file FILE");
        tty_size(&t, &rows, &columns);
        if (rows < LEAST_ROWS || columns < LEAST_COLS)
                return err_because(ERR_USAGE,
                                   "QR codes want a terminal of 80×24; this one has %u×%u: use --qr-file FILE",
                                   columns, rows);
        if ((e = qr_of_block(text, kind, room_of(rows, columns), &set)) != OK)
                return e;
        if (tty_take(&t)) {
                tty_page_begin(&t);
                e = turn_pages(&t, &set, title);
                tty_page_end(&t);
                tty_give_back(&t);
        } else {
                e = err_because(ERR_USAGE, "there is no terminal to show QR codes at: use --qr-file FILE");
        }
        qr_set_done(&set);
        return e;
}

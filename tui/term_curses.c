#include "tui/term.h"
#include <curses.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>

/* <term.h> takes these words for itself. */
#undef columns
#undef lines

#define PASTE_ON  "\x1b[?2004h"
#define PASTE_OFF "\x1b[?2004l"

static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};

static struct {
        SCREEN *screen;
        bool is_away, has_colours;
        struct termios before;
        struct hole hole; /* what is shown in it now */
        char farewell[128];
        size_t n_farewell;
        struct sigaction actions[COUNT_OF(deadly)];
} term;

/* ---- dying ---- */

/* A crash leaves a terminal that works, too. Only what is safe in a signal handler. */
static void restore_and_die(int number)
{
        if (write(STDOUT_FILENO, term.farewell, term.n_farewell) < 0)
                _exit(128 + number);
        tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
        signal(number, SIG_DFL);
        raise(number);
}

static void add_farewell(const char *capability)
{
        const char *text = tigetstr(capability);
        size_t n = text && text != (char *)-1 ? strlen(text) : 0;

        if (n == 0 || term.n_farewell + n >= sizeof(term.farewell))
                return;
        memcpy(term.farewell + term.n_farewell, text, n);
        term.n_farewell += n;
}

static void watch_crashes(void)
{
        struct sigaction action = {.sa_handler = restore_and_die, .sa_flags = (int)SA_RESETHAND};

        term.n_farewell = 0;
        add_farewell("clear");
        add_farewell("rmcup");
        add_farewell("sgr0");
        add_farewell("cnorm");
        memcpy(term.farewell + term.n_farewell, PASTE_OFF, strlen(PASTE_OFF));
        term.n_farewell += strlen(PASTE_OFF);
        sigemptyset(&action.sa_mask);
        for (size_t i = 0; i < COUNT_OF(deadly); i++)
                sigaction(deadly[i], &action, &term.actions[i]);
}

/* ---- opening ---- */

static bool can(const char *capability)
{
        const char *text = tigetstr(capability);

        return text && text != (char *)-1;
}

enum err term_check(void)
{
        const char *name = getenv("TERM");
        int why = 0;

        if (!name || !*name)
                return err_because(ERR_USAGE, "TERM is not set, so nothing is known of this terminal");
        if (setupterm(NULL, STDOUT_FILENO, &why) != OK)
                return err_because(ERR_USAGE, "nothing is known of a terminal called TERM=%s", name);
        bool is_able = can("cup") && can("clear");

        del_curterm(cur_term);
        return is_able ? OK : err_because(ERR_USAGE, "a terminal called TERM=%s cannot show screens", name);
}

static void put(const char *text)
{
        if (write(STDOUT_FILENO, text, strlen(text)) < 0)
                return; /* a terminal that went away shows itself at the next read */
}

static void take_modes(void)
{
        raw();
        noecho();
        nonl();
        put(PASTE_ON);
}

static void choose_colours(void)
{
        const char *no = getenv("NO_COLOR");

        term.has_colours = !(no && *no) && has_colors() && start_color() != ERR;
        if (!term.has_colours)
                return;
        short ground = use_default_colors() == ERR ? COLOR_BLACK : -1;

        init_pair(1, COLOR_GREEN, ground);
        init_pair(2, COLOR_YELLOW, ground);
        init_pair(3, COLOR_RED, ground);
        init_pair(4, COLOR_CYAN, ground);
}

enum err term_open(void)
{
        enum err e = term_check();

        if (e != OK)
                return e;
        if (tcgetattr(STDIN_FILENO, &term.before) != 0)
                return err_because(ERR_USAGE, "stdin is no terminal");
        set_escdelay(25);
        term.screen = newterm(NULL, stdout, stdin);
        if (!term.screen)
                return err_because(ERR_USAGE, "this terminal can't be used");
        watch_crashes();
        take_modes();
        choose_colours();
        leaveok(stdscr, FALSE);
        return OK;
}

/* ---- drawing ---- */

static attr_t look_of(enum role role)
{
        bool c = term.has_colours;

        switch (role) {
        case ROLE_TITLE: return A_BOLD;
        case ROLE_LABEL: return c ? COLOR_PAIR(4) : A_NORMAL;
        case ROLE_GOOD: return c ? COLOR_PAIR(1) : A_NORMAL;
        case ROLE_WARN: return c ? COLOR_PAIR(2) : A_BOLD;
        case ROLE_BAD: return c ? COLOR_PAIR(3) | A_BOLD : A_BOLD;
        case ROLE_SELECTED: return A_REVERSE;
        case ROLE_DIM: return c ? A_DIM : A_NORMAL;
        case ROLE_PLAIN:
        case ROLE_COUNT: break;
        }
        return A_NORMAL;
}

static void move_to(unsigned y, unsigned x)
{
        const char *cup = tigetstr("cup");
        const char *text = cup && cup != (char *)-1 ? tiparm(cup, (int)y, (int)x) : NULL;

        if (text)
                put(text);
}

static bool same_hole(const struct hole *a, const struct hole *b)
{
        return a->y == b->y && a->x == b->x && a->rows == b->rows && a->columns == b->columns && a->skip == b->skip;
}

/* Curses thinks that there is nothing: where a secret was, it must paint its blanks again. */
static void forget_hole(const struct hole *now)
{
        if (term.hole.rows && !same_hole(&term.hole, now))
                wredrawln(stdscr, (int)term.hole.y, (int)term.hole.rows);
}

static void fill_hole(const struct canvas *c, term_fill *fill, void *context)
{
        term.hole = c->hole;
        if (!fill)
                return;
        for (unsigned i = 0; i < c->hole.rows; i++) {
                move_to(c->hole.y + i, c->hole.x);
                fill(context, c->hole.skip + i, c->hole.columns, STDOUT_FILENO);
        }
        if (c->hole.rows)
                move_to(c->cursor_y, c->cursor_x);
}

void term_draw(const struct canvas *c, term_fill *fill, void *context)
{
        if (!term.screen || term.is_away)
                return;
        if ((int)c->rows != LINES || (int)c->columns != COLS)
                resizeterm((int)c->rows, (int)c->columns);
        erase();
        for (unsigned y = 0; y < c->rows; y++)
                for (unsigned x = 0; x < c->columns; x++) {
                        const struct cell *cell = &c->cell[(size_t)y * c->columns + x];

                        if (!cell->glyph[0] || (cell->glyph[0] == ' ' && cell->role != ROLE_SELECTED))
                                continue;
                        attrset((int)look_of((enum role)cell->role));
                        mvaddstr((int)y, (int)x, cell->glyph);
                }
        attrset(A_NORMAL);
        forget_hole(&c->hole);
        move((int)c->cursor_y, (int)c->cursor_x);
        refresh();
        fill_hole(c, fill, context);
}

void term_size(unsigned *ret_rows, unsigned *ret_columns)
{
        struct winsize size = {0};
        bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;

        *ret_rows = known ? size.ws_row : 24;
        *ret_columns = known ? size.ws_col : 80;
}

void term_redraw(void)
{
        if (term.screen)
                clearok(curscr, TRUE);
}

/* ---- leaving ---- */

static void wipe(void)
{
        erase();
        clearok(curscr, TRUE);
        refresh();
        term.hole = (struct hole){0};
}

void term_leave(void)
{
        if (!term.screen || term.is_away)
                return;
        wipe();
        put(PASTE_OFF);
        endwin();
        term.is_away = true;
}

void term_return(void)
{
        if (!term.screen || !term.is_away)
                return;
        term.is_away = false;
        reset_prog_mode();
        take_modes();
        clearok(curscr, TRUE);
        refresh();
}

void term_close(void)
{
        if (!term.screen)
                return;
        term_leave();
        delscreen(term.screen);
        term.screen = NULL;
        while (tcsetattr(STDIN_FILENO, TCSADRAIN, &term.before) != 0 && errno == EINTR)
                ;
        for (size_t i = 0; i < COUNT_OF(deadly); i++)
                sigaction(deadly[i], &term.actions[i], NULL);
}

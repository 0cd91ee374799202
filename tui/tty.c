#include "tui/tty.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#define PASTE_ON  "\x1b[?2004h"
#define PASTE_OFF "\x1b[?2004l"

static const int watched[TTY_SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
        caught = number;
}

int tty_open(void)
{
        return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

void tty_put(const struct tty *t, const char *text)
{
        if (fd_write_all(t->fd, text, strlen(text)) != OK)
                err_forget();
}

static void signals_give_back(const struct tty *t)
{
        pthread_sigmask(SIG_SETMASK, &t->mask, NULL);
        for (size_t i = 0; i < COUNT_OF(watched); i++)
                sigaction(watched[i], &t->actions[i], NULL);
}

/* Asking for brackets around a paste shows as rubbish where nobody understands it. */
static bool terminal_knows_paste(void)
{
        const char *term = getenv("TERM");

        return term && *term && strcmp(term, "dumb") != 0;
}

bool tty_take(struct tty *t)
{
        struct termios quiet;
        sigset_t blocked;
        struct sigaction action = {.sa_handler = catch_signal};

        if (tcgetattr(t->fd, &t->before) != 0)
                return false;
        caught = 0;
        sigemptyset(&action.sa_mask);
        sigemptyset(&blocked);
        for (size_t i = 0; i < COUNT_OF(watched); i++)
                sigaddset(&blocked, watched[i]);
        pthread_sigmask(SIG_BLOCK, &blocked, &t->mask);
        for (size_t i = 0; i < COUNT_OF(watched); i++)
                sigaction(watched[i], &action, &t->actions[i]);
        quiet = t->before;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        quiet.c_cc[VMIN] = 1;
        quiet.c_cc[VTIME] = 0;
        if (tcsetattr(t->fd, TCSAFLUSH, &quiet) != 0) {
                signals_give_back(t);
                return false;
        }
        if (terminal_knows_paste())
                tty_put(t, PASTE_ON);
        return true;
}

void tty_give_back(struct tty *t)
{
        if (terminal_knows_paste())
                tty_put(t, PASTE_OFF);
        while (tcsetattr(t->fd, TCSADRAIN, &t->before) != 0 && errno == EINTR)
                ;
        signals_give_back(t);
}

enum err tty_read(const struct tty *t, unsigned char *ret)
{
        struct pollfd p = {t->fd, POLLIN, 0};
        ssize_t n;

        while (ppoll(&p, 1, NULL, &t->mask) < 0 && errno == EINTR && !caught)
                ;
        if (caught == SIGTSTP)
                return ERR_NOT_READY;
        if (caught)
                return err_because(ERR_ABORTED, "ended by a signal");
        n = read(t->fd, ret, 1);
        return n == 1 ? OK : err_because(ERR_ABORTED, "the terminal went away");
}

bool tty_was_ended(void)
{
        return caught && caught != SIGTSTP;
}

/* ---- a page ---- */

void tty_size(const struct tty *t, unsigned *ret_rows, unsigned *ret_columns)
{
        struct winsize size = {0};

        if (ioctl(t->fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
                size = (struct winsize){.ws_row = 24, .ws_col = 80};
        *ret_rows = size.ws_row;
        *ret_columns = size.ws_col;
}

/* Erasing line by line: some terminals push what ESC[2J clears into the scrollback. */
static void wipe(const struct tty *t)
{
        unsigned rows, columns;

        tty_size(t, &rows, &columns);
        for (unsigned row = 1; row <= rows; row++) {
                char text[32];

                snprintf(text, sizeof(text), "\x1b[%u;1H\x1b[2K", row);
                tty_put(t, text);
        }
        tty_put(t, "\x1b[1;1H");
}

void tty_page_begin(const struct tty *t)
{
        tty_put(t, "\x1b[?1049h\x1b[0m");
        wipe(t);
}

void tty_page_end(const struct tty *t)
{
        tty_put(t, "\x1b[0m");
        wipe(t);
        tty_put(t, "\x1b[?1049l");
}

#include "tui/prompt.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

#define PASTE_ON  "\x1b[?2004h"
#define PASTE_OFF "\x1b[?2004l"
/* Behind an Enter that a person typed nothing follows so soon; behind a pasted one the rest of the paste does. */
#define PASTE_GAP_MS 30

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
        caught = number;
}

/* The terminal while a question is open. */
struct question {
        int tty;
        bool is_shown;
        struct termios before;
        struct sigaction actions[COUNT_OF(watched)];
        sigset_t mask;      /* before: signals come in only while waiting for a key, so that none slips by */
        struct secret text; /* PROMPT_MAX + 1 bytes: the last is the byte just read */
        size_t n;
        bool in_paste, was_pasted, is_too_long;
};

static void put_text(const struct question *q, const char *text)
{
        /* A terminal that went away shows itself at the next read. */
        if (fd_write_all(q->tty, text, strlen(text)) != OK)
                err_forget();
}

static void signals_give_back(const struct question *q)
{
        pthread_sigmask(SIG_SETMASK, &q->mask, NULL);
        for (size_t i = 0; i < COUNT_OF(watched); i++)
                sigaction(watched[i], &q->actions[i], NULL);
}

/* Asking for brackets around a paste shows as rubbish where nobody understands it. */
static bool terminal_knows_paste(void)
{
        const char *term = getenv("TERM");

        return term && *term && strcmp(term, "dumb") != 0;
}

static bool terminal_take(struct question *q)
{
        struct termios quiet;
        sigset_t blocked;
        struct sigaction action = {.sa_handler = catch_signal};

        if (tcgetattr(q->tty, &q->before) != 0)
                return false;
        caught = 0;
        sigemptyset(&action.sa_mask);
        sigemptyset(&blocked);
        for (size_t i = 0; i < COUNT_OF(watched); i++)
                sigaddset(&blocked, watched[i]);
        pthread_sigmask(SIG_BLOCK, &blocked, &q->mask);
        for (size_t i = 0; i < COUNT_OF(watched); i++)
                sigaction(watched[i], &action, &q->actions[i]);
        quiet = q->before;
        quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        quiet.c_cc[VMIN] = 1;
        quiet.c_cc[VTIME] = 0;
        if (tcsetattr(q->tty, TCSAFLUSH, &quiet) != 0) {
                signals_give_back(q);
                return false;
        }
        if (terminal_knows_paste())
                put_text(q, PASTE_ON);
        return true;
}

static void terminal_give_back(struct question *q)
{
        if (terminal_knows_paste())
                put_text(q, PASTE_OFF);
        while (tcsetattr(q->tty, TCSADRAIN, &q->before) != 0 && errno == EINTR)
                ;
        signals_give_back(q);
}

static void show(const struct question *q, const unsigned char *p, size_t n)
{
        if (q->is_shown && fd_write_all(q->tty, p, n) != OK)
                err_forget();
}

/* Takes the last character back, all its bytes. */
static void rub_out(struct question *q)
{
        if (q->n == 0)
                return;
        while (q->n > 0 && (q->text.bytes[--q->n] & 0xC0) == 0x80)
                q->text.bytes[q->n] = 0;
        q->text.bytes[q->n] = 0;
        show(q, (const unsigned char *)"\b \b", 3);
}

/* One byte into the end of the locked buffer. */
static enum err read_byte(struct question *q, unsigned char **ret)
{
        struct pollfd p = {q->tty, POLLIN, 0};
        ssize_t n;

        *ret = &q->text.bytes[PROMPT_MAX];
        while (ppoll(&p, 1, NULL, &q->mask) < 0 && errno == EINTR && !caught)
                ;
        if (caught == SIGTSTP)
                return ERR_NOT_READY; /* suspended from outside: the caller puts the terminal back first */
        if (caught)
                return err_because(ERR_ABORTED, "ended by a signal");
        n = read(q->tty, *ret, 1);
        return n == 1 ? OK : err_because(ERR_ABORTED, "the terminal went away");
}

/* ESC was read: a bracketed paste's begin or end, or some key that means nothing here. */
static enum err read_escape(struct question *q)
{
        char sequence[8] = {0};
        unsigned char *c;
        enum err e;

        if ((e = read_byte(q, &c)) != OK || *c != '[')
                return e;
        for (size_t i = 0; (e = read_byte(q, &c)) == OK; i++) {
                if (i < sizeof(sequence) - 1)
                        sequence[i] = (char)*c;
                if (*c >= 0x40 && *c <= 0x7E)
                        break;
        }
        if (e == OK && strcmp(sequence, "200~") == 0)
                q->in_paste = true;
        if (e == OK && strcmp(sequence, "201~") == 0)
                q->in_paste = false;
        return e;
}

static void take_byte(struct question *q, unsigned char c)
{
        if (q->n == PROMPT_MAX) {
                q->is_too_long = true;
                return;
        }
        q->text.bytes[q->n++] = c;
        show(q, &q->text.bytes[q->n - 1], 1);
}

/* Reads until Enter. */
static enum err read_answer(struct question *q)
{
        unsigned char *c;
        enum err e;

        while ((e = read_byte(q, &c)) == OK) {
                if (*c == '\n' || *c == '\r') {
                        if (!q->in_paste)
                                return OK;
                        q->was_pasted = true;
                } else if (*c == 0x03) {
                        return err_because(ERR_ABORTED, "stopped at the terminal");
                } else if (*c == 0x04 && q->n == 0) {
                        return err_because(ERR_ABORTED, "no answer");
                } else if (*c == 0x1A) {
                        return ERR_NOT_READY;
                } else if (*c == 0x1B) {
                        if ((e = read_escape(q)) != OK)
                                return e;
                } else if (*c == 0x7F || *c == 0x08) {
                        rub_out(q);
                } else if (*c == 0x15) {
                        while (q->n > 0)
                                rub_out(q);
                } else if (*c >= 0x20) {
                        take_byte(q, *c);
                }
        }
        return e;
}

static bool more_behind(const struct question *q)
{
        struct pollfd p = {q->tty, POLLIN, 0};

        return poll(&p, 1, PASTE_GAP_MS) > 0 && (p.revents & POLLIN);
}

/* Asks, and asks again after the program was suspended and continued. */
static enum err ask(struct question *q, const char *question)
{
        enum err e;

        do {
                if (!terminal_take(q))
                        return err_because(ERR_USAGE, "there is no terminal to ask at");
                put_text(q, question);
                q->n = 0;
                q->in_paste = q->was_pasted = q->is_too_long = false;
                e = read_answer(q);
                if (e == OK && q->is_shown && more_behind(q)) {
                        q->was_pasted = true;
                        tcflush(q->tty, TCIFLUSH);
                }
                put_text(q, "\n");
                terminal_give_back(q);
                if (e == OK && caught && caught != SIGTSTP)
                        e = err_because(ERR_ABORTED, "ended by a signal");
                if (e == ERR_NOT_READY)
                        raise(SIGTSTP);
        } while (e == ERR_NOT_READY);
        if (e == OK && q->is_too_long)
                e = err_because(ERR_USAGE, "the answer is longer than %u bytes", PROMPT_MAX);
        return e;
}

enum err prompt_secret_at(int tty, const char *question, struct secret *ret)
{
        struct question q = {.tty = tty};
        enum err e;

        if ((e = secret_new(PROMPT_MAX + 1, &q.text)) != OK)
                return e;
        e = ask(&q, question);
        if (e == OK && q.n > 0)
                e = secret_copy(q.text.bytes, q.n, ret);
        secret_wipe(&q.text);
        return e;
}

enum err prompt_line_at(int tty, const char *question, struct bytes *ret, bool *ret_pasted)
{
        struct question q = {.tty = tty, .is_shown = true};
        enum err e;

        if ((e = secret_new(PROMPT_MAX + 1, &q.text)) != OK)
                return e;
        e = ask(&q, question);
        if (e == OK) {
                bytes_clear(ret);
                bytes_add(ret, q.text.bytes, q.n);
                if (ret_pasted)
                        *ret_pasted = q.was_pasted;
        }
        secret_wipe(&q.text);
        return e;
}

static int open_terminal(void)
{
        return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool prompt_possible(void)
{
        CLEANUP_FD int tty = open_terminal();

        return tty >= 0;
}

enum err prompt_secret(const char *question, struct secret *ret)
{
        CLEANUP_FD int tty = open_terminal();

        if (tty < 0)
                return err_because(ERR_USAGE, "there is no terminal to ask at");
        return prompt_secret_at(tty, question, ret);
}

enum err prompt_line(const char *question, struct bytes *ret, bool *ret_pasted)
{
        CLEANUP_FD int tty = open_terminal();

        if (tty < 0)
                return err_because(ERR_USAGE, "there is no terminal to ask at");
        return prompt_line_at(tty, question, ret, ret_pasted);
}

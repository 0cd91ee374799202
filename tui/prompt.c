#include "tui/prompt.h"
#include "base/file.h"
#include "tui/tty.h"
#include <poll.h>
#include <string.h>
#include <termios.h>

/* Behind an Enter that a person typed nothing follows so soon; behind a pasted one the rest of the paste does. */
#define PASTE_GAP_MS 30

/* A question while it is open. */
struct question {
        struct tty tty;
        bool is_shown;
        struct secret text; /* PROMPT_MAX + 1 bytes: the last is the byte just read */
        size_t n;
        bool in_paste, was_pasted, is_too_long;
};

static void show(const struct question *q, const unsigned char *p, size_t n)
{
        if (q->is_shown && fd_write_all(q->tty.fd, p, n) != OK)
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
        *ret = &q->text.bytes[PROMPT_MAX];
        return tty_read(&q->tty, *ret);
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
        struct pollfd p = {q->tty.fd, POLLIN, 0};

        return poll(&p, 1, PASTE_GAP_MS) > 0 && (p.revents & POLLIN);
}

/* Asks, and asks again after the program was suspended and continued. */
static enum err ask(struct question *q, const char *question)
{
        enum err e;

        do {
                if (!tty_take(&q->tty))
                        return err_because(ERR_USAGE, "there is no terminal to ask at");
                tty_put(&q->tty, question);
                q->n = 0;
                q->in_paste = q->was_pasted = q->is_too_long = false;
                e = read_answer(q);
                if (e == OK && q->is_shown && more_behind(q)) {
                        q->was_pasted = true;
                        tcflush(q->tty.fd, TCIFLUSH);
                }
                tty_put(&q->tty, "\n");
                tty_give_back(&q->tty);
                if (e == OK && tty_was_ended())
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
        struct question q = {.tty = {.fd = tty}};
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
        struct question q = {.tty = {.fd = tty}, .is_shown = true};
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

bool prompt_possible(void)
{
        CLEANUP_FD int tty = tty_open();

        return tty >= 0;
}

enum err prompt_secret(const char *question, struct secret *ret)
{
        CLEANUP_FD int tty = tty_open();

        if (tty < 0)
                return err_because(ERR_USAGE, "there is no terminal to ask at");
        return prompt_secret_at(tty, question, ret);
}

enum err prompt_line(const char *question, struct bytes *ret, bool *ret_pasted)
{
        CLEANUP_FD int tty = tty_open();

        if (tty < 0)
                return err_because(ERR_USAGE, "there is no terminal to ask at");
        return prompt_line_at(tty, question, ret, ret_pasted);
}

/* The terminal while somebody is asked at it: no echo, byte by byte, signals kept until the terminal is put back. */
#pragma once
#include "base/bytes.h"
#include <signal.h>
#include <termios.h>

#define TTY_SIGNALS 5u

struct tty {
        int fd;
        struct termios before;
        struct sigaction actions[TTY_SIGNALS];
        sigset_t mask; /* before: signals come in only while waiting for a key, so that none slips by */
};

/* /dev/tty, or -1. */
int tty_open(void);
/* What was typed ahead is dropped. False: no terminal. */
bool tty_take(struct tty *t);
void tty_give_back(struct tty *t);
/* A terminal that went away shows itself at the next read. */
void tty_put(const struct tty *t, const char *text);
/* Waits for one byte; where it goes is the caller's (locked memory, for a secret). Errors: ERR_ABORTED (a signal, the
 * terminal went away), ERR_NOT_READY (suspended from outside: give the terminal back, raise(SIGTSTP), take it again).
 */
MUST_CHECK enum err tty_read(const struct tty *t, unsigned char *ret);
/* Whether a signal that ends the program came since tty_take(). */
bool tty_was_ended(void);

/* A page that leaves nothing behind: on the alternate screen where the terminal has one, and wiped row by row. */
void tty_page_begin(const struct tty *t);
void tty_page_end(const struct tty *t);
/* Columns and rows; 80×24 when the terminal doesn't say. */
void tty_size(const struct tty *t, unsigned *ret_rows, unsigned *ret_columns);

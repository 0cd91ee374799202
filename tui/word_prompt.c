#include "tui/word_prompt.h"
#include "base/file.h"
#include "tui/tty.h"
#include <string.h>

#define CURSOR_TO_START "\r\x1b[K"
#define KEY_BYTE        (2u * MNEMONIC_LETTERS)

struct asking {
        struct tty tty;
        struct secret cells;
        struct secret hand; /* the letters typed, the word they make, and the key just pressed */
        size_t word, letters;
        const char *remark;
};

static unsigned char *typed(const struct asking *a)
{
        return a->hand.bytes;
}

static unsigned char *whole(const struct asking *a)
{
        return a->hand.bytes + MNEMONIC_LETTERS;
}

static unsigned char *cell(const struct asking *a)
{
        return a->cells.bytes + a->word * MNEMONIC_LETTERS;
}

static size_t length_of(const unsigned char *letters)
{
        return strnlen((const char *)letters, MNEMONIC_LETTERS);
}

/* How many words begin as typed; whole() is the word when it is clear which. */
static unsigned complete(const struct asking *a)
{
        memcpy(whole(a), typed(a), MNEMONIC_LETTERS);
        return a->letters ? mnemonic_complete(typed(a), whole(a)) : MNEMONIC_LIST;
}

/* ---- the line ---- */

static void put_letters(const struct asking *a, const unsigned char *letters, size_t n)
{
        if (fd_write_all(a->tty.fd, letters, n) != OK)
                err_forget();
}

static void draw(const struct asking *a)
{
        char head[64];
        unsigned n = complete(a);

        snprintf(head, sizeof(head), CURSOR_TO_START "%s %2zu of %u: ", paper_set_name(a->word / MNEMONIC_WORDS),
                 a->word % MNEMONIC_WORDS + 1, MNEMONIC_WORDS);
        tty_put(&a->tty, head);
        put_letters(a, typed(a), a->letters);
        if (n == 1 && length_of(whole(a)) > a->letters) {
                tty_put(&a->tty, "[");
                put_letters(a, whole(a) + a->letters, length_of(whole(a)) - a->letters);
                tty_put(&a->tty, "]");
        }
        if (a->remark) {
                tty_put(&a->tty, "   ");
                tty_put(&a->tty, a->remark);
        }
}

/* ---- keys ---- */

static void drop_letters(struct asking *a)
{
        explicit_bzero(a->hand.bytes, a->hand.len);
        a->letters = 0;
}

/* The word before, as it was typed. */
static void go_back(struct asking *a)
{
        if (a->word == 0)
                return;
        a->word--;
        drop_letters(a);
        memcpy(typed(a), cell(a), MNEMONIC_LETTERS);
        a->letters = length_of(cell(a));
}

static void rub_out(struct asking *a)
{
        if (a->letters == 0) {
                go_back(a);
                return;
        }
        typed(a)[--a->letters] = 0;
}

static void add_letter(struct asking *a, unsigned char c)
{
        if (a->letters == MNEMONIC_LETTERS) {
                a->remark = "no word of the list is so long";
                return;
        }
        typed(a)[a->letters++] = c | 0x20;
}

/* A word of the list goes into its cell; the last one of a set only with a checksum that holds. */
static void take_word(struct asking *a)
{
        if (a->letters == 0)
                return;
        (void)complete(a);
        if (!mnemonic_has(whole(a))) {
                a->remark = complete(a) > 1 ? "several words begin so: type on" : "not on the list: look again";
                return;
        }
        memcpy(cell(a), whole(a), MNEMONIC_LETTERS);
        if (a->word % MNEMONIC_WORDS == MNEMONIC_WORDS - 1 &&
            paper_check_set(&a->cells, a->word / MNEMONIC_WORDS) != OK) {
                err_forget();
                a->remark = "the 24 words don't fit together: one is wrong (Backspace)";
                return;
        }
        a->word++;
        drop_letters(a);
}

/* ESC was read: a paste's brackets, or a key that means nothing here. */
static enum err skip_escape(struct asking *a, unsigned char *key)
{
        enum err e = tty_read(&a->tty, key);

        if (e != OK || *key != '[')
                return e;
        do
                e = tty_read(&a->tty, key);
        while (e == OK && (*key < 0x40 || *key > 0x7E));
        return e;
}

static enum err take_key(struct asking *a, unsigned char *key)
{
        a->remark = NULL;
        if (*key == 0x03 || (*key == 0x04 && a->letters == 0))
                return err_because(ERR_ABORTED, "stopped at the terminal");
        if (*key == 0x1A)
                return ERR_NOT_READY;
        if (*key == 0x1B)
                return skip_escape(a, key);
        if (*key == ' ' || *key == '\r' || *key == '\n' || *key == '\t')
                take_word(a);
        else if (*key == 0x7F || *key == 0x08)
                rub_out(a);
        else if (*key == 0x15)
                drop_letters(a);
        else if ((*key >= 'a' && *key <= 'z') || (*key >= 'A' && *key <= 'Z'))
                add_letter(a, *key);
        return OK;
}

/* ---- all of them ---- */

static enum err ask(struct asking *a)
{
        unsigned char *key = a->hand.bytes + KEY_BYTE;
        enum err e = OK;

        while (e == OK && a->word < PAPER_WORDS) {
                draw(a);
                if ((e = tty_read(&a->tty, key)) == OK)
                        e = take_key(a, key);
        }
        return e;
}

static enum err ask_at(struct asking *a)
{
        enum err e;

        do {
                if (!tty_take(&a->tty))
                        return err_because(ERR_USAGE, "there is no terminal to ask at");
                e = ask(a);
                tty_put(&a->tty, CURSOR_TO_START);
                tty_give_back(&a->tty);
                if (e == ERR_NOT_READY)
                        raise(SIGTSTP); /* what was typed is there when the program goes on */
        } while (e == ERR_NOT_READY);
        return e == OK && tty_was_ended() ? err_because(ERR_ABORTED, "ended by a signal") : e;
}

enum err word_prompt_at(int tty, struct secret *ret)
{
        struct asking a = {.tty = {.fd = tty}};
        enum err e;

        if ((e = secret_new(PAPER_BYTES, &a.cells)) != OK)
                return e;
        if ((e = secret_new(KEY_BYTE + 1, &a.hand)) == OK)
                e = ask_at(&a);
        if (e == OK)
                secret_move(ret, &a.cells);
        secret_wipe(&a.cells);
        secret_wipe(&a.hand);
        return e;
}

enum err word_prompt(struct secret *ret)
{
        CLEANUP_FD int tty = tty_open();

        if (tty < 0)
                return err_because(ERR_USAGE, "there is no terminal to ask at; --words-fd N takes the words from a "
                                              "descriptor");
        return word_prompt_at(tty, ret);
}

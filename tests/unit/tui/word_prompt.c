#include "tui/word_prompt.h"
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <string.h>

/* A person at a terminal with an envelope: what they see collects in `seen`. */
struct person {
        int master, slave;
        struct bytes seen;
        pthread_t asker;
        struct secret words; /* of the envelope */
        /* what came out */
        enum err e;
        struct secret cells;
};

static void *ask(void *context)
{
        struct person *p = context;

        p->e = word_prompt_at(p->slave, &p->cells);
        return NULL;
}

static void wait_until_seen(struct person *p, const char *text)
{
        while (!strstr(bytes_text(&p->seen), text)) {
                char part[4096];
                ssize_t n = read(p->master, part, sizeof(part));

                cr_assert(n > 0);
                bytes_add(&p->seen, part, (size_t)n);
        }
        bytes_clear(&p->seen);
}

static void type(struct person *p, const char *keys)
{
        cr_assert_eq(write(p->master, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void sit_down(struct person *p)
{
        struct identity i = {0};
        const struct termios raw = {0};

        *p = (struct person){0};
        cr_assert_eq(identity_new(&i), OK);
        cr_assert_eq(paper_write(&i, &p->words), OK);
        identity_wipe(&i);
        cr_assert_eq(openpty(&p->master, &p->slave, NULL, &raw, NULL), 0);
        cr_assert_eq(pthread_create(&p->asker, NULL, ask, p), 0);
        wait_until_seen(p, "sign  1 of 24: ");
}

/* Reads on until the question is answered, so that nobody waits for room on the screen. */
static void wait_for_end(struct person *p)
{
        struct pollfd look = {p->master, POLLIN, 0};
        char part[4096];

        while (pthread_tryjoin_np(p->asker, NULL) != 0)
                if (poll(&look, 1, 10) > 0)
                        cr_assert(read(p->master, part, sizeof(part)) > 0);
}

static void get_up(struct person *p)
{
        close(p->master);
        close(p->slave);
        bytes_done(&p->seen);
        secret_wipe(&p->words);
        secret_wipe(&p->cells);
}

static void word(const struct person *p, size_t number, size_t letters, char ret[MNEMONIC_LETTERS + 1])
{
        memset(ret, 0, MNEMONIC_LETTERS + 1);
        memcpy(ret, p->words.bytes + number * MNEMONIC_LETTERS, letters);
}

static void type_words(struct person *p, size_t from, size_t to, size_t letters, const char *then)
{
        for (size_t i = from; i < to; i++) {
                char text[MNEMONIC_LETTERS + 1], expected[64];

                word(p, i, letters, text);
                type(p, text);
                type(p, then);
                snprintf(expected, sizeof(expected), "%2zu of 24: ", (i + 1) % MNEMONIC_WORDS + 1);
                if (i + 1 < PAPER_WORDS)
                        wait_until_seen(p, expected);
        }
}

Test(word_prompt, four_letters_of_each_are_enough)
{
        struct person p;

        sit_down(&p);
        type_words(&p, 0, PAPER_WORDS, MNEMONIC_TELLING, " ");
        wait_for_end(&p);
        cr_expect_eq(p.e, OK, "%s", err_reason());
        cr_expect(secret_equal(&p.cells, &p.words));
        get_up(&p);
}

Test(word_prompt, a_word_that_is_none_is_told_and_can_be_typed_anew)
{
        struct person p;

        sit_down(&p);
        type(&p, "zzz ");
        wait_until_seen(&p, "not on the list");
        type(&p, "\x15");
        type(&p, "ab ");
        wait_until_seen(&p, "several words begin so");
        type(&p, "\x15");
        type_words(&p, 0, PAPER_WORDS, MNEMONIC_LETTERS, "\r");
        wait_for_end(&p);
        cr_expect_eq(p.e, OK);
        cr_expect(secret_equal(&p.cells, &p.words));
        get_up(&p);
}

Test(word_prompt, backspace_goes_back_a_word)
{
        struct person p;
        char first[MNEMONIC_LETTERS + 1], expected[64];

        sit_down(&p);
        type_words(&p, 0, 1, MNEMONIC_LETTERS, " ");
        word(&p, 0, MNEMONIC_LETTERS, first);
        snprintf(expected, sizeof(expected), "sign  1 of 24: %s", first);
        type(&p, "\x7f");
        wait_until_seen(&p, expected);
        type(&p, "\x03");
        wait_for_end(&p);
        cr_expect_eq(p.e, ERR_ABORTED);
        cr_expect_null(p.cells.bytes);
        get_up(&p);
}

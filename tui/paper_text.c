#include "tui/paper_page.h"
#include <assert.h>
#include <string.h>

#define ROOM    4096u
#define COLUMNS 6u
#define ROWS    (MNEMONIC_WORDS / COLUMNS)

void sign_key_fingerprint(const struct key *signs, char ret[FINGERPRINT_TEXT])
{
        CLEANUP_BYTES struct bytes blob = BYTES_NONE, base64 = BYTES_NONE;
        char text[SIGN_KEY_TEXT];
        struct hash h;

        sign_key_format(signs, text);
        if (base64_decode(span_text(strchr(text, ' ') + 1), &blob) != OK)
                err_forget(); /* our own spelling */
        h = hash_of(bytes_span(&blob));
        bytes_add_base64(&base64, span_of(h.b, HASH_BYTES));
        snprintf(ret, FINGERPRINT_TEXT, "SHA256:%.43s", bytes_text(&base64));
}

/* ---- the page ---- */

struct page {
        struct secret *s;
        size_t n;
};

static void add(struct page *p, const void *bytes, size_t n)
{
        assert(p->n + n <= p->s->len);
        memcpy(p->s->bytes + p->n, bytes, n);
        p->n += n;
}

static void add_text(struct page *p, const char *text)
{
        add(p, text, strlen(text));
}

static void add_field(struct page *p, const char *label, const char *value)
{
        char line[256];

        snprintf(line, sizeof(line), "  %-13s%s\n", label, value);
        add_text(p, line);
}

/* Always the same bytes in the same places, whichever words they are. */
static void add_word(struct page *p, unsigned number, const unsigned char cell[MNEMONIC_LETTERS])
{
        char head[16];
        unsigned char *to;

        snprintf(head, sizeof(head), "%2u ", number);
        add_text(p, head);
        add(p, cell, MNEMONIC_LETTERS);
        to = p->s->bytes + p->n - MNEMONIC_LETTERS;
        for (unsigned i = 0; i < MNEMONIC_LETTERS; i++)
                to[i] = (unsigned char)(to[i] | (0x20u & (((uint32_t)to[i] - 1u) >> 8)));
}

static void add_set(struct page *p, const char *title, const unsigned char *cells)
{
        add_text(p, title);
        for (unsigned row = 0; row < ROWS; row++) {
                for (unsigned column = 0; column < COLUMNS; column++) {
                        unsigned w = row * COLUMNS + column;

                        add_text(p, "  ");
                        add_word(p, w + 1, cells + (size_t)w * MNEMONIC_LETTERS);
                }
                add_text(p, "\n");
        }
}

static void add_about(struct page *p, const struct paper_page *about)
{
        char fingerprint[FINGERPRINT_TEXT], opens[AGE_PUBLIC_TEXT];

        sign_key_fingerprint(&about->identity->signs, fingerprint);
        open_key_format(&about->identity->opens, opens);
        add_text(p, "BREAKGLASS PAPER KEY\n\n");
        add_field(p, "name", about->name);
        add_field(p, "for", about->purpose);
        if (about->installation)
                add_field(p, "installation", about->installation);
        if (about->genesis)
                add_field(p, "genesis", about->genesis);
        add_field(p, "sign key", fingerprint);
        add_field(p, "open key", opens);
        add_text(p, "\n");
}

enum err paper_text(const struct paper_page *about, struct secret *ret)
{
        CLEANUP_SECRET struct secret room = SECRET_NONE, words = SECRET_NONE;
        struct page p = {.s = &room};
        enum err e;

        if ((e = paper_write(about->identity, &words)) != OK)
                return e;
        if ((e = secret_new(ROOM, &room)) != OK)
                return e;
        add_about(&p, about);
        add_set(&p, "sign: 24 words of the signing key, row by row\n", words.bytes);
        add_set(&p, "open: 24 words of the opening key\n", words.bytes + PAPER_BYTES / PAPER_SETS);
        add_text(&p, "\nWhoever has these words is this person: keep them sealed, and count the seal.\n"
                     "To use them:   breakglass COMMAND --words     (four letters of a word do)\n"
                     "To check them: breakglass paper --check\n");
        if ((e = secret_resize(&room, p.n)) != OK)
                return e;
        secret_move(ret, &room);
        return OK;
}

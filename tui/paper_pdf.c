#include "tui/paper_page.h"
#include <assert.h>
#include <string.h>

/* PDF 1.4 (ISO 32000): five objects and the table of where they begin. Courier is one of the fonts that every reader
 * and printer brings along; WinAnsiEncoding is Latin-1 as far as it goes here. */
#define ROOM    16384u
#define OBJECTS 5u

struct pdf {
        struct secret *s;
        size_t n, begins[OBJECTS + 1];
};

static void add(struct pdf *p, const void *bytes, size_t n)
{
        assert(p->n + n <= p->s->len);
        memcpy(p->s->bytes + p->n, bytes, n);
        p->n += n;
}

static void add_text(struct pdf *p, const char *text)
{
        add(p, text, strlen(text));
}

static void begin_object(struct pdf *p, unsigned number)
{
        char text[32];

        p->begins[number] = p->n;
        snprintf(text, sizeof(text), "%u 0 obj\n", number);
        add_text(p, text);
}

/* A character of a string; U+0080…U+00FF is one byte of Latin-1, what is beyond has no shape in it. */
static size_t add_character(struct pdf *p, const unsigned char *c, size_t n)
{
        unsigned char latin = '?';
        size_t used = 1;

        if (*c == '(' || *c == ')' || *c == '\\')
                add(p, "\\", 1);
        if (*c < 0x80) {
                add(p, c, 1);
                return 1;
        }
        if ((*c == 0xC2 || *c == 0xC3) && n > 1)
                latin = (unsigned char)((*c << 6) | (c[1] & 0x3F));
        while (used < n && (c[used] & 0xC0) == 0x80)
                used++;
        add(p, &latin, 1);
        return used;
}

static void add_lines(struct pdf *p, const struct secret *text)
{
        const unsigned char *c = text->bytes, *end = c + text->len;

        while (c < end) {
                add_text(p, "(");
                while (c < end && *c != '\n')
                        c += add_character(p, c, (size_t)(end - c));
                add_text(p, ") '\n");
                c += c < end;
        }
}

/* The length stands before the content: in a field as wide as it may get, filled in afterwards. */
static void add_content(struct pdf *p, const struct secret *text)
{
        size_t length_at, content_at;
        char length[8];

        begin_object(p, 4);
        add_text(p, "<< /Length ");
        length_at = p->n;
        add_text(p, "000000 >>\nstream\n");
        content_at = p->n;
        add_text(p, "BT /F1 9.5 Tf 14 TL 52 780 Td\n");
        add_lines(p, text);
        add_text(p, "ET\n");
        snprintf(length, sizeof(length), "%06u", (unsigned)(p->n - content_at));
        memcpy(p->s->bytes + length_at, length, 6);
        add_text(p, "endstream\nendobj\n");
}

static void add_table(struct pdf *p)
{
        size_t table_at = p->n;
        char line[96];

        add_text(p, "xref\n0 6\n0000000000 65535 f \n");
        for (unsigned i = 1; i <= OBJECTS; i++) {
                snprintf(line, sizeof(line), "%010zu 00000 n \n", p->begins[i]);
                add_text(p, line);
        }
        snprintf(line, sizeof(line), "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", table_at);
        add_text(p, line);
}

enum err paper_pdf(const struct secret *text, struct secret *ret)
{
        CLEANUP_SECRET struct secret room = SECRET_NONE;
        struct pdf p = {.s = &room};
        enum err e;

        if ((e = secret_new(ROOM, &room)) != OK)
                return e;
        add_text(&p, "%PDF-1.4\n");
        begin_object(&p, 1);
        add_text(&p, "<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
        begin_object(&p, 2);
        add_text(&p, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n");
        begin_object(&p, 3);
        add_text(&p, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
                     "/Resources << /Font << /F1 5 0 R >> >> >>\nendobj\n");
        add_content(&p, text);
        begin_object(&p, 5);
        add_text(&p, "<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>\nendobj\n");
        add_table(&p);
        if ((e = secret_resize(&room, p.n)) != OK)
                return e;
        secret_move(ret, &room);
        return OK;
}

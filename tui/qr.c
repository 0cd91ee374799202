#include "tui/qr.h"
#include <qrencode.h>
#include <string.h>

#define LINE_MOST 4296u /* characters in the largest code */

void qr_set_done(struct qr_set *s)
{
        for (size_t i = 0; i < s->n; i++)
                free(s->code[i].is_dark);
        *s = (struct qr_set){0};
}

bool qr_is_dark(const struct qr *q, int row, int column)
{
        if (row < 0 || column < 0 || row >= (int)q->modules || column >= (int)q->modules)
                return false;
        return q->is_dark[(size_t)row * q->modules + (size_t)column];
}

static enum err encode(const char *line, struct qr *ret)
{
        QRcode *code = QRcode_encodeString(line, 0, QR_ECLEVEL_L, QR_MODE_8, 1);
        size_t n;

        if (!code)
                return err_because(ERR_TOO_LARGE, "a part of %zu characters fits no QR code", strlen(line));
        n = (size_t)code->width * (size_t)code->width;
        ret->modules = (unsigned)code->width;
        ret->is_dark = mem_new(n, sizeof(bool));
        for (size_t i = 0; i < n; i++)
                ret->is_dark[i] = code->data[i] & 1;
        QRcode_free(code);
        return OK;
}

static enum err encode_all(char *lines, struct qr_set *ret)
{
        enum err e = OK;

        for (char *save = NULL, *line = strtok_r(lines, "\n", &save); e == OK && line;
             line = strtok_r(NULL, "\n", &save))
                if ((e = encode(line, &ret->code[ret->n])) == OK)
                        ret->n++;
        return e;
}

static bool all_fit(const struct qr_set *s, unsigned most)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->code[i].modules > most)
                        return false;
        return true;
}

/* Shorter and shorter lines until the codes are small enough. */
static enum err fit(const struct block *b, unsigned most, struct qr_set *ret)
{
        for (size_t line = LINE_MOST, n = 0;; line = line * 19 / 20) {
                CLEANUP_BYTES struct bytes lines = BYTES_NONE;
                enum err e;

                if (line <= PARTS_HEAD)
                        return err_because(ERR_TOO_LARGE, "no QR code is that small");
                if ((e = block_parts_write(b, line, &lines, &n)) != OK)
                        return e;
                if ((e = encode_all((char *)lines.p, ret)) == OK && all_fit(ret, most))
                        return OK;
                qr_set_done(ret);
                if (e != OK && e != ERR_TOO_LARGE)
                        return e;
        }
}

enum err qr_of_block(const struct bytes *text, enum block_kind kind, unsigned most_modules, struct qr_set *ret)
{
        CLEANUP_BLOCK struct block b = {0};
        struct span rest = bytes_span(text);
        enum err e = block_read(&rest, kind, &b);

        return e == OK ? fit(&b, most_modules, ret) : e;
}

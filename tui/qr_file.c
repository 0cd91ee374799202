#include "base/file.h"
#include "tui/qr.h"
#include <string.h>

#define SCALE 8

static bool is_svg(const char *path)
{
        size_t n = strlen(path);

        return n > 4 && strcmp(path + n - 4, ".svg") == 0;
}

/* Plain PBM: 1 is black. */
static void write_pbm(const struct qr *q, struct bytes *ret)
{
        int side = (int)(q->modules + 2 * QR_QUIET) * SCALE;

        bytes_printf(ret, "P1\n%d %d\n", side, side);
        for (int row = 0; row < side; row++) {
                for (int column = 0; column < side; column++)
                        bytes_add_byte(ret, qr_is_dark(q, row / SCALE - (int)QR_QUIET, column / SCALE - (int)QR_QUIET)
                                                    ? '1'
                                                    : '0');
                bytes_add_byte(ret, '\n');
        }
}

static void write_svg(const struct qr *q, struct bytes *ret)
{
        unsigned side = q->modules + 2 * QR_QUIET;

        bytes_printf(
                ret,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\" "
                "shape-rendering=\"crispEdges\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n<path d=\"",
                side, side, side * SCALE, side * SCALE);
        for (int row = 0; row < (int)q->modules; row++)
                for (int column = 0; column < (int)q->modules; column++)
                        if (qr_is_dark(q, row, column))
                                bytes_printf(ret, "M%u %uh1v1h-1z", (unsigned)column + QR_QUIET,
                                             (unsigned)row + QR_QUIET);
        bytes_add_text(ret, "\"/>\n</svg>\n");
}

enum err qr_write_file(const struct qr_set *s, const char *path)
{
        CLEANUP_BYTES struct bytes picture = BYTES_NONE;
        enum err e;

        if (s->n != 1)
                return err_because(ERR_TOO_LARGE, "the block is too long for one QR code: send it as text");
        if (is_svg(path))
                write_svg(&s->code[0], &picture);
        else
                write_pbm(&s->code[0], &picture);
        e = file_create(path, 0600, bytes_span(&picture));
        return e == ERR_DUPLICATE ? err_because(e, "%s exists and is never overwritten", path) : e;
}

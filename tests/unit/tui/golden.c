#include "tests/unit/tui/golden.h"
#include "base/file.h"
#include "tui/frame.h"
#include <criterion/criterion.h>

void golden_compare(const char *name, const struct stage *s)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE, path = BYTES_NONE, wanted = BYTES_NONE;
        const char *source = getenv("BREAKGLASS_SOURCE");
        struct canvas c;

        frame_draw(&s->model, &c);
        canvas_text(&c, &text);
        canvas_done(&c);
        bytes_printf(&path, "%s/tests/screens/%s-%ux%u.txt", source ? source : ".", name, s->model.columns,
                     s->model.rows);
        if (getenv("BREAKGLASS_REGENERATE")) {
                cr_assert_eq(file_write(bytes_text(&path), 0644, bytes_span(&text)), OK);
                return;
        }
        cr_assert_eq(file_read(bytes_text(&path), 65536, &wanted), OK, "%s", bytes_text(&path));
        cr_assert(span_equal(bytes_span(&text), bytes_span(&wanted)), "%s differs:\n%s", bytes_text(&path),
                  bytes_text(&text));
}

void golden_compare_both(const char *name, struct stage *s)
{
        model_resize(&s->model, 24, 80);
        golden_compare(name, s);
        model_resize(&s->model, 15, 60);
        golden_compare(name, s);
}

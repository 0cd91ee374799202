#include "quorum/block_parts.h"
#include <criterion/criterion.h>
#include <string.h>

#define LINE 195u

/* What it holds does not matter here: nothing of it is verified before a block is taken in. */
static struct block some_block(enum block_kind kind, size_t file, unsigned char fill)
{
        struct block b = {.kind = kind};

        b.envelope.n_signatures = 1;
        bytes_add_text(&b.envelope.payload, "{\"v\":1,\"reason\":\"");
        for (size_t i = 0; i < 600; i++)
                bytes_add_byte(&b.envelope.payload, (unsigned char)('a' + (i * 7 + fill) % 26));
        bytes_add_text(&b.envelope.payload, "\"}");
        for (size_t i = 0; i < 180; i++)
                bytes_add_byte(&b.envelope.signatures[0], (unsigned char)(i * 31 + fill));
        for (size_t i = 0; i < file; i++)
                bytes_add_byte(&b.file, (unsigned char)(i * 13 + fill));
        return b;
}

struct lines {
        size_t n;
        char *line[PARTS_MAX];
};

static struct lines parts_of(const struct block *b, size_t line_max)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        struct lines l = {0};
        size_t n = 0;

        cr_assert_eq(block_parts_write(b, line_max, &text, &n), OK);
        for (char *save = NULL, *one = strtok_r((char *)text.p, "\n", &save); one; one = strtok_r(NULL, "\n", &save))
                l.line[l.n++] = mem_text(one);
        cr_assert_eq(l.n, n);
        return l;
}

static void lines_done(struct lines *l)
{
        for (size_t i = 0; i < l->n; i++)
                free(l->line[i]);
}

static void expect_same(const struct block *b, const struct bytes *text)
{
        CLEANUP_BLOCK struct block back = {0};
        struct span rest = bytes_span(text);

        cr_assert_eq(block_read(&rest, b->kind, &back), OK);
        cr_expect(span_equal(bytes_span(&b->envelope.payload), bytes_span(&back.envelope.payload)));
        cr_expect(span_equal(bytes_span(&b->file), bytes_span(&back.file)));
        cr_expect_eq(block_read(&rest, b->kind, &back), ERR_NOT_FOUND);
}

Test(block_parts, they_are_numbered_and_short_and_hold_only_what_a_qr_code_holds_tightly)
{
        CLEANUP_BLOCK struct block b = some_block(BLOCK_ANSWER, 300, 1);
        struct lines l = parts_of(&b, LINE);

        cr_assert_gt(l.n, 5);
        for (size_t i = 0; i < l.n; i++) {
                char head[32];

                snprintf(head, sizeof(head), "BG1:%zu/%zu:", i + 1, l.n);
                cr_expect_eq(strncmp(l.line[i], head, strlen(head)), 0, "%s", l.line[i]);
                cr_expect_leq(strlen(l.line[i]), LINE);
                cr_expect_eq(strspn(l.line[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:"), strlen(l.line[i]));
        }
        lines_done(&l);
}

Test(block_parts, any_order_and_doubles_join_to_the_block)
{
        for (size_t line = PARTS_HEAD + 24; line < 4000; line = line * 3 / 2) {
                CLEANUP_BLOCK struct block b = some_block(line % 2 ? BLOCK_ANSWER : BLOCK_REQUEST, line % 2 * 217, 3);
                CLEANUP_BYTES struct bytes text = BYTES_NONE, joined = BYTES_NONE;
                struct lines l = parts_of(&b, line);

                for (size_t i = l.n; i-- > 0;)
                        bytes_printf(&text, "QR-Code:%s\r\n", l.line[i]);
                for (size_t i = 0; i < l.n; i += 2)
                        bytes_printf(&text, "> %s\n", l.line[i]);
                cr_expect(block_parts_are_whole(bytes_span(&text)));
                cr_assert_eq(block_parts_join(bytes_span(&text), &joined), OK, "%s", err_reason());
                expect_same(&b, &joined);
                lines_done(&l);
        }
}

Test(block_parts, a_missing_part_is_named)
{
        CLEANUP_BLOCK struct block b = some_block(BLOCK_REQUEST, 0, 5);
        struct lines l = parts_of(&b, LINE);

        for (size_t missing = 0; missing < l.n; missing++) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE, joined = BYTES_NONE;
                char expected[64];

                for (size_t i = 0; i < l.n; i++)
                        if (i != missing)
                                bytes_printf(&text, "%s\n", l.line[i]);
                snprintf(expected, sizeof(expected), "part %zu of %zu", missing + 1, l.n);
                cr_expect(!block_parts_are_whole(bytes_span(&text)));
                cr_expect_eq(block_parts_join(bytes_span(&text), &joined), ERR_BAD_STATEMENT);
                cr_expect(strstr(err_reason(), expected), "%s", err_reason());
                cr_expect_eq(joined.n, 0);
        }
        lines_done(&l);
}

Test(block_parts, a_changed_part_is_told_and_stops_no_other_block)
{
        CLEANUP_BLOCK struct block good = some_block(BLOCK_ANSWER, 200, 7), bad = some_block(BLOCK_ANSWER, 200, 8);
        CLEANUP_BYTES struct bytes text = BYTES_NONE, joined = BYTES_NONE;
        struct lines g = parts_of(&good, LINE), l = parts_of(&bad, LINE);
        char *middle = l.line[2] + 40;

        *middle = *middle == 'A' ? 'B' : 'A';
        for (size_t i = 0; i < l.n; i++)
                bytes_printf(&text, "%s\n%s\n", l.line[i], g.line[i]);
        cr_expect_eq(block_parts_join(bytes_span(&text), &joined), ERR_BAD_STATEMENT);
        cr_expect(strstr(err_reason(), "changed on its way"), "%s", err_reason());
        expect_same(&good, &joined);
        lines_done(&g);
        lines_done(&l);
}

Test(block_parts, one_part_in_two_forms_is_told)
{
        CLEANUP_BLOCK struct block b = some_block(BLOCK_REQUEST, 0, 9);
        CLEANUP_BYTES struct bytes text = BYTES_NONE, joined = BYTES_NONE;
        struct lines l = parts_of(&b, LINE);

        bytes_printf(&text, "%.*sAA\n", (int)(strlen(l.line[1]) - 2), l.line[1]);
        for (size_t i = 0; i < l.n; i++)
                bytes_printf(&text, "%s\n", l.line[i]);
        cr_expect_eq(block_parts_join(bytes_span(&text), &joined), ERR_BAD_STATEMENT);
        cr_expect_eq(joined.n, 0);
        lines_done(&l);
}

Test(block_parts, a_text_without_parts_is_no_error)
{
        CLEANUP_BYTES struct bytes joined = BYTES_NONE;
        static const char *const texts[] = {"",
                                            "BG1:",
                                            "BG1:1/1:ABCD:",
                                            "BG1:0/1:ABCD:AA",
                                            "BG1:2/1:ABCD:AA",
                                            "BG1:1/100:",
                                            "BG1:01/1:ABCD:A",
                                            "BG2:1/1:ABCD:A",
                                            "hello BG1: there"};

        for (size_t i = 0; i < COUNT_OF(texts); i++) {
                cr_expect_eq(block_parts_join(span_text(texts[i]), &joined), OK, "%s", texts[i]);
                cr_expect(!block_parts_are_whole(span_text(texts[i])));
        }
        cr_expect_eq(joined.n, 0);
}

Test(block_parts, too_many_are_refused)
{
        CLEANUP_BLOCK struct block b = some_block(BLOCK_ANSWER, 4000, 2);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        size_t n = 0;

        cr_expect_eq(block_parts_write(&b, PARTS_HEAD + 8, &text, &n), ERR_TOO_LARGE);
}

Test(block_parts, every_prefix_of_a_text_is_read_within_its_bounds)
{
        CLEANUP_BLOCK struct block b = some_block(BLOCK_REQUEST, 0, 4);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        size_t n = 0;

        cr_assert_eq(block_parts_write(&b, LINE, &text, &n), OK);
        for (size_t cut = 0; cut < text.n - 1; cut++) {
                CLEANUP_BYTES struct bytes joined = BYTES_NONE;
                unsigned char *copy = malloc(cut ? cut : 1);

                memcpy(copy, text.p, cut);
                (void)!block_parts_join(span_of(copy, cut), &joined);
                cr_expect_eq(joined.n, 0);
                free(copy);
        }
}

#include "base/bytes.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

Test(bytes, appending_keeps_a_nul_behind_the_end)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;

        cr_assert_str_eq(bytes_text(&b), "");
        bytes_add_text(&b, "one ");
        bytes_printf(&b, "%s %d", "two", 3);
        bytes_add_byte(&b, '!');
        cr_assert_str_eq((char *)b.p, "one two 3!");
        cr_assert_eq(b.n, 10);
        bytes_clear(&b);
        cr_assert_str_eq(bytes_text(&b), "");
        cr_assert_str_eq((char *)b.p, "");
}

Test(bytes, growing_keeps_what_is_there)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;

        for (int i = 0; i < 10000; i++)
                bytes_add_byte(&b, (unsigned char)i);
        cr_assert_eq(b.n, 10000);
        for (int i = 0; i < 10000; i++)
                cr_assert_eq(b.p[i], (unsigned char)i);
}

Test(bytes, reserved_room_does_not_move)
{
        CLEANUP_BYTES struct bytes b = BYTES_NONE;

        bytes_reserve(&b, 5000);
        unsigned char *p = b.p;
        for (int i = 0; i < 5000; i++)
                bytes_add_byte(&b, 'x');
        cr_assert_eq(b.p, p);
}

Test(bytes, spans_compare_by_length_and_content)
{
        cr_assert(span_equal(span_text(NULL), span_text("")));
        cr_assert(span_is(span_of("abc", 2), "ab"));
        cr_assert_not(span_is(span_text("ab"), "abc"));
        cr_assert_not(span_is(span_text("abd"), "abc"));
}

Test(bytes, memory_that_cannot_be_had_ends_the_program, .signal = SIGABRT)
{
        mem_new(SIZE_MAX / 2, 4);
}

Test(bytes, a_buffer_that_would_wrap_ends_the_program, .signal = SIGABRT)
{
        struct bytes b = BYTES_NONE;

        bytes_reserve(&b, SIZE_MAX - 1);
}

Test(bytes, nothing_asked_for_is_still_memory)
{
        CLEANUP_FREE void *p = mem_new(0, 8);
        CLEANUP_FREE char *text = mem_text_n("abcdef", 3);

        cr_assert_not_null(p);
        cr_assert_str_eq(text, "abc");
}

/* FIPS 180-4, "abc". */
Test(bytes, the_hash_is_sha_256)
{
        struct hash h = hash_of(span_text("abc")), again;
        char hex[HASH_HEX + 1];

        hash_to_hex(&h, hex);
        cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        cr_assert_eq(hash_from_hex(span_text(hex), &again), OK);
        cr_assert(hash_equal(&h, &again));
        again.b[31] ^= 1;
        cr_assert_not(hash_equal(&h, &again));
        cr_assert_not(hash_is_zero(&h));
        cr_assert(hash_is_zero(&(struct hash){{0}}));
}

Test(bytes, a_hash_of_other_spelling_is_refused)
{
        const char *bad[] = {"",
                             "ba78",
                             "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
                             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
                             "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
                             "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
        struct hash h;

        for (size_t i = 0; i < COUNT_OF(bad); i++)
                cr_assert_eq(hash_from_hex(span_text(bad[i]), &h), ERR_RANGE, "%s", bad[i]);
}

/* Escaping of other people's text, durations, codes, UTF-8. */
#include "base/clock.h"
#include "quorum/code.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        CLEANUP_BYTES struct bytes shown = BYTES_NONE;
        text_escape(in, &shown);
        for (size_t i = 0; i < shown.n; i++)
                if (shown.p[i] < 0x20 || shown.p[i] == 0x7f)
                        abort();
        size_t points = 0;
        (void)utf8_valid(in, &points);
        char *text = mem_text_n((const char *)in.p, in.n);
        int64_t ms = 0;
        (void)!duration_parse(text, &ms);
        struct hash request = hash_of(in);
        (void)code_matches(&request, text);
        free(text);
        free((void *)(uintptr_t)in.p);
        return 0;
}

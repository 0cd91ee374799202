/* The answers of web APIs: single values, read by pointers. The first line is the pointer. */
#include "rotators/hooks/pointer.h"
#include "tests/fuzz/support.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
        char pointer[64];
        if (!end || end - data >= (ptrdiff_t)sizeof pointer)
                return 0;
        memcpy(pointer, data, (size_t)(end - data));
        pointer[end - data] = 0;
        struct span json = span_of(end + 1, size - (size_t)(end - data) - 1), found;
        bool is_there = pointer_find(json, pointer, &found);
        enum err e = pointer_text(json, pointer, &text);
        if ((e == OK && !is_there) || (e == OK && text.bytes[text.len - 1] != 0))
                abort();
        if (is_there && (found.p < json.p || found.p + found.n > json.p + json.n))
                abort();
        if (e == OK && !pointer_is(json, pointer, span_of(text.bytes, text.len - 1)))
                abort();
        return 0;
}

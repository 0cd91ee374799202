/* Public and private keys as text. */
#include "quorum/keys.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        struct key k;
        if (sign_key_parse(in, &k) == OK) {
                char text[SIGN_KEY_TEXT];
                sign_key_format(&k, text);
                if (!span_is(in, text))
                        abort();
        }
        if (open_key_parse(in, &k) == OK) {
                char text[AGE_PUBLIC_TEXT];
                open_key_format(&k, text);
                if (!span_is(in, text))
                        abort();
        }
        CLEANUP_SECRET struct secret identity = SECRET_NONE;
        (void)!age_secret_from_text(in.p, in.n, &identity);
        free((void *)(uintptr_t)in.p);
        return 0;
}

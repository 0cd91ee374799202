/* Armored age files. */
#include "quorum/age.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        if (age_dearmor(in, &file) == OK) {
                CLEANUP_BYTES struct bytes text = BYTES_NONE, again = BYTES_NONE;
                age_armor(bytes_span(&file), &text);
                if (age_dearmor(bytes_span(&text), &again) != OK ||
                    !span_equal(bytes_span(&file), bytes_span(&again)))
                        abort();
        }
        free((void *)(uintptr_t)in.p);
        return 0;
}

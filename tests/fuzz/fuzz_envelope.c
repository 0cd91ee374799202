/* Envelopes as they come over the API. */
#include "quorum/envelope.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        CLEANUP_JSON json_t *object = NULL;
        CLEANUP_ENVELOPE struct envelope e = {0};
        if (json_read(in, 8, &object) == OK && envelope_read(object, &e) == OK) {
                CLEANUP_BYTES struct bytes again = BYTES_NONE;
                envelope_write(&e, &again);
        }
        free((void *)(uintptr_t)in.p);
        return 0;
}

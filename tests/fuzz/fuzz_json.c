/* Strict JSON. */
#include "base/json.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        CLEANUP_JSON json_t *object = NULL;
        if (json_read(in, 8, &object) != OK && object)
                abort();
        free((void *)(uintptr_t)in.p);
        return 0;
}

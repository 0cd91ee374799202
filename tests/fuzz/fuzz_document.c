/* Opened secret documents. */
#include "quorum/document.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        CLEANUP_SECRET struct secret raw = SECRET_NONE;
        CLEANUP_DOCUMENT struct document d = {0};
        if (in.n && secret_copy(in.p, in.n, &raw) == OK && document_read(&raw, "prod/db/root", 1, &d) == OK &&
            d.n_fields == 0)
                abort();
        free((void *)(uintptr_t)in.p);
        return 0;
}

/* Whole exports. */
#include "quorum/export.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        struct export_job job = {.want_blobs = in.n % 2};
        struct export_verdict verdict = {0};
        struct ledger *l = NULL;
        (void)!export_verify(in, &job, &verdict, &l);
        ledger_free(l);
        free((void *)(uintptr_t)in.p);
        return 0;
}

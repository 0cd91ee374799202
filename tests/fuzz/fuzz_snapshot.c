/* Snapshots of the ledger from a hostile disk. */
#include "quorum/ledger.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        struct ledger *l = NULL;
        if (ledger_load(in, &l) == OK) {
                struct duty duties[8];
                int64_t next = 0;
                (void)ledger_duties(l, 1, duties, 8, &next);
        }
        ledger_free(l);
        free((void *)(uintptr_t)in.p);
        return 0;
}

/* Snapshots of the ledger from a hostile disk, whose checksum somebody has made right again. */
#include "quorum/ledger.h"
#include "tests/fuzz/support.h"

#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        struct ledger *l = NULL;
        unsigned char *bytes = (unsigned char *)(uintptr_t)in.p;
        if (in.n > 32 && crypto_generichash(bytes + in.n - 32, 32, bytes, in.n - 32, NULL, 0) != 0)
                abort();
        if (ledger_load(in, &l) == OK) {
                struct duty duties[8];
                int64_t next = 0;
                (void)ledger_duties(l, 1, duties, 8, &next);
        }
        ledger_free(l);
        free((void *)(uintptr_t)in.p);
        return 0;
}

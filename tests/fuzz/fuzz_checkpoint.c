/* Signed heads. */
#include "quorum/checkpoint.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        struct checkpoint c;
        struct key k = {{1}};
        (void)!checkpoint_read(in, &c);
        if (checkpoint_verify(in, &k, &c) == OK)
                abort(); /* nobody signs with that key */
        free((void *)(uintptr_t)in.p);
        return 0;
}

/* Share files and commitments as a hostile sealer could make them: the scalar is checked before use. */
#include "quorum/share.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        if (in.n >= 3 * 32) {
                point_bytes c[2];
                memcpy(c, in.p, sizeof c);
                if (share_check_commitments((const unsigned char(*)[POINT_BYTES])c, 2) == OK)
                        (void)!share_verify(in.p[in.n - 1], in.p + 64, (const unsigned char(*)[POINT_BYTES])c, 2);
        }
        free((void *)(uintptr_t)in.p);
        return 0;
}

/* Lines of the log: what is read back is spelt exactly as it was. */
#include "quorum/envelope.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        CLEANUP_LINE struct line line = {0};
        if (line_read(in, &line) == OK) {
                CLEANUP_BYTES struct bytes again = BYTES_NONE;
                line_write(line.n, line.at_ms, &line.envelope, &again);
                if (!span_equal(bytes_span(&again), in))
                        abort();
        }
        free((void *)(uintptr_t)in.p);
        return 0;
}

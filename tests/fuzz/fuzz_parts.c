/* Numbered parts of a block, as phones' readers and whoever passes their text on may have left them. */
#include "quorum/block_parts.h"
#include "tests/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum err e = block_parts_join(in, &text);

        /* Whole, or something of it was told; blocks only from parts. */
        if (block_parts_are_whole(in) && e == OK && text.n == 0)
                abort();
        for (struct span rest = bytes_span(&text);;) {
                CLEANUP_BLOCK struct block b = {0};

                if ((e = block_read(&rest, BLOCK_REQUEST, &b)) == ERR_NOT_FOUND)
                        break;
        }
        free((void *)(uintptr_t)in.p);
        return 0;
}

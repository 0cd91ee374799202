/* Blocks of an offline recovery, with whatever a chat or mail program made of them. */
#include "quorum/block.h"
#include "tests/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size), rest = in;
        enum block_kind kind = size % 2 ? BLOCK_ANSWER : BLOCK_REQUEST;
        enum err e = OK;
        while (e != ERR_NOT_FOUND) {
                CLEANUP_BLOCK struct block b = {0}, again = {0};
                CLEANUP_BYTES struct bytes text = BYTES_NONE;
                if ((e = block_read(&rest, kind, &b)) != OK)
                        continue;
                block_write(&b, &text);
                struct span whole = bytes_span(&text);
                if (block_read(&whole, kind, &again) != OK ||
                    !span_equal(bytes_span(&b.file), bytes_span(&again.file)))
                        abort();
        }
        free((void *)(uintptr_t)in.p);
        return 0;
}

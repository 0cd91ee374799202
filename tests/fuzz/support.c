#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
        (void)argc, (void)argv;
        return sodium_init() < 0 ? 1 : 0;
}

struct span fuzz_copy(const uint8_t *data, size_t size)
{
        unsigned char *p = malloc(size ? size : 1);
        if (!p)
                abort();
        if (size)
                memcpy(p, data, size);
        return span_of(p, size);
}

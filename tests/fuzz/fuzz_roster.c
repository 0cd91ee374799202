/* Rosters in YAML, with their warnings. */
#include "quorum/roster.h"

static void warn(void *context, const char *sentence)
{
        *(size_t *)context += sentence[0] != 0;
}

#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        struct roster *r = NULL;
        if (roster_parse(in, &r) == OK) {
                size_t warnings = 0;
                roster_lint(r, warn, &warnings);
        }
        roster_free(r);
        free((void *)(uintptr_t)in.p);
        return 0;
}

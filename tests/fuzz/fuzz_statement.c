/* Payloads of every type (the first byte chooses): what was parsed is written and parsed again to the same bytes. */
#include "quorum/statement.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        if (in.n > 0) {
                enum statement_type type = (enum statement_type)(in.p[0] % STATEMENT_COUNT);
                struct statement *s = NULL;
                if (statement_parse(type, span_of(in.p + 1, in.n - 1), &s) == OK && type != STATEMENT_ROSTER) {
                        CLEANUP_BYTES struct bytes once = BYTES_NONE, twice = BYTES_NONE;
                        struct statement *again = NULL;
                        statement_write(s, &once);
                        if (statement_parse(type, bytes_span(&once), &again) != OK)
                                abort();
                        statement_write(again, &twice);
                        if (!span_equal(bytes_span(&once), bytes_span(&twice)))
                                abort();
                        statement_free(again);
                }
                statement_free(s);
        }
        free((void *)(uintptr_t)in.p);
        return 0;
}

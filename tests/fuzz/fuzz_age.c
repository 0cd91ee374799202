/* age files for a fixed identity, and passphrase files that cost nothing. */
#include "quorum/age.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        CLEANUP_SECRET struct secret identity = SECRET_NONE, plain = SECRET_NONE;
        if (secret_new(32, &identity) != OK)
                abort();
        memset(identity.bytes, 7, identity.len);
        if (age_open(&identity, in, AGE_ANY_STANZAS, 1u << 20, &plain) == OK)
                secret_wipe(&plain);
        if (age_open(&identity, in, AGE_ONE_STANZA, 1u << 20, &plain) == OK)
                secret_wipe(&plain);
        unsigned log_n = 0;
        (void)age_is_passphrase_file(in);
        if (age_passphrase_log_n(in, &log_n) == OK && log_n > 63)
                abort();
        free((void *)(uintptr_t)in.p);
        return 0;
}

/* SSHSIG blobs. */
#include "quorum/sshsig.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        struct key k;
        if (sshsig_signer(in, &k) == OK)
                (void)!sshsig_verify(&k, "breakglass/request", span_text("hello"), in);
        free((void *)(uintptr_t)in.p);
        return 0;
}

/* YAML of configurations. */
#include "base/yaml.h"
#include "tests/fuzz/support.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span in = fuzz_copy(data, size);
        struct yaml_node *n = NULL;
        if (yaml_read(in, &n) == OK)
                (void)yaml_untaken(n);
        yaml_free(n);
        free((void *)(uintptr_t)in.p);
        return 0;
}

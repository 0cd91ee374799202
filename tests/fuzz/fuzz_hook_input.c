/* What a hook reads from stdin. */
#include "rotators/hooks/hook_input.h"
#include "tests/fuzz/support.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        CLEANUP_HOOK_INPUT struct hook_input in = {0};
        if (size == 0 || secret_copy(data, size, &text) != OK ||
            hook_input_read(span_of(text.bytes, text.len), &in) != OK)
                return 0;
        for (size_t i = 0; i < in.pending.n; i++)
                if (in.pending.field[i].value[in.pending.field[i].len] != 0 ||
                    hook_field(&in.pending, in.pending.field[i].name) != &in.pending.field[i])
                        abort();
        if (json_object_get(in.public_, "pending") || json_object_get(in.public_, "opened"))
                abort(); /* the JSON library never sees a secret */
        return 0;
}

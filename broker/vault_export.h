/* Writing an export of the vault (quorum/export.h) from the store, beside the running broker: of one consistent
 * moment, every line through the rules and every blob through its hash on the way, a page of the log or one blob in
 * memory at a time. */
#pragma once
#include "base/bytes.h"

struct vault_source {
        const char *state;                    /* the folder of the store */
        const char *sign_key, *sign_next_key; /* the broker's key files; the second or NULL */
};

/* Writes it all to fd. ret_entries: of the log, also on an error (as far as it came). Errors: ERR_IO,
 * ERR_CORRUPT_STORE, ERR_BAD_KEY (no key is the roster's), ERR_NO_ENTRY, ERR_UNSAFE_FILE (a key), ERR_MEMORY. */
MUST_CHECK enum err vault_export_write(const struct vault_source *from, int fd, uint64_t *ret_entries);

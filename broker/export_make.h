/* Making one scheduled export: written under no name, synced, read again from its start as `breakglass recover
 * verify` reads it, and only then named; older ones go only after that. Runs in a process of its own. */
#pragma once
#include "broker/export_name.h"
#include "broker/vault_export.h"

/* What the broker wants. Its head (entries, root) is what an export must at least hold. */
struct export_order {
        struct vault_source from;
        const char *folder;
        size_t keep;
        const char *name; /* the roster's */
        struct hash installation;
        int64_t at_ms; /* the log's time now */
        uint64_t entries;
        struct hash root;
        /* An export younger than this is left to be the newest one: a broker that is started again and again would
         * otherwise push all older ones out. 0: only one of the very same entries. */
        int64_t young_ms;
};

enum export_result {
        EXPORT_FAILED = 0, /* why says it; what was there is still there */
        EXPORT_WRITTEN,
        EXPORT_UNCHANGED, /* the newest one holds all of the log, and was verified again */
        EXPORT_YOUNG,     /* the newest one is young enough, and was verified again */
        EXPORT_BUSY,      /* another process is at work in the folder */
};
extern const char *const export_result_words[]; /* NULL-ended, by enum export_result */

struct export_outcome {
        enum export_result result;
        struct export_name name; /* of the newest good one */
        struct hash root;        /* at its entries, for the broker to compare with its own log */
        uint64_t bytes;
        size_t pruned;
        char damaged[EXPORT_NAME_MAX + 1]; /* the newest one before, if it did not hold; else "" */
        char why[512];                     /* of a failure; or of a pruning that failed */
};

void export_make(const struct export_order *order, struct export_outcome *ret);

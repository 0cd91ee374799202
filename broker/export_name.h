/* The names of scheduled exports: when they are of, and how long the log was.
 *
 *   NAME-INSTALLATION-TIME-ENTRIES.export        acme-prod-1f2e3d4c5b6a-20261128T220000Z-4131.export
 *
 * NAME is the roster's, for people. INSTALLATION (the first 12 digits of the genesis hash) says whose it is: what
 * another installation left in the same folder is neither taken for ours nor removed. TIME is the log's (UTC). A
 * clock that was wrong for a while leaves names from the future: they are kept like others, and never counted on.
 * Pure. */
#pragma once
#include "base/bytes.h"

#define EXPORT_NAME_MAX 255u

struct export_stamp {
        int64_t at_ms; /* whole seconds */
        uint64_t entries;
};

struct export_name {
        struct export_stamp stamp;
        char text[EXPORT_NAME_MAX + 1];
};

/* at_ms: rounded down to the second, in the years 1970–9999. */
void export_name_write(const char *roster_name, const struct hash *installation, int64_t at_ms, uint64_t entries,
                       struct export_name *ret);
/* Whether this file is an export of that installation. */
bool export_name_read(const char *file, const struct hash *installation, struct export_name *ret);
/* By time, then by entries: negative when a is older. */
int export_stamp_compare(const struct export_stamp *a, const struct export_stamp *b);

/* The newest of n names (ascending) that is not from after at_ms; NULL when there is none. */
const struct export_name *export_names_newest(const struct export_name names[], size_t n, int64_t at_ms);
/* Which of n names (ascending) go, so that `keep` stay: a bit for each in ret. The one named `newest`, which is known
 * to be good, always stays, whatever its time says. Returns how many go. */
size_t export_names_to_prune(const struct export_name names[], size_t n, size_t keep, const char *newest, bool ret[]);

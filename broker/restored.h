/* Writing what was got back into a store, and telling what nobody had any more. */
#pragma once
#include "broker/config.h"
#include "broker/given.h"
#include "broker/store.h"

/* One of the configuration's signing keys must be the roster's. Errors: ERR_BAD_KEY. */
MUST_CHECK enum err restored_check_key(const struct config *c, const struct ledger *l);
/* Appends the log's lines n ≤ entry < to, as they are. In the caller's transaction. */
MUST_CHECK enum err restored_append(struct store *s, const struct given_log *log, uint64_t n, uint64_t to);
/* Keeps what was given of the sealed parts that an export carries, *ret_put of them; what no export needs by this log
 * is erased. In the caller's transaction. */
MUST_CHECK enum err restored_put_parts(struct store *s, const struct ledger *l, const struct given *g,
                                       size_t *ret_put);
/* Says on stdout which of these versions no longer have all their parts, and whose approvals are gone, with the
 * remedy.
 */
MUST_CHECK enum err restored_tell_missing(struct store *s, const struct ledger *l);
/* Says on stderr how two logs part ways: what each has alone, and who would have to say what again. */
void restored_tell_fork(const struct given_log *one, const struct given_log *other);

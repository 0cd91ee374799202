/* The verified replica of the log: every line a broker sends is checked (signatures, rules, tree, checkpoint, no
 * shrinking) before it is believed, and kept durably, so that a later head is always known. */
#pragma once
#include "client/home.h"
#include "quorum/ledger.h"

struct replica;

/* Reads folder and snapshot; replays what came since. Errors: ERR_CORRUPT_LOG (the own copy is damaged: 9),
 * ERR_UPGRADE, ERR_IO. */
MUST_CHECK enum err replica_open(struct home *home, struct replica **ret);
void replica_close(struct replica *r); /* saves a snapshot when much has come */
const struct ledger *replica_ledger(const struct replica *r);
/* Takes an answer of /v1/log?after=ledger_size. Nothing is kept of an answer that does not hold.
 * Errors: ERR_LYING_BROKER (with the reason: fork with both heads, shorter log, bad signature, …), ERR_UPGRADE,
 * ERR_IO. */
MUST_CHECK enum err replica_take(struct replica *r, struct span answer, size_t *ret_new_lines);
/* Checks a checkpoint that came with another answer against the replica: same size → same root; longer is fine (sync
 * then). */
MUST_CHECK enum err replica_check_head(struct replica *r, struct span note);
/* The newest verified checkpoint note. */
struct span replica_head(const struct replica *r);
/* The stored line n. Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err replica_line(const struct replica *r, uint64_t n, struct bytes *ret);
/* The whole export (log and checkpoint). */
MUST_CHECK enum err replica_export(const struct replica *r, struct bytes *ret);

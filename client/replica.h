/* The verified replica of the log: every line a broker sends is checked (signatures, rules, tree, checkpoint, no
 * shrinking) before it is believed, and kept, so that a later head is always known.
 *
 * Several programs may use one folder: what another has taken meanwhile is read before anything is judged. */
#pragma once
#include "client/home.h"
#include "quorum/checkpoint.h"
#include "quorum/ledger.h"

struct replica;

/* Reads folder and snapshot; replays what came since. Errors: ERR_CORRUPT_LOG (the own copy is damaged: 9),
 * ERR_UPGRADE, ERR_IO. */
MUST_CHECK enum err replica_open(struct home *home, struct replica **ret);
void replica_close(struct replica *r); /* flushes; saves a snapshot when much has come */
/* Makes what was taken outlive a power cut, too: before a share leaves, before a long wait, at the end. Errors:
 * ERR_IO.
 */
MUST_CHECK enum err replica_flush(struct replica *r);
/* Hold views only until the next replica_take() or client_sync(). */
const struct ledger *replica_ledger(const struct replica *r);
/* Takes an answer of /v1/log?after=ledger_size. Nothing is kept of an answer that does not hold, but as evidence.
 * Errors: ERR_LYING_BROKER (with the reason: fork with both heads, shorter log, bad signature, …), ERR_UPGRADE,
 * ERR_IO. */
MUST_CHECK enum err replica_take(struct replica *r, struct span answer, size_t *ret_new_lines);
/* A head that is known before its log (at first contact). Kept durably; the log must reach and fit it. */
MUST_CHECK enum err replica_expect(struct replica *r, struct span verified_note);
/* Whether the log reaches the newest head known. Errors: ERR_LYING_BROKER (a shorter log than seen before). */
MUST_CHECK enum err replica_check_complete(struct replica *r);
/* Checks a checkpoint that came with another answer against the replica: same or smaller size → same root and a good
 * signature; longer is fine (sync, then check again). Errors: ERR_LYING_BROKER. */
MUST_CHECK enum err replica_check_head(struct replica *r, struct span note, struct checkpoint *ret);
/* The newest verified checkpoint note, empty when there is none. */
struct span replica_head(const struct replica *r);
/* The stored line n, as the tree knows it. Errors: ERR_NOT_FOUND, ERR_CORRUPT_LOG. */
MUST_CHECK enum err replica_line(const struct replica *r, uint64_t n, struct bytes *ret);
/* The whole export (log and checkpoint). */
MUST_CHECK enum err replica_export(const struct replica *r, struct bytes *ret);

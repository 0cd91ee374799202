/* From bytes to a checked statement: the order of refusal that broker and clients share.
 *
 *   envelope grammar → signers known → signatures → payload → names match → (ledger rules)
 *
 * A payload is parsed only after its signatures hold. */
#pragma once
#include "quorum/envelope.h"
#include "quorum/ledger.h"

/* Verifies the signatures of an envelope under the keys in force in this roster (NULL: only a genesis roster is
 * possible), parses the payload and compares `by`. For a roster statement runs roster_follows() and fills in by[].
 * installation: what the payload must name, NULL to leave that to the ledger (a session: checked here when given).
 * Errors: ERR_UPGRADE (unknown type whose signature holds, or v), ERR_AUTH (unknown signer and bad signature alike),
 * then those of statement_parse() and roster_follows(). A statement whose names differ from its signers:
 * ERR_BAD_STATEMENT. */
MUST_CHECK enum err admit_statement(const struct roster *roster, const struct envelope *e, struct statement **ret);

/* A line of the log that comes next: line_read() was done by the caller; n and at are compared with the ledger, then
 * admit_statement() and ledger_apply(). line_text: the line's bytes without newline (for the leaf). is_trusted leaves
 * the signatures out (only for one's own store, whose tree is checked otherwise). Errors: ERR_CORRUPT_LOG for what
 * makes exit 9 (docs/protocol.md, log verify), ERR_UPGRADE, ERR_BAD_LOG for what makes exit 4; the reason names the
 * entry and the inner code word. ret_statement may be NULL. */
MUST_CHECK enum err admit_line(struct ledger *l, struct span line_text, bool is_trusted,
                               struct statement **ret_statement);

/* From bytes to a checked statement: the order of refusal that broker and clients share.
 *
 *   envelope grammar → signers known → signatures → payload → names match → (ledger rules)
 *
 * A payload is parsed only after its signatures hold. */
#pragma once
#include "quorum/envelope.h"
#include "quorum/ledger.h"

/* Verifies the signatures of an envelope under the keys in force in this roster (NULL: only a genesis roster is
 * possible), parses the payload and compares `by`. For a roster statement runs roster_follows() and fills in by[];
 * its signers are looked up in the new roster too, after their signatures were found to hold. Which installation,
 * roster and head the payload names is the ledger's business (for a session: the caller's).
 *
 * Errors: ERR_AUTH (unknown signer and bad signature alike), ERR_UPGRADE (unknown type whose signature holds, or v),
 * then those of statement_parse() and roster_follows(). A statement whose names differ from its signers, or with
 * several signatures and no roster: ERR_BAD_STATEMENT. A roster statement sent a second time is
 * ERR_ROSTER_ROLLBACK, said only after its signers were found to be admins: who has the log looks there for the
 * payload's hash and answers with the first entry. */
MUST_CHECK enum err admit_statement(const struct roster *roster, const struct envelope *e, struct statement **ret);

/* The line that comes next in the log (its bytes without newline): exact spelling, n and at compared with the ledger,
 * then as admit_statement(), then ledger_apply(). is_trusted leaves the signatures out (only for one's own store,
 * whose tree is checked otherwise). Nothing is changed on error. Errors: ERR_CORRUPT_LOG for what makes exit 9
 * (docs/protocol.md, log verify), ERR_UPGRADE, ERR_BAD_LOG for what makes exit 4; the reason names the entry and the
 * inner code word. ret_statement may be NULL. */
MUST_CHECK enum err admit_line(struct ledger *l, struct span line_text, bool is_trusted,
                               struct statement **ret_statement);

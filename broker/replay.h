/* The store's lines into a ledger, each verified as by any reader of the log. */
#pragma once
#include "broker/store.h"
#include "quorum/ledger.h"

/* Whole lines, each with its newline. is_trusted leaves the signatures out. Errors: ERR_CORRUPT_STORE; the reason
 * names the entry. */
MUST_CHECK enum err replay_lines(struct ledger *l, struct span lines, bool is_trusted);
/* The store's lines from the ledger's size on, up to `to`. Errors also: those of store_read_lines(). */
MUST_CHECK enum err replay_store(struct store *s, struct ledger *l, uint64_t to, bool is_trusted);

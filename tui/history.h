/* The log's own lines in order, as statements: for showing and telling what happened. */
#pragma once
#include "quorum/envelope.h"
#include "tui/cli.h"

struct history_entry {
        uint64_t n;
        int64_t at_ms;
        struct span text; /* the line itself */
        const struct statement *statement;
};

/* Calls visit for the lines from…(size−1) of the own copy, until it gives false. Errors: ERR_CORRUPT_LOG, ERR_IO. */
MUST_CHECK enum err history_walk(const struct cli *cli, uint64_t from,
                                 bool (*visit)(void *context, const struct history_entry *entry), void *context);
/* Whether a statement belongs to the incident: its requests, what was said to them, its closing and its rotations. */
bool history_is_about(const struct ledger *l, const struct statement *s, const char *incident);
/* Whether it belongs to the rotation of this version: what opened it, orders, steps, the new value and its custody.
 */
bool history_is_about_rotation(const struct ledger *l, const struct statement *s, const struct hash *version);

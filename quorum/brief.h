/* A line of the log in one line for an operator: what it is, who said it, what about. Nothing that somebody typed
 * freely (a reason, a text) is in it, so that it can be printed as it stands. */
#pragma once
#include "quorum/ledger.h"

/* "  17  2026-11-28 02:41:10 UTC  open        erin        prod/db/root, INC-7"
 *
 * l: a ledger that has this line (or NULL: then requests and versions stay unnamed). Without a newline. */
void brief_line(const struct ledger *l, uint64_t n, int64_t at_ms, const struct statement *s, struct bytes *ret);
/* "2026-11-28 02:41:10 UTC" */
#define BRIEF_TIME 32u
const char *brief_time(int64_t ms, char ret[BRIEF_TIME]);

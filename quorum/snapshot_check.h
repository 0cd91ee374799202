/* Whether a loaded snapshot's rows can be walked safely: every number points to a row, every list ends. */
#pragma once
#include "quorum/ledger_state.h"

bool snapshot_rows_are_sound(const struct ledger *l);
/* The roster's people and credentials all have their rows, and its id is the last one's. Needs the indices. */
bool snapshot_roster_fits(const struct ledger *l);

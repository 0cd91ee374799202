/* The text of a post-mortem: what it begins as, and what it may be. */
#pragma once
#include "tui/cli.h"

/* What a tired person only has to fill in, with the time line from the log. Errors: those of history_walk(). */
MUST_CHECK enum err postmortem_draft(const struct cli *cli, const char *incident, struct bytes *ret);
/* Errors: ERR_USAGE (no UTF-8), ERR_TOO_LARGE. */
MUST_CHECK enum err postmortem_check(const char *text);

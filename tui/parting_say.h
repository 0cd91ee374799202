/* What somebody must know whose copy of the log and the broker's part ways: what is missing where, and the remedy. */
#pragma once
#include "tui/cli.h"

/* On stderr; nothing when the last alarm was no such thing. */
void parting_say(const struct cli *cli);

/* Golden screens: a frame, drawn from a ledger that is the same in every run, must be the text in tests/screens/.
 * BREAKGLASS_REGENERATE=1 writes them anew. */
#pragma once
#include "tests/unit/tui/stage.h"

void golden_compare(const char *name, const struct stage *s);
/* At 80×24 and at 60×15. */
void golden_compare_both(const char *name, struct stage *s);

/* One whole frame: title bar, the screen's sheet, prompt and note, the keys that work now. Pure. */
#pragma once
#include "tui/model.h"
#include "tui/sheet.h"

#define FRAME_ROWS_MIN    15u
#define FRAME_COLUMNS_MIN 60u

void frame_draw(const struct model *m, struct canvas *c);
/* How far the sheet can be scrolled. */
unsigned frame_scroll_max(const struct model *m);

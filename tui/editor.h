/* A text that a person writes in their own editor. */
#pragma once
#include "base/bytes.h"

/* What stands from this line on is for the person's eyes and never part of the text. */
#define EDITOR_CUT "----- 8< ----- what stands below is not sent -----"

/* Opens $VISUAL, $EDITOR or vi on a private file that begins as `draft`; ret: the text above EDITOR_CUT without
 * blanks at its end. Errors: ERR_ABORTED (the editor failed, or the text is empty or unchanged), ERR_IO. */
MUST_CHECK enum err editor_write(struct span draft, struct bytes *ret);
/* Pure: the text above the cut. */
void editor_cut(struct span edited, struct bytes *ret);

/* The loop: bytes from the terminal to the model, effects to the worker, results back, frames to the terminal. */
#pragma once
#include "tui/cli.h"

/* Opens the screens, until somebody leaves. Errors: those of cli_open(), of unlocking, of term_open() (before
 * anything was shown). */
MUST_CHECK enum err ui_run(struct cli *cli);
/* One frame as text on stdout: "now", "credentials", … size like "80x24" or NULL. Without asking anybody. */
MUST_CHECK enum err ui_snapshot(struct cli *cli, const char *screen, const char *size);

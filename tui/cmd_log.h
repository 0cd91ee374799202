/* The parts of `breakglass log`. */
#pragma once
#include "tui/options.h"

extern const struct command command_log_tail, command_log_verify, command_log_export;

/* Pure: whether an export has the whole third part, of blobs (docs/protocol.md, Export). */
bool export_has_blobs(struct span file);

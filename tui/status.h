/* The state of an installation at a glance: for people, and as JSON whose shape is documented in breakglass(1). */
#pragma once
#include "client/exports.h"
#include "tui/cli.h"
#include <jansson.h>

/* Reads the own copy; why_stale: the code word when it could not be brought up to date, else NULL. exports: the
 * broker's word, or NULL when it was not asked. */
json_t *status_json(const struct cli *cli, const char *why_stale, const struct exports_word *exports);
void status_say(const struct cli *cli, const char *why_stale, const struct exports_word *exports);

/* The state of an installation at a glance: for people, and as JSON whose shape is documented in breakglass(1). */
#pragma once
#include "tui/cli.h"
#include <jansson.h>

/* Reads the own copy; why_stale: the code word when it could not be brought up to date, else NULL. */
json_t *status_json(const struct cli *cli, const char *why_stale);
void status_say(const struct cli *cli, const char *why_stale);

/* The conformance runner: `breakglass-rotator hook test PROGRAM` puts a hook through every rule of its contract
 * (docs/hooks.md) against a real target and says in sentences which it keeps and which it breaks.
 *
 * The target's value is changed several times to values that nobody keeps: it must be one made for the test. */
#pragma once
#include "rotators/config.h"

struct hook_test_options {
        const char *program; /* absolute */
        const char *config;  /* a private YAML file with the hook's whole configuration; NULL: an empty one */
        int64_t timeout_ms;  /* for one step */
        bool first;          /* end soon after the first rule that is broken */
        bool dry_run;        /* only what changes nothing: `describe` and `check` */
};

/* Writes one line for each rule to stdout ("ok - …", "not ok - …: why") and a last one that counts.
 * Errors: ERR_HOOK (a rule was broken), ERR_CONFIG, ERR_UNSAFE_PROGRAM, ERR_NO_ENTRY, ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err hook_test_run(const struct hook_test_options *o);
/* `breakglass-rotator hook …`: argv[0] is "hook". Returns the exit code. */
int hook_test_main(int argc, char **argv);

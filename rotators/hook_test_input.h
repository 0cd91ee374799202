/* What a hook under test says of itself, and what it does with input that no rotator would send. */
#pragma once
#include "rotators/hook_test_ask.h"

/* `describe` keeps its rules; false: nothing else can be tried. Errors: those of hook_test_ask(). */
MUST_CHECK enum err hook_test_describes(struct hook_test *t, bool *ret);
MUST_CHECK enum err hook_test_refuses_strange_steps(struct hook_test *t);
/* Keys that `describe` calls required are required: `check` without one of them is 78. */
MUST_CHECK enum err hook_test_misses_keys(struct hook_test *t);
/* Malformed input is refused with 1 or 78 and has no effect. value: a good one. */
MUST_CHECK enum err hook_test_refuses_garbage(struct hook_test *t, const struct document *value);

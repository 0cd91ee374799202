/* The values that a hook under test is given, made as the rotator makes them. */
#pragma once
#include "rotators/hook_test_ask.h"

#define VALUES_HANDLE_MAX 200u

/* What the target has, what it gets next, and what it never gets. */
struct values {
        struct document current, next, stranger;
        char old_handle[VALUES_HANDLE_MAX + 1], handle[VALUES_HANDLE_MAX + 1]; /* of current and next; "": none */
};

/* Makes the next value; what `check` says is in use is the old one from here on. Errors: those of hook_test_ask(),
 * value_new(); ERR_HOOK (`prepare` fails). */
MUST_CHECK enum err values_next(struct hook_test *t, struct values *v);
MUST_CHECK enum err values_stranger(struct hook_test *t, struct values *v);
/* The next one is the current one from here on. */
void values_take(struct values *v);
void values_keep_handle(struct values *v, const struct told *told);
/* A step about the next value, as the rotator asks it. */
struct ask values_ask(const char *step, const struct values *v);
void values_done(struct values *v);

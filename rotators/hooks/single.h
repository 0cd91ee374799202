/* The steps of a hook whose target knows one value at a time, so that setting the new one ends the old one for every
 * later login: what is left to say for each kind of target is how to try, set and name a value there. */
#pragma once
#include "rotators/hooks/hook.h"

struct single_target {
        void *self;
        /* Each is false with an answer when it could not be done or found out. */
        bool (*check)(void *self, struct hook_answer *a);
        bool (*set)(void *self, const struct hook_field *value, struct hook_answer *a);
        /* Makes durable what is in force; NULL: set() does. */
        bool (*save)(void *self, struct hook_answer *a);
        /* A fresh login: whether the target lets this value in. What lets in noise is found out by
         * single_run(). */
        bool (*try_login)(void *self, const struct hook_field *value, bool *ret_is_in, struct hook_answer *a);
        /* Ends what still runs on an earlier value than the handle's; NULL: nothing can. */
        bool (*end_sessions)(void *self, const char *handle, struct hook_answer *a);
        /* The handle of what the target stores now; left empty where it cannot be read. */
        void (*take_handle)(void *self, struct hook_answer *a);
        /* Whether the target still stores what this handle names. */
        bool (*is_as_set)(void *self, const char *handle);
};

void single_run(const struct single_target *t, enum hook_step step, const struct hook_input *in,
                struct hook_answer *a);

/* The steps of a hook whose target is a store: it keeps a value for others to fetch, and gives it back to whoever may
 * read it. What is proven is what it serves. What is left to say for each store is how to read, write and name a
 * value there, and how to end what older values live on in. */
#pragma once
#include "rotators/hooks/hook.h"

struct stored_target {
        void *self;       /* keeps what was read or written last */
        const char *what; /* "the store" */
        /* Each is false with an answer when it could not be done or found out. */
        bool (*check)(void *self, struct hook_answer *a);
        bool (*read)(void *self, struct hook_answer *a);
        bool (*write)(void *self, const struct hook_field *value, struct hook_answer *a);
        /* The new value is there, the old one is not: ends what else there is of it, and says what that proves. */
        bool (*end_old)(void *self, const struct hook_input *in, const char **ret_evidence, struct hook_answer *a);
        /* What was read, NUL-ended, the NUL counted; NULL where there is no value. */
        const struct secret *(*value)(const void *self);
        void (*name)(const void *self, struct bytes *ret);
};

void stored_run(const struct stored_target *t, enum hook_step step, const struct hook_input *in,
                struct hook_answer *a);

/* What is allowed but unwise, sentence by sentence (private to *_lint.c). */
#pragma once
#include "quorum/roster.h"

struct lint {
        const struct roster *r;
        void (*warn)(void *context, const char *sentence);
        void *context;
};

void lint_say(const struct lint *l, const char *format, ...) PRINTF_LIKE(2, 3);

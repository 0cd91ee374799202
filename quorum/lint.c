#include "quorum/lint.h"
#include <stdarg.h>

#define SENTENCE_MAX 1024u

void lint_say(const struct lint *l, const char *format, ...)
{
        char sentence[SENTENCE_MAX];
        va_list arguments;

        va_start(arguments, format);
        if (vsnprintf(sentence, sizeof(sentence), format, arguments) > 0)
                l->warn(l->context, sentence);
        va_end(arguments);
}

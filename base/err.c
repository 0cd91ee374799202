#include "base/err.h"
#include "base/bytes.h"
#include <stdarg.h>
#include <string.h>

#define REASON_MAX 400u

struct err_entry {
        const char *word;
        const char *sentence;
        int http, exit;
};

static const struct err_entry entries[ERR_COUNT] = {[OK] = {"ok", "done", 200, EXIT_OK},
#define X(name, word, http, exit, sentence) [name] = {word, sentence, http, exit},
                                                    ERR_LIST(X)
#undef X
};

static _Thread_local char reason[REASON_MAX + 1];

static const struct err_entry *entry_of(enum err e)
{
        return &entries[(unsigned)e < (unsigned)ERR_COUNT ? e : ERR_INTERNAL];
}

const char *err_word(enum err e)
{
        return entry_of(e)->word;
}

const char *err_sentence(enum err e)
{
        return entry_of(e)->sentence;
}

int err_http(enum err e)
{
        return entry_of(e)->http;
}

int err_exit(enum err e)
{
        return entry_of(e)->exit;
}

enum err err_from_word(const char *word)
{
        for (int e = 0; word && e < ERR_COUNT; e++)
                if (strcmp(entries[e].word, word) == 0)
                        return (enum err)e;
        return ERR_INTERNAL;
}

bool err_is_public(enum err e)
{
        return e > OK && e < ERR_INTERNAL;
}

/* The longest prefix of at most REASON_MAX bytes that ends between two characters. */
static size_t cut_length(struct span s)
{
        size_t n = s.n;

        if (n <= REASON_MAX)
                return n;
        for (n = REASON_MAX; n > 0 && (s.p[n] & 0xC0) == 0x80; n--)
                ;
        return n;
}

enum err err_because(enum err e, const char *format, ...)
{
        CLEANUP_BYTES struct bytes safe = BYTES_NONE;
        char raw[2 * REASON_MAX];
        va_list arguments;
        size_t n;

        /* Into `raw` first: an argument may be the earlier reason itself. */
        va_start(arguments, format);
        int length = vsnprintf(raw, sizeof(raw), format, arguments);
        va_end(arguments);
        if (length < 0)
                raw[0] = '\0';

        text_escape(span_text(raw), &safe);
        n = cut_length(bytes_span(&safe));
        if (n > 0)
                memcpy(reason, safe.p, n);
        reason[n] = '\0';
        return e;
}

const char *err_reason(void)
{
        return reason;
}

void err_forget(void)
{
        reason[0] = '\0';
}

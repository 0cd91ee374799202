/* The texts of a described call: their words are put in, in locked memory. */
#pragma once
#include "rotators/hooks/http_target.h"

#define HTTP_TEXT_HEADERS_MAX 8u

/* What a call borrows while it is made. */
struct http_message {
        struct draft path, body, header[HTTP_TEXT_HEADERS_MAX + 2];
};

void http_message_done(struct http_message *m);
/* Whether a text somewhere in it holds {word}. */
bool http_text_uses(const json_t *any, const char *word);
/* Errors: ERR_CONFIG where a text holds a word that is none. */
MUST_CHECK enum err http_text_check(const json_t *call, const char *name);
/* Fills in method, path, headers and body. Errors: ERR_CONFIG with the reason (a word without a value, a control byte
 * in a header). */
MUST_CHECK enum err http_text_write(const struct http_target *t, const json_t *call, const struct http_words *words,
                                    struct http_message *m, struct web_call *ret);

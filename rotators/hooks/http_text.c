#include "rotators/hooks/http_text.h"
#include <string.h>

enum word { WORD_VALUE, WORD_ID, WORD_TOKEN, WORD_MARK, WORD_CREDENTIAL, WORD_KEY, WORDS };

static const char *const words_known[WORDS] = {"{value}", "{id}",         "{token}",
                                               "{mark}",  "{credential}", "{idempotency_key}"};

struct writer {
        const struct http_target *t;
        const struct http_words *words;
};

void http_message_done(struct http_message *m)
{
        draft_done(&m->path);
        draft_done(&m->body);
        for (size_t i = 0; i < COUNT_OF(m->header); i++)
                draft_done(&m->header[i]);
}

/* ---- words ---- */

/* The word that the text begins with; WORDS when it is none. */
static enum word word_at(const char *text)
{
        for (unsigned i = 0; i < WORDS; i++)
                if (!strncmp(text, words_known[i], strlen(words_known[i])))
                        return (enum word)i;
        return WORDS;
}

/* {abc_d}: what looks like a word, but is not known, is a mistake and not a text. */
static bool is_mistaken(const char *text)
{
        size_t n = text[0] == '{' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
        return n > 0 && text[1 + n] == '}' && word_at(text) == WORDS;
}

static bool any_text(const json_t *any, bool (*holds)(const char *text, const void *context), const void *context)
{
        const char *key;
        json_t *value;
        size_t i;
        if (json_is_string(any))
                return holds(json_string_value(any), context);
        json_object_foreach ((json_t *)any, key, value)
                if (any_text(value, holds, context))
                        return true;
        json_array_foreach (any, i, value)
                if (any_text(value, holds, context))
                        return true;
        return false;
}

static bool holds_word(const char *text, const void *word)
{
        return strstr(text, word) != NULL;
}

static bool holds_mistake(const char *text, const void *context UNUSED)
{
        for (; *text; text++)
                if (is_mistaken(text))
                        return true;
        return false;
}

bool http_text_uses(const json_t *any, const char *word)
{
        return any_text(any, holds_word, word);
}

enum err http_text_check(const json_t *call, const char *name)
{
        if (any_text(call, holds_mistake, NULL))
                return err_because(
                        ERR_CONFIG,
                        "config: `%s` uses a word that is none of {value} {id} {token} {mark} {credential} "
                        "{idempotency_key}",
                        name);
        return OK;
}

static struct span meaning_of(const struct writer *w, enum word word)
{
        switch (word) {
        case WORD_VALUE: return w->words->value;
        case WORD_ID: return span_text(w->words->id);
        case WORD_TOKEN: return span_of(w->t->token.bytes, w->t->token.len ? w->t->token.len - 1 : 0);
        case WORD_MARK: return span_text(w->t->mark);
        case WORD_CREDENTIAL: return span_text(w->t->web.in->credential);
        case WORD_KEY: return span_text(w->t->web.in->idempotency_key);
        case WORDS: break;
        }
        return span_of(NULL, 0);
}

MUST_CHECK static enum err expand(const struct writer *w, const char *text, bool is_url, struct draft *ret)
{
        while (*text) {
                enum word word = word_at(text);
                struct span meaning = meaning_of(w, word);
                if (word == WORDS) {
                        draft_add(ret, span_of(text++, 1));
                        continue;
                }
                if (meaning.n == 0)
                        return err_because(ERR_CONFIG, "there is nothing that %s stands for", words_known[word]);
                if (is_url)
                        draft_add_url(ret, meaning);
                else
                        draft_add(ret, meaning);
                text += strlen(words_known[word]);
        }
        return ret->error;
}

/* ---- bodies ---- */

MUST_CHECK static enum err write_json(const struct writer *w, const json_t *any, struct draft *ret);

MUST_CHECK static enum err write_text(const struct writer *w, const json_t *text, struct draft *ret)
{
        CLEANUP_DRAFT struct draft whole = {0};
        enum err e = expand(w, json_string_value(text), false, &whole);
        if (e != OK)
                return e;
        draft_add_json(ret, draft_span(&whole));
        return ret->error == ERR_RANGE ? err_because(ERR_CONFIG, "the value is no UTF-8 text") : ret->error;
}

MUST_CHECK static enum err write_members(const struct writer *w, json_t *any, struct draft *ret)
{
        bool is_map = json_is_object(any), is_first = true;
        const char *key;
        json_t *value;
        size_t i;
        enum err e;
        draft_add_text(ret, is_map ? "{" : "[");
        json_object_foreach (any, key, value) {
                draft_add_text(ret, is_first ? "" : ",");
                draft_add_json(ret, span_text(key));
                draft_add_text(ret, ":");
                if ((e = write_json(w, value, ret)) != OK)
                        return e;
                is_first = false;
        }
        json_array_foreach (any, i, value) {
                draft_add_text(ret, i ? "," : "");
                if ((e = write_json(w, value, ret)) != OK)
                        return e;
        }
        draft_add_text(ret, is_map ? "}" : "]");
        return ret->error;
}

/* Depth is bounded by whoever read the configuration. */
enum err write_json(const struct writer *w, const json_t *any, struct draft *ret)
{
        char number[32];
        if (json_is_string(any))
                return write_text(w, any, ret);
        if (json_is_object(any) || json_is_array(any))
                return write_members(w, (json_t *)any, ret);
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(any));
        draft_add_text(ret, json_is_integer(any) ? number
                            : json_is_true(any)  ? "true"
                            : json_is_false(any) ? "false"
                                                 : "null");
        return ret->error;
}

MUST_CHECK static enum err write_form(const struct writer *w, json_t *form, struct draft *ret)
{
        const char *key;
        json_t *value;
        json_object_foreach (form, key, value) {
                CLEANUP_DRAFT struct draft whole = {0};
                if (!json_is_string(value))
                        return err_because(ERR_CONFIG, "`form` holds texts only");
                enum err e = expand(w, json_string_value(value), false, &whole);
                if (e != OK)
                        return e;
                draft_add_text(ret, ret->n ? "&" : "");
                draft_add_url(ret, span_text(key));
                draft_add_text(ret, "=");
                draft_add_url(ret, draft_span(&whole));
        }
        return ret->error;
}

/* ---- headers ---- */

MUST_CHECK static enum err check_header(const struct draft *d)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->room.bytes[i] < ' ' || d->room.bytes[i] == 0x7f)
                        return err_because(ERR_CONFIG, "a header would hold a control byte");
        return d->error;
}

MUST_CHECK static enum err write_headers(const struct writer *w, json_t *headers, struct http_message *m,
                                         struct web_call *ret)
{
        const char *name;
        json_t *value;
        size_t n = 0;
        enum err e = OK;
        json_object_foreach (headers, name, value) {
                draft_add_text(&m->header[n], name);
                draft_add_text(&m->header[n], ": ");
                if (!json_is_string(value) || !*name || strpbrk(name, ": \r\n;"))
                        return err_because(ERR_CONFIG, "`headers` maps names to texts");
                if ((e = expand(w, json_string_value(value), false, &m->header[n])) != OK ||
                    (e = check_header(&m->header[n])) != OK)
                        return e;
                ret->headers[n] = draft_text(&m->header[n]);
                n++;
        }
        return OK;
}

static const char *content_type(const json_t *call)
{
        return json_object_get(call, "form") ? "Content-Type: application/x-www-form-urlencoded"
                                             : "Content-Type: application/json";
}

/* What is said for the description where it does not say it itself: the type, and the token for what is no probe. */
MUST_CHECK static enum err add_defaults(const struct writer *w, const json_t *call, struct http_message *m,
                                        struct web_call *ret)
{
        json_t *headers = json_object_get(call, "headers");
        size_t n = json_object_size(headers);
        if (ret->body.p && !json_object_get(headers, "Content-Type"))
                ret->headers[n++] = content_type(call);
        if (w->words->is_probe || w->t->token.len == 0 || http_text_uses(call, "{token}") ||
            json_object_get(headers, "Authorization"))
                return OK;
        web_header(&m->header[HTTP_TEXT_HEADERS_MAX], "Authorization", "Bearer ", &w->t->token);
        ret->headers[n] = draft_text(&m->header[HTTP_TEXT_HEADERS_MAX]);
        return check_header(&m->header[HTTP_TEXT_HEADERS_MAX]);
}

enum err http_text_write(const struct http_target *t, const json_t *call, const struct http_words *words,
                         struct http_message *m, struct web_call *ret)
{
        const struct writer w = {t, words};
        json_t *body = json_object_get(call, "body"), *form = json_object_get(call, "form");
        enum err e;
        if ((e = expand(&w, json_string_value(json_object_get(call, "path")), true, &m->path)) != OK ||
            (e = write_headers(&w, json_object_get(call, "headers"), m, ret)) != OK ||
            (body && (e = write_json(&w, body, &m->body)) != OK) ||
            (form && (e = write_form(&w, form, &m->body)) != OK))
                return e;
        ret->method = json_string_value(json_object_get(call, "method"));
        ret->path = draft_text(&m->path);
        ret->body = body || form ? span_of(draft_text(&m->body), m->body.n) : span_of(NULL, 0);
        return add_defaults(&w, call, m, ret);
}

#include "quorum/envelope.h"
#include <inttypes.h>
#include <string.h>

void envelope_done(struct envelope *e)
{
        bytes_done(&e->payload);
        for (size_t i = 0; i < e->n_signatures; i++)
                bytes_done(&e->signatures[i]);
        e->n_signatures = 0;
}

void line_done(struct line *l)
{
        envelope_done(&l->envelope);
}

/* [a-z][a-z0-9-]{0,31} */
static bool set_type(struct envelope *e, struct span word)
{
        if (word.n < 1 || word.n >= sizeof(e->type_word) || word.p[0] < 'a' || word.p[0] > 'z')
                return false;
        for (size_t i = 0; i < word.n; i++) {
                unsigned char c = word.p[i];

                if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
                        return false;
        }
        memcpy(e->type_word, word.p, word.n);
        e->type_word[word.n] = '\0';
        e->type = statement_type_from_word(word);
        return true;
}

/* ---- envelopes ---- */

static void take_base64(struct json_fields *f, const json_t *value, struct bytes *ret)
{
        struct span text = span_of(json_string_value(value), json_string_length(value));

        if (!json_is_string(value) || base64_decode(text, ret) != OK)
                json_fail(f, "canonical base64 was expected");
}

static void take_signatures(struct json_fields *f, struct envelope *e)
{
        json_t *list = json_take_list(f, "signatures", 1, SIGNATURES_MAX), *item;
        size_t i;

        if (!list)
                return;
        json_array_foreach (list, i, item) {
                take_base64(f, item, &e->signatures[i]);
                e->n_signatures = i + 1;
        }
}

static enum err read_object(json_t *object, struct envelope *e)
{
        struct json_fields f;
        const char *type;

        json_fields_begin(&f, object);
        type = json_take_text(&f, "type", 1, sizeof(e->type_word) - 1);
        if (type && !set_type(e, span_text(type)))
                json_fail(&f, "`type`: not a type's word");
        take_base64(&f, json_take_any(&f, "payload"), &e->payload);
        take_signatures(&f, e);
        return json_fields_end(&f);
}

enum err envelope_read(json_t *object, struct envelope *ret)
{
        struct envelope e = {0};
        enum err error;

        if ((error = read_object(object, &e)) != OK) {
                envelope_done(&e);
                return error;
        }
        *ret = e;
        return OK;
}

/* What an envelope and a line have in common: from `"type"` to the closing brace. */
static void write_rest(const struct envelope *e, struct bytes *ret)
{
        bytes_printf(ret, "\"type\":\"%s\",\"payload\":\"", e->type_word);
        bytes_add_base64(ret, bytes_span(&e->payload));
        bytes_add_text(ret, "\",\"signatures\":[");
        for (size_t i = 0; i < e->n_signatures; i++) {
                bytes_add_text(ret, i > 0 ? ",\"" : "\"");
                bytes_add_base64(ret, bytes_span(&e->signatures[i]));
                bytes_add_byte(ret, '"');
        }
        bytes_add_text(ret, "]}");
}

void envelope_write(const struct envelope *e, struct bytes *ret)
{
        bytes_add_byte(ret, '{');
        write_rest(e, ret);
}

/* ---- lines: one spelling only, so a scanner and no JSON reader ---- */

static bool skip(struct span *in, const char *literal)
{
        size_t n = strlen(literal);

        if (in->n < n || memcmp(in->p, literal, n) != 0)
                return false;
        *in = span_of(in->p + n, in->n - n);
        return true;
}

/* Decimal, without sign or leading zero, up to 2^53−1. */
static bool scan_int(struct span *in, uint64_t *ret)
{
        uint64_t value = 0;
        size_t n = 0;

        for (; n < in->n && in->p[n] >= '0' && in->p[n] <= '9'; n++) {
                value = value * 10 + (uint64_t)(in->p[n] - '0');
                if (value > (uint64_t)JSON_INT_MAX)
                        return false;
        }
        if (n == 0 || (n > 1 && in->p[0] == '0'))
                return false;
        *in = span_of(in->p + n, in->n - n);
        *ret = value;
        return true;
}

/* Up to the next quote, which is skipped. */
static bool scan_text(struct span *in, struct span *ret)
{
        const unsigned char *quote = in->n > 0 ? memchr(in->p, '"', in->n) : NULL;

        if (!quote)
                return false;
        *ret = span_of(in->p, (size_t)(quote - in->p));
        *in = span_of(quote + 1, in->n - ret->n - 1);
        return true;
}

static bool scan_type(struct span *in, struct envelope *e)
{
        struct span word;

        return scan_text(in, &word) && set_type(e, word);
}

static bool scan_base64(struct span *in, struct bytes *ret)
{
        struct span text;

        return scan_text(in, &text) && base64_decode(text, ret) == OK;
}

static bool scan_signatures(struct span *in, struct envelope *e)
{
        do {
                if (e->n_signatures == SIGNATURES_MAX || !skip(in, "\"") ||
                    !scan_base64(in, &e->signatures[e->n_signatures++]))
                        return false;
        } while (skip(in, ","));
        return true;
}

static bool scan_line(struct span in, struct line *l)
{
        uint64_t at;

        if (!skip(&in, "{\"n\":") || !scan_int(&in, &l->n) || !skip(&in, ",\"at\":") || !scan_int(&in, &at))
                return false;
        l->at_ms = (int64_t)at;
        return skip(&in, ",\"type\":\"") && scan_type(&in, &l->envelope) && skip(&in, ",\"payload\":\"") &&
               scan_base64(&in, &l->envelope.payload) && skip(&in, ",\"signatures\":[") &&
               scan_signatures(&in, &l->envelope) && skip(&in, "]}") && in.n == 0;
}

enum err line_read(struct span text, struct line *ret)
{
        struct line l = {0};

        if (text.n > LINE_MAX_BYTES || !scan_line(text, &l)) {
                line_done(&l);
                return err_because(ERR_CORRUPT_LOG, "a malformed line");
        }
        *ret = l;
        return OK;
}

void line_write(uint64_t n, int64_t at_ms, const struct envelope *e, struct bytes *ret)
{
        bytes_printf(ret, "{\"n\":%" PRIu64 ",\"at\":%" PRId64 ",", n, at_ms);
        write_rest(e, ret);
}

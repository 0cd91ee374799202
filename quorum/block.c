#include "quorum/block.h"
#include <string.h>

#define MAGIC          "breakglass-block/v1"
#define COLUMNS        64u
#define CHECKSUM_BYTES 4u
#define HEAD_MAX       80u
#define DIGITS_MAX     7u

static const struct {
        const char *word, *title;
        enum statement_type type;
} kinds[] = {
        [BLOCK_REQUEST] = {"request", "BREAKGLASS REQUEST", STATEMENT_REQUEST},
        [BLOCK_ANSWER] = {"answer", "BREAKGLASS ANSWER", STATEMENT_APPROVAL},
};

void block_done(struct block *b)
{
        envelope_done(&b->envelope);
        bytes_done(&b->file);
        *b = (struct block){0};
}

/* ---- writing ---- */

void block_write_content(const struct block *b, struct bytes *ret)
{
        const struct envelope *e = &b->envelope;
        size_t before = ret->n;
        struct hash checksum;

        bytes_printf(ret, MAGIC " %s %zu %zu %zu\n", kinds[b->kind].word, e->payload.n, e->signatures[0].n,
                     b->file.n);
        bytes_add_span(ret, bytes_span(&e->payload));
        bytes_add_span(ret, bytes_span(&e->signatures[0]));
        bytes_add_span(ret, bytes_span(&b->file));
        checksum = hash_of(span_of(ret->p + before, ret->n - before));
        bytes_add(ret, checksum.b, CHECKSUM_BYTES);
}

void block_armor(enum block_kind kind, struct span content, struct bytes *ret_text)
{
        CLEANUP_BYTES struct bytes base64 = BYTES_NONE;

        bytes_add_base64(&base64, content);
        bytes_printf(ret_text, "-----BEGIN %s-----\n", kinds[kind].title);
        for (size_t at = 0; at < base64.n; at += COLUMNS)
                bytes_printf(ret_text, "%.*s\n", (int)COLUMNS, (const char *)base64.p + at);
        bytes_printf(ret_text, "-----END %s-----\n", kinds[kind].title);
}

void block_write(const struct block *b, struct bytes *ret_text)
{
        CLEANUP_BYTES struct bytes content = BYTES_NONE;

        block_write_content(b, &content);
        block_armor(b->kind, bytes_span(&content), ret_text);
}

enum err block_kind_of(struct span content, enum block_kind *ret)
{
        for (size_t i = 0; i < COUNT_OF(kinds); i++) {
                char head[HEAD_MAX];
                size_t n = (size_t)snprintf(head, sizeof(head), MAGIC " %s ", kinds[i].word);

                if (content.n < n || memcmp(content.p, head, n) != 0)
                        continue;
                *ret = (enum block_kind)i;
                return OK;
        }
        return err_because(ERR_BAD_STATEMENT, "the block's content is malformed");
}

/* ---- finding it in a text ---- */

static const unsigned char *find(struct span in, const char *first, const char *second)
{
        CLEANUP_BYTES struct bytes what = BYTES_NONE;

        bytes_printf(&what, "%s %s", first, second);
        return in.n > 0 ? memmem(in.p, in.n, what.p, what.n) : NULL;
}

static bool is_base64(unsigned char c)
{
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
               c == '=';
}

/* Line breaks, quote marks and dashes are the medium's. */
static void gather(struct span body, struct bytes *ret)
{
        for (size_t i = 0; i < body.n; i++)
                if (is_base64(body.p[i]))
                        bytes_add_byte(ret, body.p[i]);
}

static enum err take_body(struct span *rest, const char *title, struct bytes *ret_base64)
{
        const unsigned char *begin = find(*rest, "BEGIN", title), *stop, *end, *next;

        if (!begin)
                return err_because(ERR_NOT_FOUND, "there is no block `BEGIN %s` in it", title);
        stop = rest->p + rest->n;
        begin += strlen("BEGIN ") + strlen(title);
        end = find(span_of(begin, (size_t)(stop - begin)), "END", title);
        next = find(span_of(begin, (size_t)(stop - begin)), "BEGIN", title);
        if (!end || (next && next < end)) {
                *rest = next ? span_of(next, (size_t)(stop - next)) : span_of(stop, 0);
                return err_because(ERR_BAD_STATEMENT, "the block is cut: it has no `END %s`", title);
        }
        gather(span_of(begin, (size_t)(end - begin)), ret_base64);
        *rest = span_of(end, (size_t)(stop - end));
        return OK;
}

/* ---- taking it apart ---- */

static bool take_number(struct span *s, size_t *ret)
{
        size_t n = 0, value = 0;

        while (n < s->n && n < DIGITS_MAX && s->p[n] >= '0' && s->p[n] <= '9')
                value = value * 10 + (size_t)(s->p[n++] - '0');
        if (n == 0 || n == s->n || (s->p[0] == '0' && n > 1))
                return false;
        *ret = value;
        *s = span_of(s->p + n + 1, s->n - n - 1); /* and what separates it */
        return true;
}

static bool take_bytes(struct span *s, size_t n, struct bytes *ret)
{
        if (n > s->n)
                return false;
        bytes_add(ret, s->p, n);
        *s = span_of(s->p + n, s->n - n);
        return true;
}

static bool read_raw(struct span raw, enum block_kind kind, struct block *ret)
{
        char head[HEAD_MAX];
        size_t n = (size_t)snprintf(head, sizeof(head), MAGIC " %s ", kinds[kind].word), payload, signature, file;
        struct envelope *e = &ret->envelope;

        if (raw.n < n || memcmp(raw.p, head, n) != 0)
                return false;
        raw = span_of(raw.p + n, raw.n - n);
        if (!take_number(&raw, &payload) || !take_number(&raw, &signature) || !take_number(&raw, &file))
                return false;
        e->type = kinds[kind].type;
        snprintf(e->type_word, sizeof(e->type_word), "%s", statement_type_word(e->type));
        e->n_signatures = 1;
        return take_bytes(&raw, payload, &e->payload) && take_bytes(&raw, signature, &e->signatures[0]) &&
               take_bytes(&raw, file, &ret->file) && raw.n == 0 && payload > 0 && signature > 0 &&
               (file > 0 || kind == BLOCK_REQUEST);
}

static bool has_checksum(struct span *raw)
{
        struct hash is;

        if (raw->n < CHECKSUM_BYTES)
                return false;
        raw->n -= CHECKSUM_BYTES;
        is = hash_of(*raw);
        return memcmp(is.b, raw->p + raw->n, CHECKSUM_BYTES) == 0;
}

enum err block_read(struct span *rest, enum block_kind kind, struct block *ret)
{
        CLEANUP_BYTES struct bytes base64 = BYTES_NONE, raw = BYTES_NONE;
        CLEANUP_BLOCK struct block block = {.kind = kind};
        struct span content;
        enum err e;

        if ((e = take_body(rest, kinds[kind].title, &base64)) != OK)
                return e;
        if (base64_decode(bytes_span(&base64), &raw) != OK)
                return err_because(ERR_BAD_STATEMENT, "the block was changed on its way: have it sent again");
        content = bytes_span(&raw);
        if (!has_checksum(&content))
                return err_because(ERR_BAD_STATEMENT, "the block was changed on its way: have it sent again");
        if (!read_raw(content, kind, &block))
                return err_because(ERR_BAD_STATEMENT, "the block's content is malformed");
        *ret = block;
        block = (struct block){0};
        return OK;
}

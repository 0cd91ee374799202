#include "quorum/document.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define WORD    "breakglass-secret/v1"
#define PADDING 256u

static bool is_alphanumeric(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool field_name_is_valid(const char *name)
{
        size_t n = strlen(name);
        if (n < 1 || n > FIELD_NAME_MAX || !is_alphanumeric(name[0]))
                return false;
        for (size_t i = 1; i < n; i++)
                if (!is_alphanumeric(name[i]) && name[i] != '.' && name[i] != '_' && name[i] != '-')
                        return false;
        return true;
}

static void add_head(struct bytes *b, const char *credential, uint64_t number)
{
        bytes_printf(b, WORD " %s %" PRIu64 "\n", credential, number);
}

static enum err check_fields(const struct document_field fields[], size_t n)
{
        if (n < 1 || n > DOCUMENT_FIELDS_MAX)
                return err_because(ERR_USAGE, "a secret has 1 to %u fields", DOCUMENT_FIELDS_MAX);
        for (size_t i = 0; i < n; i++) {
                if (!memchr(fields[i].name, '\0', sizeof fields[i].name) || !field_name_is_valid(fields[i].name))
                        return err_because(ERR_USAGE, "field %zu: a name is [A-Za-z0-9][A-Za-z0-9._-]*", i + 1);
                for (size_t j = 0; j < i; j++)
                        if (strcmp(fields[i].name, fields[j].name) == 0)
                                return err_because(ERR_USAGE, "field %s twice", fields[i].name);
                if (fields[i].len == 0)
                        return err_because(ERR_USAGE, "field %s is empty", fields[i].name);
                if (fields[i].len > DOCUMENT_MAX)
                        return err_because(ERR_TOO_LARGE, "field %s has more than 1 MiB", fields[i].name);
        }
        return OK;
}

/* Names and lengths of the fields are no secrets; their values go straight from the caller's memory to ours. */
static void add_field_head(struct bytes *b, const struct document_field *f)
{
        bytes_clear(b);
        bytes_printf(b, "%s %zu\n", f->name, f->len);
}

static size_t padded_length(struct span head, const struct document_field fields[], size_t n)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        size_t total = head.n;
        for (size_t i = 0; i < n; i++) {
                add_field_head(&line, &fields[i]);
                total += line.n + fields[i].len + 1;
        }
        return (total + PADDING - 1) / PADDING * PADDING;
}

static void write_fields(unsigned char *out, const struct document_field fields[], size_t n, struct document *d)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        for (size_t i = 0; i < n; i++) {
                add_field_head(&line, &fields[i]);
                memcpy(out, line.p, line.n);
                out += line.n;
                memcpy(out, fields[i].value, fields[i].len);
                d->field[i] = fields[i];
                d->field[i].value = out;
                out += fields[i].len;
                *out++ = '\n';
        }
        d->n_fields = n;
}

enum err document_build(const char *credential, uint64_t number, const struct document_field fields[], size_t n,
                        struct document *ret)
{
        CLEANUP_BYTES struct bytes head = BYTES_NONE;
        *ret = (struct document){0};
        if (credential[0] == '\0' || strpbrk(credential, " \n"))
                return err_because(ERR_USAGE, "a credential's name without spaces is wanted");
        enum err e = check_fields(fields, n);
        if (e != OK)
                return e;
        add_head(&head, credential, number);
        size_t len = padded_length(bytes_span(&head), fields, n);
        if (len > DOCUMENT_MAX)
                return err_because(ERR_TOO_LARGE, "a secret has at most 1 MiB with its padding");
        if ((e = secret_new(len, &ret->raw)) != OK)
                return e;
        memcpy(ret->raw.bytes, head.p, head.n);
        write_fields(ret->raw.bytes + head.n, fields, n, ret);
        return OK;
}

/* ---- reading ---- */

/* Digits without leading zeros, at most the document's own length. */
static bool read_length(struct span text, size_t *ret)
{
        size_t v = 0;
        if (text.n < 1 || text.n > 7 || (text.n > 1 && text.p[0] == '0'))
                return false;
        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] < '0' || text.p[i] > '9')
                        return false;
                v = v * 10 + (size_t)(text.p[i] - '0');
        }
        *ret = v;
        return true;
}

/* The end of a field's first line; its name and length are no secrets, and nothing behind it is looked at. */
static const unsigned char *find_newline(struct span s)
{
        for (size_t i = 0; i < s.n; i++) {
                secret_declassify(s.p + i, 1);
                if (s.p[i] == '\n')
                        return s.p + i;
        }
        return NULL;
}

/* `NAME LENGTH\n` BYTES `\n` */
static bool read_field(struct span *rest, struct document *d)
{
        struct document_field *f = &d->field[d->n_fields];
        const unsigned char *end = find_newline(*rest);
        const unsigned char *space = end ? memchr(rest->p, ' ', (size_t)(end - rest->p)) : NULL;
        if (!space || (size_t)(space - rest->p) > FIELD_NAME_MAX || d->n_fields == DOCUMENT_FIELDS_MAX)
                return false;
        memcpy(f->name, rest->p, (size_t)(space - rest->p));
        f->name[space - rest->p] = '\0';
        if (strlen(f->name) != (size_t)(space - rest->p) || !field_name_is_valid(f->name) ||
            document_field(d, f->name) || !read_length(span_of(space + 1, (size_t)(end - space) - 1), &f->len))
                return false;
        size_t left = rest->n - (size_t)(end + 1 - rest->p);
        if (f->len >= left || secret_verdict(end[1 + f->len]) != '\n')
                return false;
        f->value = end + 1;
        d->n_fields++;
        *rest = span_of(f->value + f->len + 1, left - f->len - 1);
        return true;
}

static enum err read_all(struct document *d, const char *credential, uint64_t number)
{
        CLEANUP_BYTES struct bytes head = BYTES_NONE;
        struct span rest = span_of(d->raw.bytes, d->raw.len);
        size_t n_word = strlen(WORD " ");
        if (rest.n == 0 || rest.n % PADDING != 0 || rest.n > DOCUMENT_MAX)
                return err_because(ERR_BAD_CONTAINER, "not a secret of ours");
        add_head(&head, credential, number);
        secret_declassify(rest.p, rest.n < head.n ? rest.n : head.n); /* only the fields' values are secret */
        if (memcmp(rest.p, WORD " ", n_word) != 0)
                return err_because(ERR_BAD_CONTAINER, "not a secret of ours");
        if (rest.n < head.n || memcmp(rest.p, head.p, head.n) != 0)
                return err_because(ERR_MISMATCH, "the secret inside is another credential's or version's");
        rest = span_of(rest.p + head.n, rest.n - head.n);
        while (rest.n > 0 && secret_verdict(rest.p[0]) != '\0')
                if (!read_field(&rest, d))
                        return err_because(ERR_BAD_CONTAINER, "the secret's field %zu is malformed", d->n_fields + 1);
        if (d->n_fields == 0 || rest.n >= PADDING || !secret_verdict(sodium_is_zero(rest.p, rest.n)))
                return err_because(ERR_BAD_CONTAINER, "the secret's padding is malformed");
        return OK;
}

enum err document_read(struct secret *raw, const char *credential, uint64_t number, struct document *ret)
{
        *ret = (struct document){0};
        secret_move(&ret->raw, raw);
        enum err e = read_all(ret, credential, number);
        if (e != OK)
                document_wipe(ret);
        return e;
}

const struct document_field *document_field(const struct document *d, const char *name)
{
        for (size_t i = 0; i < d->n_fields; i++)
                if (strcmp(d->field[i].name, name) == 0)
                        return &d->field[i];
        return NULL;
}

void document_wipe(struct document *d)
{
        secret_wipe(&d->raw);
        *d = (struct document){0};
}

#include "quorum/age_parts.h"
#include <sodium.h>
#include <string.h>

/*   age-encryption.org/v1
 *   -> TYPE ARGUMENT …
 *   BASE64 in lines of 64 columns, the last one shorter, perhaps empty
 *   --- MAC
 *   nonce ‖ chunks
 */
#define COLUMNS   64u
#define MAC_CHARS 43u

bool age_base64_read(struct span text, unsigned char *ret, size_t len)
{
        size_t n = 0;
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] & 0x80) /* libsodium 1.0.18 takes some of these for letters */
                        return false;
        /* refuses other characters, padding and loose last bits */
        return sodium_base642bin(ret, len, (const char *)text.p, text.n, NULL, &n, NULL,
                                 sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
               n == len;
}

void age_base64_add(struct bytes *b, const unsigned char *p, size_t n)
{
        bytes_add_base64(b, span_of(p, n));
        while (b->p[b->n - 1] == '=')
                b->n--;
}

static struct span skip(struct span s, size_t n)
{
        return span_of(s.p + n, s.n - n);
}

static bool begins(struct span s, const char *text)
{
        size_t n = strlen(text);
        return s.n >= n && memcmp(s.p, text, n) == 0;
}

static bool take_line(struct span *rest, struct span *ret)
{
        const unsigned char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
        if (!end)
                return false;
        *ret = span_of(rest->p, (size_t)(end - rest->p));
        *rest = skip(*rest, ret->n + 1);
        return true;
}

/* Arguments of one or more visible characters, single spaces between them. */
static bool read_arguments(struct span line, struct age_stanza *ret)
{
        ret->n_args = 0;
        for (;;) {
                size_t n = 0;
                while (n < line.n && line.p[n] >= 0x21 && line.p[n] <= 0x7e)
                        n++;
                if (n == 0)
                        return false;
                if (ret->n_args < AGE_ARGS_KEPT)
                        ret->arg[ret->n_args] = span_of(line.p, n);
                ret->n_args++;
                if (n == line.n)
                        return true;
                if (line.p[n] != ' ')
                        return false;
                line = skip(line, n + 1);
        }
}

static bool read_body(struct span *rest, struct span *ret)
{
        const unsigned char *begin = rest->p;
        struct span line;
        do {
                unsigned char decoded[COLUMNS / 4 * 3];
                if (!take_line(rest, &line) || line.n > COLUMNS || line.n % 4 == 1 ||
                    !age_base64_read(line, decoded, line.n * 3 / 4))
                        return false;
        } while (line.n == COLUMNS);
        *ret = span_of(begin, (size_t)(rest->p - begin));
        return true;
}

bool age_stanza_next(struct span *rest, struct age_stanza *ret)
{
        struct span line;
        return begins(*rest, "-> ") && take_line(rest, &line) && read_arguments(skip(line, 3), ret) &&
               read_body(rest, &ret->body);
}

bool age_stanza_is(const struct age_stanza *s, const char *type)
{
        return span_is(s->arg[0], type);
}

bool age_body_read(const struct age_stanza *s, unsigned char *ret, size_t len)
{
        return s->body.n > 0 && age_base64_read(span_of(s->body.p, s->body.n - 1), ret, len);
}

/* "--- MAC\n" and at least the nonce behind it. */
static enum err read_end(struct span rest, struct span file, struct age_header *ret)
{
        struct span line;
        ret->authenticated = span_of(file.p, (size_t)(rest.p - file.p) + 3);
        if (!begins(rest, "--- ") || !take_line(&rest, &line) || line.n != 4 + MAC_CHARS ||
            !age_base64_read(skip(line, 4), ret->mac, AGE_MAC_BYTES))
                return err_because(ERR_BAD_CONTAINER, "header: no stanza and no MAC where one must be");
        if (rest.n < AGE_NONCE_BYTES)
                return err_because(ERR_BAD_CONTAINER, "header: cut off before its nonce");
        ret->nonce = span_of(rest.p, AGE_NONCE_BYTES);
        ret->chunks = skip(rest, AGE_NONCE_BYTES);
        return OK;
}

enum err age_header_read(struct span file, struct age_header *ret)
{
        *ret = (struct age_header){0};
        if (!begins(file, AGE_VERSION_LINE))
                return err_because(ERR_BAD_CONTAINER, "header: no age file of version 1");
        struct span rest = skip(file, strlen(AGE_VERSION_LINE));
        const unsigned char *begin = rest.p;
        while (begins(rest, "-> ")) {
                struct age_stanza stanza;
                if (!age_stanza_next(&rest, &stanza)) {
                        ret->broke_in_stanza = ret->n_stanzas == 0;
                        return err_because(ERR_BAD_CONTAINER, "header: stanza %zu is malformed", ret->n_stanzas + 1);
                }
                ret->n_stanzas++;
        }
        ret->stanzas = span_of(begin, (size_t)(rest.p - begin));
        if (ret->n_stanzas == 0) {
                ret->broke_in_stanza = true;
                return err_because(ERR_BAD_CONTAINER, "header: no stanza");
        }
        return read_end(rest, file, ret);
}

#include "quorum/age.h"
#include <string.h>

#define BEGIN_LINE "-----BEGIN AGE ENCRYPTED FILE-----"
#define END_LINE   "-----END AGE ENCRYPTED FILE-----"
#define COLUMNS    64u

void age_armor(struct span file, struct bytes *ret_text)
{
        CLEANUP_BYTES struct bytes base64 = BYTES_NONE;
        bytes_add_base64(&base64, file);
        bytes_add_text(ret_text, BEGIN_LINE "\n");
        for (size_t at = 0; at < base64.n; at += COLUMNS) {
                size_t left = base64.n - at;
                bytes_add(ret_text, base64.p + at, left < COLUMNS ? left : COLUMNS);
                bytes_add_byte(ret_text, '\n');
        }
        bytes_add_text(ret_text, END_LINE "\n");
}

static bool is_space(unsigned char c)
{
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span text)
{
        while (text.n > 0 && is_space(text.p[0]))
                text = span_of(text.p + 1, text.n - 1);
        while (text.n > 0 && is_space(text.p[text.n - 1]))
                text.n--;
        return text;
}

/* The next line without LF or CRLF; the last one of a trimmed text has neither. */
static struct span take_line(struct span *rest)
{
        const unsigned char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
        struct span line = span_of(rest->p, end ? (size_t)(end - rest->p) : rest->n);
        size_t used = line.n + (end != NULL);
        *rest = span_of(rest->p + used, rest->n - used);
        if (end && line.n > 0 && line.p[line.n - 1] == '\r')
                line.n--;
        return line;
}

/* Full lines of 64 columns, then one that may be shorter but not empty, then the end and nothing behind it. Gathers
 * their characters. */
static enum err gather(struct span text, struct bytes *ret_base64)
{
        bool is_short = false;
        struct span rest = trim(text);
        struct span line = take_line(&rest);
        if (!span_is(line, BEGIN_LINE))
                return err_because(ERR_BAD_CONTAINER, "armor: does not begin with `%s`", BEGIN_LINE);
        for (;;) {
                line = take_line(&rest);
                if (span_is(line, END_LINE))
                        break;
                if (line.n == 0 || line.n > COLUMNS || is_short)
                        return err_because(ERR_BAD_CONTAINER, "armor: a line that is not 64 columns wide");
                is_short = line.n < COLUMNS;
                bytes_add_span(ret_base64, line);
        }
        if (rest.n > 0)
                return err_because(ERR_BAD_CONTAINER, "armor: something behind its end");
        return OK;
}

enum err age_dearmor(struct span text, struct bytes *ret_file)
{
        CLEANUP_BYTES struct bytes base64 = BYTES_NONE;
        enum err e = gather(text, &base64);
        if (e != OK)
                return e;
        if (base64_decode(bytes_span(&base64), ret_file) != OK)
                return err_because(ERR_BAD_CONTAINER, "armor: no canonical base64");
        return OK;
}

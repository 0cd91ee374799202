#include "quorum/checkpoint.h"
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define ORIGIN         "breakglass/"
#define SIZE_MAX_VALUE ((UINT64_C(1) << 53) - 1)
#define NOTE_MAX       16384u
#define KEY_ID_BYTES   4u
#define SIGNATURE_TYPE 0x01
#define DASH           "\xe2\x80\x94 " /* em dash, space: how a note's signature line begins */

/* breakglass/HEX \n  SIZE \n  BASE64-ROOT \n */
static void write_text(const struct checkpoint *c, struct bytes *ret)
{
        bytes_add_text(ret, ORIGIN);
        bytes_add_hex(ret, c->installation.b, HASH_BYTES);
        bytes_printf(ret, "\n%" PRIu64 "\n", c->size);
        bytes_add_base64(ret, span_of(c->root.b, HASH_BYTES));
        bytes_add_byte(ret, '\n');
}

static void key_name(const struct checkpoint *c, struct bytes *ret)
{
        bytes_add_text(ret, ORIGIN);
        bytes_add_hex(ret, c->installation.b, HASH_BYTES);
}

/* The first four bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ key). */
static void key_id(const struct checkpoint *c, const unsigned char key[KEY_BYTES], unsigned char ret[KEY_ID_BYTES])
{
        CLEANUP_BYTES struct bytes input = BYTES_NONE;
        key_name(c, &input);
        bytes_add_byte(&input, '\n');
        bytes_add_byte(&input, SIGNATURE_TYPE);
        bytes_add(&input, key, KEY_BYTES);
        struct hash h = hash_of(bytes_span(&input));
        memcpy(ret, h.b, KEY_ID_BYTES);
}

enum err checkpoint_sign(const struct checkpoint *c, const struct secret *key, struct bytes *ret_note)
{
        if (key->len != crypto_sign_SECRETKEYBYTES)
                return err_because(ERR_BAD_KEY, "a signing key is seed and public key");
        if (c->size > SIZE_MAX_VALUE)
                return ERR_RANGE;
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        write_text(c, &text);
        unsigned char signature[KEY_ID_BYTES + crypto_sign_BYTES];
        key_id(c, key->bytes + crypto_sign_SEEDBYTES, signature);
        int r = crypto_sign_detached(signature + KEY_ID_BYTES, NULL, text.p, text.n, key->bytes);
        secret_wipe_stack();
        if (r != 0)
                return ERR_INTERNAL;
        secret_declassify(signature, sizeof signature);
        bytes_add_span(ret_note, bytes_span(&text));
        bytes_add_text(ret_note, "\n" DASH);
        key_name(c, ret_note);
        bytes_add_byte(ret_note, ' ');
        bytes_add_base64(ret_note, span_of(signature, sizeof signature));
        bytes_add_byte(ret_note, '\n');
        return OK;
}

/* Cuts the next line off, without its newline; false when there is none that ends in one. */
static bool take_line(struct span *rest, struct span *ret)
{
        const unsigned char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
        if (!end)
                return false;
        *ret = span_of(rest->p, (size_t)(end - rest->p));
        *rest = span_of(end + 1, rest->n - ret->n - 1);
        return true;
}

static bool read_origin(struct span line, struct hash *ret)
{
        size_t n = strlen(ORIGIN);
        return line.n == n + HASH_HEX && memcmp(line.p, ORIGIN, n) == 0 &&
               hash_from_hex(span_of(line.p + n, HASH_HEX), ret) == OK;
}

static bool read_size(struct span line, uint64_t *ret)
{
        uint64_t v = 0;
        if (line.n < 1 || line.n > 16 || (line.n > 1 && line.p[0] == '0'))
                return false;
        for (size_t i = 0; i < line.n; i++) {
                if (line.p[i] < '0' || line.p[i] > '9')
                        return false;
                v = v * 10 + (uint64_t)(line.p[i] - '0');
        }
        *ret = v;
        return v <= SIZE_MAX_VALUE;
}

static bool read_root(struct span line, struct hash *ret)
{
        CLEANUP_BYTES struct bytes root = BYTES_NONE;
        if (line.n != 44 || base64_decode(line, &root) != OK || root.n != HASH_BYTES)
                return false;
        memcpy(ret->b, root.p, HASH_BYTES);
        return true;
}

/* "— NAME BASE64": a name without spaces and plus signs; key id ‖ signature, at least one byte of it. */
static bool read_signature_line(struct span line, struct span *ret_name, struct bytes *ret_blob)
{
        size_t n_dash = strlen(DASH);
        if (line.n < n_dash || memcmp(line.p, DASH, n_dash) != 0)
                return false;
        line = span_of(line.p + n_dash, line.n - n_dash);
        const unsigned char *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
        if (!space || space == line.p)
                return false;
        *ret_name = span_of(line.p, (size_t)(space - line.p));
        if (memchr(ret_name->p, '+', ret_name->n))
                return false;
        bytes_clear(ret_blob);
        return base64_decode(span_of(space + 1, line.n - ret_name->n - 1), ret_blob) == OK &&
               ret_blob->n > KEY_ID_BYTES;
}

static bool is_by(struct span signer, const struct bytes *blob, const struct checkpoint *c, const struct key *key)
{
        CLEANUP_BYTES struct bytes name = BYTES_NONE;
        unsigned char id[KEY_ID_BYTES];
        key_name(c, &name);
        key_id(c, key->b, id);
        return span_equal(signer, bytes_span(&name)) && memcmp(blob->p, id, KEY_ID_BYTES) == 0;
}

/* Every line behind the text is a signature line, one at least; with a key, one at least is the key's, and all that
 * claim to be hold. */
static enum err check_signatures(struct span lines, struct span text, const struct checkpoint *c,
                                 const struct key *key)
{
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        unsigned n_lines = 0, n_good = 0;
        while (lines.n > 0) {
                struct span line, signer;
                size_t points;
                if (!take_line(&lines, &line) || !utf8_valid(line, &points) ||
                    !read_signature_line(line, &signer, &blob))
                        return err_because(ERR_CORRUPT_LOG, "checkpoint: line %u behind the text is no signature",
                                           n_lines + 1);
                n_lines++;
                if (!key || !is_by(signer, &blob, c, key))
                        continue;
                if (blob.n != KEY_ID_BYTES + crypto_sign_BYTES ||
                    crypto_sign_verify_detached(blob.p + KEY_ID_BYTES, text.p, text.n, key->b) != 0)
                        return err_because(ERR_CORRUPT_LOG, "checkpoint: the broker's signature does not hold");
                n_good++;
        }
        if (n_lines == 0 || (key && n_good == 0))
                return err_because(ERR_CORRUPT_LOG, "checkpoint: not signed by the broker's key");
        return OK;
}

static enum err read_note(struct span note, const struct key *key, struct checkpoint *ret)
{
        struct checkpoint c;
        struct span rest = note, origin, size, root, blank;
        if (note.n > NOTE_MAX)
                return err_because(ERR_CORRUPT_LOG, "checkpoint: longer than %u bytes", NOTE_MAX);
        if (!take_line(&rest, &origin) || !read_origin(origin, &c.installation))
                return err_because(ERR_CORRUPT_LOG, "checkpoint: the first line is no installation");
        if (!take_line(&rest, &size) || !read_size(size, &c.size))
                return err_because(ERR_CORRUPT_LOG, "checkpoint: the second line is no size");
        if (!take_line(&rest, &root) || !read_root(root, &c.root))
                return err_because(ERR_CORRUPT_LOG, "checkpoint: the third line is no root");
        struct span text = span_of(note.p, (size_t)(rest.p - note.p));
        if (!take_line(&rest, &blank) || blank.n != 0)
                return err_because(ERR_CORRUPT_LOG, "checkpoint: no blank line behind the root");
        enum err e = check_signatures(rest, text, &c, key);
        if (e == OK)
                *ret = c;
        return e;
}

enum err checkpoint_read(struct span note, struct checkpoint *ret)
{
        return read_note(note, NULL, ret);
}

enum err checkpoint_verify(struct span note, const struct key *broker, struct checkpoint *ret)
{
        return read_note(note, broker, ret);
}

#include "rotators/hooks/ssh_key_file.h"
#include <sodium.h>
#include <string.h>

#define MAGIC "openssh-key-v1"
#define KIND  "ssh-ed25519"
#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END   "-----END OPENSSH PRIVATE KEY-----"

/* ---- reading lengths and texts ---- */

struct reader {
        struct span left;
        bool is_bad; /* sticky */
};

static struct span take(struct reader *r, size_t n)
{
        struct span got = span_of(r->left.p, n);
        if (r->is_bad || n > r->left.n) {
                r->is_bad = true;
                return span_of(NULL, 0);
        }
        r->left = span_of(r->left.p + n, r->left.n - n);
        return got;
}

static uint32_t take_number(struct reader *r)
{
        struct span b = take(r, 4);
        return r->is_bad ? 0 : (uint32_t)b.p[0] << 24 | (uint32_t)b.p[1] << 16 | (uint32_t)b.p[2] << 8 | b.p[3];
}

static struct span take_text(struct reader *r)
{
        return take(r, take_number(r));
}

static void want(struct reader *r, struct span got, const char *text)
{
        r->is_bad |= !span_is(got, text);
}

/* ---- private key ---- */

/* check | check | "ssh-ed25519" | key | seed and key | comment | padding */
MUST_CHECK static enum err read_private(struct span block, struct secret *ret)
{
        struct reader r = {.left = block};
        uint32_t first = take_number(&r), second = take_number(&r);
        want(&r, take_text(&r), KIND);
        (void)take_text(&r);
        struct span both = take_text(&r);
        if (r.is_bad || first != second || both.n != crypto_sign_SECRETKEYBYTES)
                return ERR_BAD_CONTAINER;
        return secret_copy(both.p, both.n, ret);
}

MUST_CHECK static enum err read_binary(struct span all, struct ssh_key *ret)
{
        struct reader r = {.left = all};
        want(&r, take(&r, sizeof MAGIC - 1), MAGIC);
        (void)take(&r, 1);
        bool is_plain = span_is(take_text(&r), "none");
        (void)take_text(&r);
        (void)take_text(&r);
        uint32_t n = take_number(&r);
        struct span blob = take_text(&r), block = take_text(&r);
        struct reader public = {.left = blob};
        struct span kind = take_text(&public);
        if (r.is_bad || public.is_bad || n != 1)
                return ERR_BAD_CONTAINER;
        bytes_add_span(&ret->blob, blob);
        return is_plain && span_is(kind, KIND) ? read_private(block, &ret->private) : OK;
}

enum err ssh_key_read(const struct hook_field *file, struct ssh_key *ret)
{
        CLEANUP_SECRET struct secret binary = SECRET_NONE;
        CLEANUP_SSH_KEY struct ssh_key key = {.blob = BYTES_NONE};
        const char *text = (const char *)file->value; /* NUL-ended */
        const char *begin = strstr(text, BEGIN), *end = begin ? strstr(begin, END) : NULL;
        size_t n = 0;
        enum err e;
        if (!end)
                return ERR_BAD_CONTAINER;
        begin += strlen(BEGIN);
        if ((e = secret_new((size_t)(end - begin) + 1, &binary)) != OK)
                return e;
        if (sodium_base642bin(binary.bytes, binary.len, begin, (size_t)(end - begin), "\r\n \t", &n, NULL,
                              sodium_base64_VARIANT_ORIGINAL) != 0)
                return ERR_BAD_CONTAINER;
        if ((e = read_binary(span_of(binary.bytes, n), &key)) != OK)
                return e;
        *ret = key;
        key = (struct ssh_key){.blob = BYTES_NONE};
        return OK;
}

void ssh_key_done(struct ssh_key *k)
{
        bytes_done(&k->blob);
        secret_wipe(&k->private);
}

void ssh_key_fingerprint(struct span blob, char ret[SSH_FINGERPRINT_MAX])
{
        struct hash digest = hash_of(blob);
        char text[sodium_base64_ENCODED_LEN(HASH_BYTES, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)];
        sodium_bin2base64(text, sizeof text, digest.b, HASH_BYTES, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        snprintf(ret, SSH_FINGERPRINT_MAX, "SHA256:%s", text);
}

/* ---- authorized_keys ---- */

static struct span first_line(struct span *text)
{
        const unsigned char *end = memchr(text->p, '\n', text->n);
        size_t n = end ? (size_t)(end - text->p) : text->n;
        struct span line = span_of(text->p, n);
        *text = span_of(text->p + n + (end != NULL), text->n - n - (end != NULL));
        return line;
}

/* A word that is the base64 of a key: it decodes to a length and a kind that is as long. Options before it, quoted or
 * not, do not. */
static bool take_key(struct span word, struct ssh_line *ret)
{
        CLEANUP_BYTES struct bytes blob = BYTES_NONE;
        if (word.n < 40 || memcmp(word.p, "AAAA", 4) != 0 || base64_decode(word, &blob) != OK)
                return false;
        struct reader r = {.left = bytes_span(&blob)};
        if (take_text(&r).n == 0 || r.is_bad)
                return false;
        ret->base64 = word;
        ssh_key_fingerprint(bytes_span(&blob), ret->fingerprint);
        return true;
}

bool ssh_line_next(struct span *text, struct ssh_line *ret)
{
        *ret = (struct ssh_line){.base64 = {NULL, 0}};
        if (text->n == 0)
                return false;
        struct span line = first_line(text);
        bool is_comment = line.n > 0 && line.p[0] == '#';
        for (size_t at = 0; !is_comment && at < line.n && !ret->base64.p;) {
                size_t n = 0;
                while (at + n < line.n && line.p[at + n] != ' ' && line.p[at + n] != '\t')
                        n++;
                bool is_key = take_key(span_of(line.p + at, n), ret);
                at += n + 1;
                if (is_key && at < line.n)
                        ret->comment = span_of(line.p + at, line.n - at);
        }
        return true;
}

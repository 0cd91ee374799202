#include "quorum/identity.h"
#include "base/file.h"
#include "quorum/sshsig.h"
#include <sodium.h>
#include <string.h>

/*   # signs: … opens: …             any number of comment lines, for people
 *   # breakglass-sign/v1 HEXSEED
 *   AGE-SECRET-KEY-1…
 */
#define SIGN_LINE   "# breakglass-sign/v1 "
#define SEED_BYTES  crypto_sign_SEEDBYTES
#define SEED_CHARS  (2u * SEED_BYTES)
#define KEY_CHARS   (AGE_SECRET_TEXT - 1u)
#define TAIL_BYTES  (sizeof SIGN_LINE - 1 + SEED_CHARS + 1 + KEY_CHARS + 1)
#define FILE_MAX    16384u
#define ARMOR_BEGIN "-----BEGIN AGE"
#define AGE_BEGIN   "age-encryption.org/"

/* Fills in signing key and public keys from the seed and the opening key. */
static enum err complete(const unsigned char *seed, struct identity *i)
{
        enum err e = secret_new(crypto_sign_SECRETKEYBYTES, &i->sign);
        if (e != OK)
                return e;
        int r = crypto_sign_seed_keypair(i->signs.b, i->sign.bytes, seed);
        secret_wipe_stack();
        if (r != 0)
                return ERR_INTERNAL;
        secret_declassify(i->signs.b, KEY_BYTES);
        return age_public_of(&i->open, &i->opens);
}

enum err identity_new(struct identity *ret)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE;
        CLEANUP_IDENTITY struct identity fresh = {.sign = SECRET_NONE};
        enum err e;
        if ((e = secret_new(SEED_BYTES, &seed)) != OK)
                return e;
        randombytes_buf(seed.bytes, seed.len);
        if ((e = age_new_identity(&fresh.open)) != OK)
                return e;
        if ((e = complete(seed.bytes, &fresh)) != OK)
                return e;
        *ret = fresh;
        fresh = (struct identity){.sign = SECRET_NONE};
        return OK;
}

enum err identity_of_keys(const struct secret *seed, const struct secret *open, struct identity *ret)
{
        CLEANUP_IDENTITY struct identity made = {.sign = SECRET_NONE};
        enum err e;
        if (seed->len != SEED_BYTES || open->len != KEY_BYTES)
                return err_because(ERR_BAD_KEY, "a key has 32 bytes");
        if ((e = secret_copy(open->bytes, open->len, &made.open)) != OK)
                return e;
        if ((e = complete(seed->bytes, &made)) != OK)
                return e;
        *ret = made;
        made = (struct identity){.sign = SECRET_NONE};
        return OK;
}

void identity_wipe(struct identity *i)
{
        secret_wipe(&i->sign);
        secret_wipe(&i->open);
        *i = (struct identity){.sign = SECRET_NONE};
}

/* ---- writing ---- */

static enum err write_text(const struct identity *i, struct secret *ret)
{
        CLEANUP_BYTES struct bytes comment = BYTES_NONE;
        CLEANUP_SECRET struct secret key = SECRET_NONE;
        char signs[SIGN_KEY_TEXT], opens[AGE_PUBLIC_TEXT];
        enum err e;
        sign_key_format(&i->signs, signs);
        open_key_format(&i->opens, opens);
        bytes_printf(&comment, "# signs: %s opens: %s\n" SIGN_LINE, signs, opens);
        if ((e = age_secret_to_text(&i->open, &key)) != OK)
                return e;
        if ((e = secret_new(comment.n + SEED_CHARS + 1 + KEY_CHARS + 1, ret)) != OK)
                return e;
        unsigned char *out = ret->bytes;
        memcpy(out, comment.p, comment.n);
        out += comment.n;
        secret_hex_encode(i->sign.bytes, SEED_BYTES, out);
        out += SEED_CHARS;
        *out++ = '\n';
        memcpy(out, key.bytes, KEY_CHARS);
        out[KEY_CHARS] = '\n';
        return OK;
}

enum err identity_save(const struct identity *i, const char *path, const struct secret *passphrase, unsigned log_n,
                       bool replace)
{
        CLEANUP_SECRET struct secret text = SECRET_NONE;
        CLEANUP_BYTES struct bytes sealed = BYTES_NONE;
        enum err e = write_text(i, &text);
        if (e != OK)
                return e;
        struct span content = span_of(text.bytes, text.len);
        if (passphrase) {
                if ((e = age_seal_passphrase(passphrase, log_n, content, &sealed)) != OK)
                        return e;
                content = bytes_span(&sealed);
        }
        return replace ? file_write(path, 0600, content) : file_create(path, 0600, content);
}

void identity_roster_line(const struct identity *i, const char *name, struct bytes *ret)
{
        char signs[SIGN_KEY_TEXT], opens[AGE_PUBLIC_TEXT];
        sign_key_format(&i->signs, signs);
        open_key_format(&i->opens, opens);
        bytes_printf(ret, "%s: {signs: %s, opens: %s}", name, signs, opens);
}

/* ---- reading ---- */

static bool begins(const struct secret *s, const char *text)
{
        size_t n = strlen(text);
        return s->len >= n && memcmp(s->bytes, text, n) == 0;
}

static enum err corrupt(const char *why)
{
        return err_because(ERR_CORRUPT_IDENTITY, "%s", why);
}

/* Comment lines up to the signing line; only what people wrote is searched, never the keys. */
static bool skip_comments(struct span *rest)
{
        if (rest->n > TAIL_BYTES)
                secret_declassify(rest->p, rest->n - TAIL_BYTES);
        while (rest->n > TAIL_BYTES) {
                const unsigned char *end = memchr(rest->p, '\n', rest->n - TAIL_BYTES);
                if (!end || rest->p[0] != '#')
                        return false;
                size_t used = (size_t)(end + 1 - rest->p);
                *rest = span_of(end + 1, rest->n - used);
        }
        return rest->n == TAIL_BYTES;
}

/* The two last lines have fixed lengths. */
static enum err read_text(const struct secret *text, struct identity *ret)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE;
        struct span rest = span_of(text->bytes, text->len);
        enum err e;
        if (!skip_comments(&rest))
                return corrupt("no signing key where it belongs");
        secret_declassify(rest.p, strlen(SIGN_LINE));
        if (memcmp(rest.p, SIGN_LINE, strlen(SIGN_LINE)) != 0)
                return corrupt("no signing key where it belongs");
        const unsigned char *hex = rest.p + strlen(SIGN_LINE);
        const unsigned char *key = hex + SEED_CHARS + 1;
        if (secret_verdict(hex[SEED_CHARS]) != '\n' || secret_verdict(key[KEY_CHARS]) != '\n')
                return corrupt("its lines are not as long as they must be");
        if ((e = secret_new(SEED_BYTES, &seed)) != OK)
                return e;
        if (secret_hex_decode(hex, seed.bytes, SEED_BYTES) != OK)
                return corrupt("the signing key is no lower-case hex");
        if ((e = age_secret_from_text(key, KEY_CHARS, &ret->open)) != OK)
                return e == ERR_BAD_KEY ? corrupt("the opening key is mistyped") : e;
        return complete(seed.bytes, ret);
}

static bool is_wrapped(const struct secret *file)
{
        return begins(file, AGE_BEGIN) || begins(file, ARMOR_BEGIN);
}

static enum err unwrap(const struct secret *file, const struct secret *passphrase, struct secret *ret_text)
{
        CLEANUP_BYTES struct bytes binary = BYTES_NONE;
        struct span sealed = span_of(file->bytes, file->len);
        if (begins(file, ARMOR_BEGIN)) {
                if (age_dearmor(sealed, &binary) != OK)
                        return ERR_CORRUPT_IDENTITY;
                sealed = bytes_span(&binary);
        }
        enum err e = age_open_passphrase(passphrase, sealed, AGE_SCRYPT_LOG_N_MIN, AGE_SCRYPT_LOG_N_MAX, FILE_MAX,
                                         ret_text);
        return e == ERR_BAD_CONTAINER || e == ERR_TOO_LARGE ? ERR_CORRUPT_IDENTITY : e;
}

static enum err read_file(const char *path, struct secret *ret)
{
        enum err e = file_read_private(path, FILE_MAX, ret);
        if (e == ERR_TOO_LARGE)
                return corrupt("far too long");
        if (e != OK)
                return e;
        if (!is_wrapped(ret) && !begins(ret, "# ")) {
                secret_wipe(ret);
                return corrupt("neither an age file nor a plain identity");
        }
        return OK;
}

enum err identity_needs_passphrase(const char *path, bool *ret)
{
        CLEANUP_SECRET struct secret file = SECRET_NONE;
        enum err e = read_file(path, &file);
        if (e == OK)
                *ret = is_wrapped(&file);
        return e;
}

enum err identity_load(const char *path, const struct secret *passphrase, struct identity *ret)
{
        CLEANUP_SECRET struct secret file = SECRET_NONE, text = SECRET_NONE;
        CLEANUP_IDENTITY struct identity read = {.sign = SECRET_NONE};
        enum err e = read_file(path, &file);
        if (e != OK)
                return e;
        if (!is_wrapped(&file))
                secret_move(&text, &file);
        else if (!passphrase)
                return err_because(ERR_WRONG_PASSPHRASE, "the file wants a passphrase");
        else if ((e = unwrap(&file, passphrase, &text)) != OK)
                return e;
        if ((e = read_text(&text, &read)) != OK)
                return e;
        *ret = read;
        read = (struct identity){.sign = SECRET_NONE};
        return OK;
}

enum err identity_sign(const struct identity *i, enum statement_type type, struct span payload,
                       struct bytes *ret_blob)
{
        return sshsig_sign(&i->sign, statement_namespace(type), payload, ret_blob);
}

#include "broker/keys.h"
#include "base/file.h"
#include "broker/tls.h"
#include <sodium.h>
#include <string.h>

#define SIGN_PREFIX "breakglass-broker-sign/v1 "
#define SIGN_LENGTH (sizeof SIGN_PREFIX - 1 + 2 * crypto_sign_SEEDBYTES)

static enum err derive(const unsigned char seed[crypto_sign_SEEDBYTES], struct signing_key *ret)
{
        enum err e = secret_new(crypto_sign_SECRETKEYBYTES, &ret->key);
        if (e != OK)
                return e;
        int r = crypto_sign_seed_keypair(ret->public.b, ret->key.bytes, seed);
        secret_wipe_stack();
        if (r != 0)
                return ERR_BAD_KEY;
        return OK;
}

static enum err parse(const struct secret *file, struct signing_key *ret)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE;
        const char *end = NULL;
        size_t n = 0;
        if (file->len < SIGN_LENGTH || file->len > SIGN_LENGTH + 1 ||
            memcmp(file->bytes, SIGN_PREFIX, sizeof SIGN_PREFIX - 1) != 0)
                return err_because(ERR_BAD_KEY, "not a broker's signing key");
        enum err e = secret_new(crypto_sign_SEEDBYTES, &seed);
        if (e != OK)
                return e;
        const char *hex = (const char *)file->bytes + sizeof SIGN_PREFIX - 1;
        if (sodium_hex2bin(seed.bytes, seed.len, hex, 2 * crypto_sign_SEEDBYTES, NULL, &n, &end) != 0 ||
            n != crypto_sign_SEEDBYTES)
                return err_because(ERR_BAD_KEY, "not a broker's signing key");
        return derive(seed.bytes, ret);
}

enum err signing_key_load(const char *path, struct signing_key *ret)
{
        CLEANUP_SECRET struct secret file = SECRET_NONE;
        enum err e = file_read_private(path, 4096, &file);
        if (e == OK)
                e = parse(&file, ret);
        if (e != OK)
                signing_key_wipe(ret);
        return e;
}

void signing_key_wipe(struct signing_key *k)
{
        secret_wipe(&k->key);
        k->public = (struct key){{0}};
}

static enum err make_sign_key(const char *path, struct key *ret_public)
{
        CLEANUP_SECRET struct secret seed = SECRET_NONE, line = SECRET_NONE;
        struct signing_key made = {.key = SECRET_NONE};
        enum err e;
        if ((e = secret_new(crypto_sign_SEEDBYTES, &seed)) != OK || (e = secret_new(SIGN_LENGTH + 2, &line)) != OK)
                return e;
        randombytes_buf(seed.bytes, seed.len);
        memcpy(line.bytes, SIGN_PREFIX, sizeof SIGN_PREFIX - 1);
        sodium_bin2hex((char *)line.bytes + sizeof SIGN_PREFIX - 1, 2 * crypto_sign_SEEDBYTES + 1, seed.bytes,
                       seed.len);
        line.bytes[SIGN_LENGTH] = '\n';
        if ((e = derive(seed.bytes, &made)) == OK)
                e = file_create(path, 0600, span_of(line.bytes, SIGN_LENGTH + 1));
        *ret_public = made.public;
        signing_key_wipe(&made);
        return e;
}

static enum err refuse_existing(const char *const paths[], size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (file_exists(paths[i]))
                        return err_because(ERR_DUPLICATE, "%s exists; keys are never overwritten", paths[i]);
        return OK;
}

enum err keys_make(const char *folder, struct bytes *ret_roster_line)
{
        CLEANUP_FREE char *sign = path_join(folder, "sign");
        CLEANUP_FREE char *tls_key = path_join(folder, "tls_key.pem");
        CLEANUP_FREE char *tls_cert = path_join(folder, "tls_cert.pem");
        struct key public;
        char text[SIGN_KEY_TEXT], pin[TLS_PIN_TEXT];
        enum err e;
        if ((e = file_make_folder(folder, 0700)) != OK ||
            (e = refuse_existing((const char *const[]){sign, tls_key, tls_cert}, 3)) != OK ||
            (e = make_sign_key(sign, &public)) != OK || (e = tls_make_pair(tls_key, tls_cert, pin)) != OK)
                return e;
        sign_key_format(&public, text);
        bytes_printf(ret_roster_line, "broker: {signs: %s, tls: %s}\n", text, pin);
        return OK;
}

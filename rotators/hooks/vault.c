#include "rotators/hooks/vault.h"
#include "base/file.h"
#include <sodium.h>
#include <string.h>

/* The stored text without its newline, NUL-ended. */
MUST_CHECK static enum err read_hash(const char *path, struct bytes *ret)
{
        enum err e;
        if ((e = file_check_private(path)) != OK)
                return e;
        if ((e = file_read(path, crypto_pwhash_STRBYTES, ret)) != OK)
                return e;
        if (ret->n < 2 || ret->p[ret->n - 1] != '\n' || memchr(ret->p, 0, ret->n))
                return err_because(ERR_BAD_CONTAINER, "the vault file is damaged");
        ret->p[--ret->n] = 0;
        if (strncmp((const char *)ret->p, crypto_pwhash_STRPREFIX, strlen(crypto_pwhash_STRPREFIX)) != 0)
                return err_because(ERR_BAD_CONTAINER, "the vault file is damaged");
        return OK;
}

enum err vault_set(const char *path, const struct hook_field *value)
{
        char hash[crypto_pwhash_STRBYTES];
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        if (crypto_pwhash_str(hash, (const char *)value->value, value->len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                              crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
                return ERR_MEMORY;
        bytes_printf(&line, "%s\n", hash);
        return file_write(path, 0600, bytes_span(&line));
}

enum err vault_try(const char *path, const struct hook_field *value, enum vault_verdict *ret)
{
        CLEANUP_BYTES struct bytes hash = BYTES_NONE;
        enum err e = read_hash(path, &hash);
        if (e != OK)
                return e;
        bool opens = crypto_pwhash_str_verify(bytes_text(&hash), (const char *)value->value, value->len) == 0;
        *ret = opens ? VAULT_OPENS : VAULT_REFUSED;
        return OK;
}

enum err vault_handle(const char *path, struct bytes *ret)
{
        CLEANUP_BYTES struct bytes hash = BYTES_NONE;
        enum err e = read_hash(path, &hash);
        if (e != OK)
                return e;
        struct hash digest = hash_of(bytes_span(&hash));
        bytes_clear(ret);
        bytes_add_text(ret, "sha256:");
        bytes_add_hex(ret, digest.b, sizeof digest.b);
        return OK;
}

#include "quorum/sshsig.h"
#include <sodium.h>
#include <string.h>

/* The blob:                                      What is signed:
 *   "SSHSIG"                                       "SSHSIG"
 *   uint32 1                                       string namespace
 *   string( string "ssh-ed25519", string key )     string ""
 *   string namespace                               string "sha512"
 *   string ""            (reserved)                string SHA-512(message)
 *   string "sha512"
 *   string( string "ssh-ed25519", string signature )
 *
 * All of it but key and signature is known beforehand, so a blob is read by comparing, never by following lengths. */
#define MAGIC     "SSHSIG"
#define KEY_KIND  "ssh-ed25519"
#define HASH_KIND "sha512"

#define KIND_PART        (4u + 11u)
#define KEY_PART         (KIND_PART + 4u + KEY_BYTES)
#define SIGNATURE_PART   (KIND_PART + 4u + crypto_sign_BYTES)
#define KEY_OFFSET       (6u + 4u + 4u + KIND_PART + 4u)
#define AFTER_KEY        (KEY_OFFSET + KEY_BYTES)
#define TAIL_BYTES       (4u + 4u + 6u + 4u + SIGNATURE_PART) /* everything behind the namespace */
#define ARMOR_LINE_CHARS 70u

static void add_u32(struct bytes *b, size_t value)
{
        const unsigned char be[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                     (unsigned char)(value >> 8), (unsigned char)value};
        bytes_add(b, be, sizeof be);
}

static void add_string(struct bytes *b, struct span s)
{
        add_u32(b, s.n);
        bytes_add_span(b, s);
}

/* The blob up to the signature's 64 bytes. */
static void add_blob_head(struct bytes *b, const unsigned char key[KEY_BYTES], struct span name_space)
{
        bytes_add_text(b, MAGIC);
        add_u32(b, 1);
        add_u32(b, KEY_PART);
        add_string(b, span_text(KEY_KIND));
        add_string(b, span_of(key, KEY_BYTES));
        add_string(b, name_space);
        add_u32(b, 0);
        add_string(b, span_text(HASH_KIND));
        add_u32(b, SIGNATURE_PART);
        add_string(b, span_text(KEY_KIND));
        add_u32(b, crypto_sign_BYTES);
}

static enum err add_signed(struct bytes *b, const char *name_space, struct span message)
{
        unsigned char hash[crypto_hash_sha512_BYTES];
        if (crypto_hash_sha512(hash, message.p, message.n) != 0)
                return ERR_INTERNAL;
        bytes_add_text(b, MAGIC);
        add_string(b, span_text(name_space));
        add_u32(b, 0);
        add_string(b, span_text(HASH_KIND));
        add_string(b, span_of(hash, sizeof hash));
        return OK;
}

enum err sshsig_sign(const struct secret *key, const char *name_space, struct span message, struct bytes *ret_blob)
{
        if (key->len != crypto_sign_SECRETKEYBYTES)
                return err_because(ERR_BAD_KEY, "a signing key is seed and public key, %u bytes",
                                   (unsigned)crypto_sign_SECRETKEYBYTES);
        CLEANUP_BYTES struct bytes to_sign = BYTES_NONE;
        enum err e = add_signed(&to_sign, name_space, message);
        if (e != OK)
                return e;
        unsigned char signature[crypto_sign_BYTES];
        int r = crypto_sign_detached(signature, NULL, to_sign.p, to_sign.n, key->bytes);
        secret_wipe_stack();
        if (r != 0)
                return ERR_INTERNAL;
        secret_declassify(signature, sizeof signature);
        secret_declassify(key->bytes + crypto_sign_SEEDBYTES, KEY_BYTES); /* its public half */
        add_blob_head(ret_blob, key->bytes + crypto_sign_SEEDBYTES, span_text(name_space));
        bytes_add(ret_blob, signature, sizeof signature);
        return OK;
}

enum err sshsig_signer(struct span blob, struct key *ret)
{
        if (blob.n < AFTER_KEY + 4u + TAIL_BYTES)
                return err_because(ERR_AUTH, "a signature blob of %zu bytes is too short", blob.n);
        struct key key;
        memcpy(key.b, blob.p + KEY_OFFSET, KEY_BYTES);
        struct span name_space = span_of(blob.p + AFTER_KEY + 4, blob.n - AFTER_KEY - 4u - TAIL_BYTES);
        CLEANUP_BYTES struct bytes head = BYTES_NONE;
        add_blob_head(&head, key.b, name_space);
        if (head.n + crypto_sign_BYTES != blob.n || memcmp(head.p, blob.p, head.n) != 0)
                return err_because(ERR_AUTH, "no ssh-ed25519 signature over sha512 of version 1");
        *ret = key;
        return OK;
}

enum err sshsig_verify(const struct key *key, const char *name_space, struct span message, struct span blob)
{
        CLEANUP_BYTES struct bytes head = BYTES_NONE, signed_bytes = BYTES_NONE;
        add_blob_head(&head, key->b, span_text(name_space));
        if (head.n + crypto_sign_BYTES != blob.n || memcmp(head.p, blob.p, head.n) != 0)
                return err_because(ERR_AUTH, "a signature by another key, for another purpose, or no signature");
        if (add_signed(&signed_bytes, name_space, message) != OK)
                return ERR_AUTH;
        /* refuses S >= L, a small-order R and a non-canonical or small-order key */
        if (crypto_sign_verify_detached(blob.p + head.n, signed_bytes.p, signed_bytes.n, key->b) != 0)
                return err_because(ERR_AUTH, "the signature does not hold");
        return OK;
}

void sshsig_armor(struct span blob, struct bytes *ret_text)
{
        CLEANUP_BYTES struct bytes base64 = BYTES_NONE;
        bytes_add_base64(&base64, blob);
        bytes_add_text(ret_text, "-----BEGIN SSH SIGNATURE-----\n");
        for (size_t at = 0; at < base64.n; at += ARMOR_LINE_CHARS) {
                size_t left = base64.n - at;
                bytes_add(ret_text, base64.p + at, left < ARMOR_LINE_CHARS ? left : ARMOR_LINE_CHARS);
                bytes_add_byte(ret_text, '\n');
        }
        bytes_add_text(ret_text, "-----END SSH SIGNATURE-----\n");
}

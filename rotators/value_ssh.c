/* An Ed25519 key pair as `ssh-keygen -t ed25519 -N ''` would write it (OpenSSH's PROTOCOL.key):
 *
 *   "openssh-key-v1" NUL | "none" | "none" | "" | 1 | public | private
 *   public   "ssh-ed25519" | key of 32 bytes
 *   private  check | check | "ssh-ed25519" | key of 32 bytes | seed and key, 64 bytes | comment "" | padding 1 2 3 …
 * to 8
 *
 * Every text and block has its length, 32 bits big-endian, before it. */
#include "rotators/value.h"
#include <sodium.h>
#include <string.h>

#define KIND        "ssh-ed25519"
#define MAGIC       "openssh-key-v1"
#define BINARY_MAX  512u
#define LINE_LENGTH 70u

static const char armor_begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char armor_end[] = "-----END OPENSSH PRIVATE KEY-----\n";

struct writer {
        unsigned char *to;
        size_t n;
};

static void put_raw(struct writer *w, const void *p, size_t n)
{
        memcpy(w->to + w->n, p, n);
        w->n += n;
}

static void put_number(struct writer *w, uint32_t number)
{
        const unsigned char b[4] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                    (unsigned char)(number >> 8), (unsigned char)number};
        put_raw(w, b, sizeof b);
}

static void put(struct writer *w, const void *p, size_t n)
{
        put_number(w, (uint32_t)n);
        put_raw(w, p, n);
}

static void put_text(struct writer *w, const char *text)
{
        put(w, text, strlen(text));
}

/* The length of a block is known only when it is whole. */
static size_t begin_block(struct writer *w)
{
        put_number(w, 0);
        return w->n;
}

static void end_block(struct writer *w, size_t start)
{
        struct writer length = {w->to, start - 4};
        put_number(&length, (uint32_t)(w->n - start));
}

static void put_public(struct writer *w, const unsigned char *key)
{
        size_t start = begin_block(w);
        put_text(w, KIND);
        put(w, key, crypto_sign_PUBLICKEYBYTES);
        end_block(w, start);
}

static void put_private(struct writer *w, const unsigned char *key, const unsigned char *both)
{
        uint32_t check = randombytes_random();
        size_t start = begin_block(w);
        put_number(w, check);
        put_number(w, check);
        put_text(w, KIND);
        put(w, key, crypto_sign_PUBLICKEYBYTES);
        put(w, both, crypto_sign_SECRETKEYBYTES);
        put_text(w, "");
        for (unsigned char pad = 1; (w->n - start) % 8 != 0; pad++)
                put_raw(w, &pad, 1);
        end_block(w, start);
}

MUST_CHECK static enum err write_binary(struct secret *ret, size_t *ret_n)
{
        CLEANUP_SECRET struct secret both = SECRET_NONE;
        unsigned char key[crypto_sign_PUBLICKEYBYTES];
        enum err e;
        if ((e = secret_new(crypto_sign_SECRETKEYBYTES, &both)) != OK)
                return e;
        if ((e = secret_new(BINARY_MAX, ret)) != OK)
                return e;
        if (crypto_sign_keypair(key, both.bytes) != 0)
                return ERR_INTERNAL;
        secret_wipe_stack();
        struct writer w = {ret->bytes, 0};
        put_raw(&w, MAGIC, sizeof MAGIC);
        put_text(&w, "none");
        put_text(&w, "none");
        put_text(&w, "");
        put_number(&w, 1);
        put_public(&w, key);
        put_private(&w, key, both.bytes);
        *ret_n = w.n;
        return OK;
}

enum err value_new_ssh(struct secret *ret)
{
        CLEANUP_SECRET struct secret binary = SECRET_NONE, base64 = SECRET_NONE;
        size_t n = 0;
        enum err e;
        if ((e = write_binary(&binary, &n)) != OK)
                return e;
        if ((e = secret_new(sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL), &base64)) != OK)
                return e;
        sodium_bin2base64((char *)base64.bytes, base64.len, binary.bytes, n, sodium_base64_VARIANT_ORIGINAL);
        size_t length = base64.len - 1, lines = (length + LINE_LENGTH - 1) / LINE_LENGTH;
        if ((e = secret_new(strlen(armor_begin) + length + lines + strlen(armor_end), ret)) != OK)
                return e;
        struct writer w = {ret->bytes, 0};
        put_raw(&w, armor_begin, strlen(armor_begin));
        for (size_t at = 0; at < length; at += LINE_LENGTH) {
                put_raw(&w, base64.bytes + at, length - at < LINE_LENGTH ? length - at : LINE_LENGTH);
                put_raw(&w, "\n", 1);
        }
        put_raw(&w, armor_end, strlen(armor_end));
        return OK;
}

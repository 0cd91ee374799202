#include "quorum/age_parts.h"
#include <sodium.h>
#include <string.h>

/* Chunks of 64 KiB, each with its own tag and nonce: a big-endian counter of 11 bytes, then 1 for the last chunk. The
 * last one is empty only when there is nothing at all. */
#define CHUNK  65536u
#define TAG    crypto_aead_chacha20poly1305_ietf_ABYTES
#define SEALED (CHUNK + TAG)

static void chunk_nonce(uint64_t number, bool is_last, unsigned char ret[crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
        memset(ret, 0, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
        for (unsigned i = 0; i < 8; i++)
                ret[10 - i] = (unsigned char)(number >> (8 * i));
        ret[11] = is_last;
}

enum err age_stream_seal(const unsigned char key[AGE_KEY_BYTES], struct span plaintext, struct bytes *ret)
{
        CLEANUP_FREE unsigned char *sealed = mem_new(1, SEALED);
        uint64_t number = 0;
        bool is_last;
        do {
                size_t n = plaintext.n < CHUNK ? plaintext.n : CHUNK;
                unsigned char nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
                is_last = n == plaintext.n;
                chunk_nonce(number++, is_last, nonce);
                if (crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plaintext.p, n, NULL, 0, NULL, nonce,
                                                              key) != 0)
                        return ERR_INTERNAL;
                secret_declassify(sealed, n + TAG);
                bytes_add(ret, sealed, n + TAG);
                plaintext = span_of(plaintext.p + n, plaintext.n - n);
        } while (!is_last);
        return OK;
}

/* How many bytes the chunks hold, when their number and lengths are possible at all. */
static enum err plain_length(struct span chunks, size_t max, size_t *ret)
{
        size_t full = chunks.n / SEALED, last = chunks.n % SEALED;
        if (last == 0 && full > 0) {
                full--;
                last = SEALED;
        }
        if (last < TAG || (last == TAG && full > 0))
                return err_because(ERR_BAD_CONTAINER, "payload: cut off");
        *ret = full * CHUNK + (last - TAG);
        return *ret > max ? err_because(ERR_TOO_LARGE, "payload: more than %zu bytes", max) : OK;
}

/* Each chunk is verified before its bytes are written. */
static enum err open_chunks(const unsigned char key[AGE_KEY_BYTES], struct span chunks, unsigned char *out)
{
        for (uint64_t number = 0; chunks.n > 0; number++) {
                size_t n = chunks.n < SEALED ? chunks.n : SEALED;
                unsigned char nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
                chunk_nonce(number, n == chunks.n, nonce);
                if (secret_verdict(crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, chunks.p, n, NULL, 0,
                                                                             nonce, key)) != 0)
                        return err_because(ERR_BAD_CONTAINER, "payload: chunk %llu is damaged",
                                           (unsigned long long)number);
                out += n - TAG;
                chunks = span_of(chunks.p + n, chunks.n - n);
        }
        return OK;
}

enum err age_stream_open(const unsigned char key[AGE_KEY_BYTES], struct span chunks, size_t max, struct secret *ret)
{
        CLEANUP_SECRET struct secret plain = SECRET_NONE;
        unsigned char nothing[1];
        size_t n = 0;
        enum err e = plain_length(chunks, max, &n);
        if (e != OK)
                return e;
        if (n > 0 && (e = secret_new(n, &plain)) != OK)
                return e;
        if ((e = open_chunks(key, chunks, n > 0 ? plain.bytes : nothing)) != OK)
                return e;
        secret_move(ret, &plain);
        return OK;
}

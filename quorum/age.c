#include "quorum/age.h"
#include "quorum/age_parts.h"
#include "quorum/hkdf.h"
#include <sodium.h>
#include <string.h>

#define FILE_KEY    16u
#define WRAPPED     (FILE_KEY + crypto_aead_chacha20poly1305_ietf_ABYTES)
#define SALT        16u
#define X25519      "X25519"
#define SCRYPT      "scrypt"
#define SCRYPT_R    8u
#define LOG_N_LIMIT 63u

/* All secrets of one sealing or opening; lies in locked memory. */
struct work {
        struct hkdf_work hkdf;
        unsigned char file_key[FILE_KEY];
        unsigned char ephemeral[KEY_BYTES];
        unsigned char shared[KEY_BYTES];
        unsigned char wrap_key[HKDF_BYTES];
        unsigned char mac_key[HKDF_BYTES];
        unsigned char payload_key[HKDF_BYTES];
};

static enum err work_new(struct secret *memory, struct work **ret)
{
        enum err e = secret_new(sizeof(struct work), memory);
        if (e == OK)
                *ret = (struct work *)(void *)memory->bytes; /* at the end of a page, aligned as its size is */
        return e;
}

/* ---- wrapping the file key ---- */

/* Each wrapping key wraps one file key only, so the nonce is zero (age.md). */
static const unsigned char wrap_nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

static enum err wrap(const struct work *w, unsigned char ret[WRAPPED])
{
        return crypto_aead_chacha20poly1305_ietf_encrypt(ret, NULL, w->file_key, FILE_KEY, NULL, 0, NULL, wrap_nonce,
                                                         w->wrap_key) == 0
                       ? OK
                       : ERR_INTERNAL;
}

static bool unwrap(struct work *w, const unsigned char wrapped[WRAPPED])
{
        return secret_verdict(crypto_aead_chacha20poly1305_ietf_decrypt(w->file_key, NULL, NULL, wrapped, WRAPPED,
                                                                        NULL, 0, wrap_nonce, w->wrap_key)) == 0;
}

/* wrap_key from w->shared; salt: the ephemeral public key, then the recipient's. */
static enum err x25519_wrap_key(struct work *w, const unsigned char share[KEY_BYTES],
                                const unsigned char recipient[KEY_BYTES])
{
        unsigned char salt[2 * KEY_BYTES];
        memcpy(salt, share, KEY_BYTES);
        memcpy(salt + KEY_BYTES, recipient, KEY_BYTES);
        return hkdf_sha256(&w->hkdf, span_of(w->shared, KEY_BYTES), span_of(salt, sizeof salt),
                           "age-encryption.org/v1/X25519", w->wrap_key);
}

static enum err scrypt_wrap_key(struct work *w, const struct secret *passphrase, const unsigned char salt[SALT],
                                unsigned log_n)
{
        static const char label[] = "age-encryption.org/v1/scrypt";
        unsigned char labelled[sizeof label - 1 + SALT];
        memcpy(labelled, label, sizeof label - 1);
        memcpy(labelled + sizeof label - 1, salt, SALT);
        const unsigned char *phrase = passphrase->len ? passphrase->bytes : (const unsigned char *)"";
        if (crypto_pwhash_scryptsalsa208sha256_ll(phrase, passphrase->len, labelled, sizeof labelled,
                                                  UINT64_C(1) << log_n, SCRYPT_R, 1, w->wrap_key, HKDF_BYTES) != 0)
                return err_because(ERR_MEMORY, "scrypt with 2^%u wants %llu MiB", log_n,
                                   (unsigned long long)(UINT64_C(1) << log_n) * 128 * SCRYPT_R >> 20);
        return OK;
}

/* ---- sealing ---- */

/* MAC, nonce and chunks behind the stanzas of the header. */
static enum err seal_rest(struct work *w, struct span plaintext, struct bytes *file)
{
        unsigned char mac[AGE_MAC_BYTES], nonce[AGE_NONCE_BYTES];
        struct span file_key = span_of(w->file_key, FILE_KEY);
        enum err e;
        bytes_add_text(file, "---");
        if ((e = hkdf_sha256(&w->hkdf, file_key, span_of("", 0), "header", w->mac_key)) != OK)
                return e;
        if ((e = hmac_sha256(&w->hkdf, span_of(w->mac_key, HKDF_BYTES), bytes_span(file), span_of("", 0), mac)) != OK)
                return e;
        secret_declassify(mac, sizeof mac);
        bytes_add_byte(file, ' ');
        age_base64_add(file, mac, sizeof mac);
        bytes_add_byte(file, '\n');
        randombytes_buf(nonce, sizeof nonce);
        bytes_add(file, nonce, sizeof nonce);
        if ((e = hkdf_sha256(&w->hkdf, file_key, span_of(nonce, sizeof nonce), "payload", w->payload_key)) != OK)
                return e;
        return age_stream_seal(w->payload_key, plaintext, file);
}

/* `-> TYPE ARGUMENT …` and the wrapped file key, then the rest. */
static enum err seal_with_stanza(struct work *w, const char *type, struct span argument, const char *more,
                                 struct span plaintext, struct bytes *ret_file)
{
        CLEANUP_BYTES struct bytes file = BYTES_NONE;
        unsigned char wrapped[WRAPPED];
        enum err e = wrap(w, wrapped);
        if (e != OK)
                return e;
        secret_declassify(wrapped, sizeof wrapped);
        bytes_add_text(&file, AGE_VERSION_LINE);
        bytes_printf(&file, "-> %s ", type);
        age_base64_add(&file, argument.p, argument.n);
        bytes_printf(&file, "%s\n", more);
        age_base64_add(&file, wrapped, sizeof wrapped);
        bytes_add_byte(&file, '\n');
        if ((e = seal_rest(w, plaintext, &file)) != OK)
                return e;
        bytes_add_span(ret_file, bytes_span(&file));
        return OK;
}

enum err age_seal(const struct key *recipient, struct span plaintext, struct bytes *ret_file)
{
        CLEANUP_SECRET struct secret memory = SECRET_NONE;
        struct work *w;
        unsigned char share[KEY_BYTES];
        enum err e = work_new(&memory, &w);
        if (e != OK)
                return e;
        randombytes_buf(w->file_key, FILE_KEY);
        randombytes_buf(w->ephemeral, KEY_BYTES);
        if (crypto_scalarmult_curve25519_base(share, w->ephemeral) != 0)
                return ERR_INTERNAL;
        if (secret_verdict(crypto_scalarmult_curve25519(w->shared, w->ephemeral, recipient->b)) != 0)
                return err_because(ERR_BAD_KEY, "nothing can be sealed to a key of low order");
        secret_wipe_stack();
        secret_declassify(share, sizeof share);
        if ((e = x25519_wrap_key(w, share, recipient->b)) != OK)
                return e;
        return seal_with_stanza(w, X25519, span_of(share, sizeof share), "", plaintext, ret_file);
}

enum err age_seal_passphrase(const struct secret *passphrase, unsigned log_n, struct span plaintext,
                             struct bytes *ret_file)
{
        CLEANUP_SECRET struct secret memory = SECRET_NONE;
        struct work *w;
        unsigned char salt[SALT];
        char log_n_text[8];
        enum err e;
        if (log_n < 1 || log_n > LOG_N_LIMIT)
                return err_because(ERR_RANGE, "a scrypt work factor of 2^%u", log_n);
        if (passphrase->len == 0)
                return err_because(ERR_USAGE, "an empty passphrase protects nothing");
        if ((e = work_new(&memory, &w)) != OK)
                return e;
        randombytes_buf(w->file_key, FILE_KEY);
        randombytes_buf(salt, sizeof salt);
        if ((e = scrypt_wrap_key(w, passphrase, salt, log_n)) != OK)
                return e;
        snprintf(log_n_text, sizeof log_n_text, " %u", log_n);
        return seal_with_stanza(w, SCRYPT, span_of(salt, sizeof salt), log_n_text, plaintext, ret_file);
}

/* ---- opening ---- */

struct x25519_stanza {
        unsigned char share[KEY_BYTES];
        unsigned char wrapped[WRAPPED];
};

static bool x25519_read(const struct age_stanza *s, struct x25519_stanza *ret)
{
        return s->n_args == 2 && age_base64_read(s->arg[1], ret->share, KEY_BYTES) &&
               age_body_read(s, ret->wrapped, WRAPPED);
}

struct scrypt_stanza {
        unsigned char salt[SALT];
        unsigned log_n;
        unsigned char wrapped[WRAPPED];
};

static bool scrypt_read(const struct age_stanza *s, struct scrypt_stanza *ret)
{
        if (s->n_args != 3 || !age_base64_read(s->arg[1], ret->salt, SALT) ||
            !age_body_read(s, ret->wrapped, WRAPPED))
                return false;
        struct span text = s->arg[2];
        ret->log_n = 0;
        if (text.n > 2 || text.p[0] == '0')
                return false;
        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] < '0' || text.p[i] > '9')
                        return false;
                ret->log_n = ret->log_n * 10 + (unsigned)(text.p[i] - '0');
        }
        return ret->log_n <= LOG_N_LIMIT;
}

/* Before any work: every X25519 stanza well-formed, no scrypt stanza beside another, and with AGE_ONE_STANZA exactly
 * one X25519 stanza and nothing else. */
static enum err check_stanzas(const struct age_header *h, enum age_strictness how)
{
        struct span rest = h->stanzas;
        struct age_stanza s;
        struct x25519_stanza x;
        if (how == AGE_ONE_STANZA && h->n_stanzas != 1)
                return err_because(ERR_BAD_CONTAINER, "header: more than one recipient");
        while (age_stanza_next(&rest, &s)) {
                if (age_stanza_is(&s, SCRYPT) && h->n_stanzas > 1)
                        return err_because(ERR_BAD_CONTAINER, "header: a passphrase beside other recipients");
                if (age_stanza_is(&s, X25519) && !x25519_read(&s, &x))
                        return err_because(ERR_BAD_CONTAINER, "header: a malformed X25519 stanza");
                if (how == AGE_ONE_STANZA && !age_stanza_is(&s, X25519))
                        return err_because(ERR_BAD_CONTAINER, "header: no X25519 stanza");
        }
        return OK;
}

/* Finds the stanza that was wrapped for this identity. */
static enum err x25519_unwrap(struct work *w, const struct age_header *h, const struct secret *identity)
{
        unsigned char own[KEY_BYTES];
        struct span rest = h->stanzas;
        struct age_stanza s;
        if (crypto_scalarmult_curve25519_base(own, identity->bytes) != 0)
                return err_because(ERR_BAD_KEY, "an unusable identity");
        while (age_stanza_next(&rest, &s)) {
                struct x25519_stanza x;
                enum err e;
                if (!age_stanza_is(&s, X25519) || !x25519_read(&s, &x))
                        continue;
                if (secret_verdict(crypto_scalarmult_curve25519(w->shared, identity->bytes, x.share)) != 0)
                        return err_because(ERR_BAD_CONTAINER, "header: an X25519 share of low order");
                if ((e = x25519_wrap_key(w, x.share, own)) != OK)
                        return e;
                if (unwrap(w, x.wrapped))
                        return OK;
        }
        return err_because(ERR_BAD_CONTAINER, "not for this key");
}

/* The header's MAC, then the payload. */
static enum err open_rest(struct work *w, const struct age_header *h, size_t max, struct secret *ret)
{
        unsigned char mac[AGE_MAC_BYTES];
        struct span file_key = span_of(w->file_key, FILE_KEY);
        enum err e;
        if ((e = hkdf_sha256(&w->hkdf, file_key, span_of("", 0), "header", w->mac_key)) != OK)
                return e;
        if ((e = hmac_sha256(&w->hkdf, span_of(w->mac_key, HKDF_BYTES), h->authenticated, span_of("", 0), mac)) != OK)
                return e;
        if (secret_verdict(sodium_memcmp(mac, h->mac, AGE_MAC_BYTES)) != 0)
                return err_because(ERR_BAD_CONTAINER, "header: its MAC does not hold");
        if ((e = hkdf_sha256(&w->hkdf, file_key, h->nonce, "payload", w->payload_key)) != OK)
                return e;
        return age_stream_open(w->payload_key, h->chunks, max, ret);
}

enum err age_open(const struct secret *identity, struct span file, enum age_strictness how, size_t max,
                  struct secret *ret)
{
        CLEANUP_SECRET struct secret memory = SECRET_NONE;
        struct age_header h;
        struct work *w;
        enum err e;
        if (identity->len != KEY_BYTES)
                return err_because(ERR_BAD_CONTAINER, "an identity has %u bytes", KEY_BYTES);
        if ((e = age_header_read(file, &h)) != OK)
                return e;
        if ((e = check_stanzas(&h, how)) != OK)
                return e;
        if ((e = work_new(&memory, &w)) != OK)
                return e;
        e = x25519_unwrap(w, &h, identity);
        secret_wipe_stack();
        return e == OK ? open_rest(w, &h, max, ret) : e;
}

/* The lone scrypt stanza. What is damaged inside it can't be told from a wrong passphrase by who reads the answer. */
static enum err read_passphrase_header(struct span file, struct age_header *h, struct scrypt_stanza *ret)
{
        struct age_stanza s;
        enum err e = age_header_read(file, h);
        if (e != OK)
                return h->broke_in_stanza ? ERR_WRONG_PASSPHRASE : e;
        struct span rest = h->stanzas;
        if (h->n_stanzas != 1 || !age_stanza_next(&rest, &s))
                return err_because(ERR_BAD_CONTAINER, "header: a passphrase beside other recipients");
        if (age_stanza_is(&s, X25519))
                return err_because(ERR_BAD_CONTAINER, "header: sealed to a key, not with a passphrase");
        if (!age_stanza_is(&s, SCRYPT) || !scrypt_read(&s, ret))
                return err_because(ERR_WRONG_PASSPHRASE, "header: a malformed scrypt stanza");
        return OK;
}

enum err age_open_passphrase(const struct secret *passphrase, struct span file, unsigned min_log_n,
                             unsigned max_log_n, size_t max, struct secret *ret)
{
        CLEANUP_SECRET struct secret memory = SECRET_NONE;
        struct age_header h;
        struct scrypt_stanza s;
        struct work *w;
        enum err e;
        if ((e = read_passphrase_header(file, &h, &s)) != OK)
                return e;
        if (s.log_n < min_log_n)
                return err_because(ERR_WEAK_KDF, "header: scrypt with 2^%u", s.log_n);
        if (s.log_n > max_log_n)
                return err_because(ERR_KDF_LIMIT, "header: scrypt with 2^%u", s.log_n);
        if ((e = work_new(&memory, &w)) != OK)
                return e;
        if ((e = scrypt_wrap_key(w, passphrase, s.salt, s.log_n)) != OK)
                return e;
        if (!unwrap(w, s.wrapped))
                return err_because(ERR_WRONG_PASSPHRASE, "not with this passphrase");
        return open_rest(w, &h, max, ret);
}

enum err age_passphrase_log_n(struct span file, unsigned *ret_log_n)
{
        struct age_header h;
        struct scrypt_stanza s;
        if (read_passphrase_header(file, &h, &s) != OK)
                return ERR_BAD_CONTAINER;
        *ret_log_n = s.log_n;
        return OK;
}

bool age_is_passphrase_file(struct span file)
{
        struct age_header h;
        struct age_stanza s;
        if (age_header_read(file, &h) != OK)
                return false;
        struct span rest = h.stanzas;
        return h.n_stanzas == 1 && age_stanza_next(&rest, &s) && age_stanza_is(&s, SCRYPT);
}

/* ---- identities ---- */

enum err age_public_of(const struct secret *identity, struct key *ret)
{
        if (identity->len != KEY_BYTES || crypto_scalarmult_curve25519_base(ret->b, identity->bytes) != 0)
                return err_because(ERR_BAD_KEY, "an unusable identity");
        secret_wipe_stack();
        secret_declassify(ret->b, KEY_BYTES);
        return OK;
}

enum err age_new_identity(struct secret *ret)
{
        enum err e = secret_new(KEY_BYTES, ret);
        if (e == OK)
                randombytes_buf(ret->bytes, KEY_BYTES);
        return e;
}

/* The parts that age.c puts together: header grammar and payload stream (C2SP age.md). For age*.c only. */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#define AGE_VERSION_LINE "age-encryption.org/v1\n"
#define AGE_MAC_BYTES    32u
#define AGE_NONCE_BYTES  16u
#define AGE_KEY_BYTES    32u /* of a payload */
#define AGE_ARGS_KEPT    3u

struct age_stanza {
        size_t n_args;                  /* all of them, the type included */
        struct span arg[AGE_ARGS_KEPT]; /* the first ones */
        struct span body;               /* base64 in lines */
};

struct age_header {
        struct span stanzas; /* all of them, well-formed */
        size_t n_stanzas;
        struct span authenticated; /* from the version line to "---": what the MAC covers */
        unsigned char mac[AGE_MAC_BYTES];
        struct span nonce, chunks;
        bool broke_in_stanza; /* on failure: while its first stanza was being read */
};

/* Checks the grammar of the whole header before anything is computed. Errors: ERR_BAD_CONTAINER. */
MUST_CHECK enum err age_header_read(struct span file, struct age_header *ret);
/* The next of header->stanzas; false at their end. */
bool age_stanza_next(struct span *rest, struct age_stanza *ret);
bool age_stanza_is(const struct age_stanza *s, const char *type);
/* Canonical unpadded base64 of exactly len bytes. */
bool age_base64_read(struct span text, unsigned char *ret, size_t len);
bool age_body_read(const struct age_stanza *s, unsigned char *ret, size_t len); /* len < 48: one line */
void age_base64_add(struct bytes *b, const unsigned char *p, size_t n);

/* key: in locked memory. Errors: ERR_INTERNAL. */
MUST_CHECK enum err age_stream_seal(const unsigned char key[AGE_KEY_BYTES], struct span plaintext, struct bytes *ret);
/* Errors: ERR_BAD_CONTAINER, ERR_TOO_LARGE, ERR_MEMORY. */
MUST_CHECK enum err age_stream_open(const unsigned char key[AGE_KEY_BYTES], struct span chunks, size_t max,
                                    struct secret *ret);

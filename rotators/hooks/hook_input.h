/* What a hook is told on stdin, read without ever leaving locked memory:
 *
 *   {"step":…,"sequence":N,"idempotency_key":…,"credential":…,"config":{…},"handle":…,"old_handle":…,"deadline":MS,
 *    "pending":{"FIELD":"BASE64",…},"opened":{"FIELD":"BASE64",…}}
 *
 * `pending` and `opened` hold secrets: a scanner of our own cuts them out and decodes them in place; only what is
 * left goes to the JSON library. */
#pragma once
#include "base/json.h"
#include "base/secret.h"

#define HOOK_RETRY_MAX_S    3600 /* longer than this no target keeps a rotation waiting */
#define HOOK_INPUT_MAX      (4u * 1024u * 1024u)
#define HOOK_FIELDS_MAX     64u
#define HOOK_FIELD_NAME_MAX 64u

struct hook_field {
        char name[HOOK_FIELD_NAME_MAX + 1];
        const unsigned char *value; /* in locked memory, with a NUL behind its len bytes */
        size_t len;
};

struct hook_fields {
        bool is_given;
        size_t n;
        struct hook_field field[HOOK_FIELDS_MAX];
        struct secret arena;
};

struct hook_input {
        json_t *public_; /* everything else */
        const char *credential, *idempotency_key, *handle, *old_handle /* or NULL */;
        json_t *config;
        bool is_old_by_hand; /* people sealed the value in use: no rotation made it */
        int64_t deadline_ms; /* wall clock; 0: none */
        const char *step;    /* or NULL */
        int64_t sequence;    /* of a request to `serve`; 0: none */
        struct hook_fields pending, opened;
};

#define CLEANUP_HOOK_INPUT __attribute__((cleanup(hook_input_done)))

/* Reads the whole text, which lies in locked memory and stays the caller's. Errors: ERR_BAD_STATEMENT with the
 * reason, ERR_MEMORY. */
MUST_CHECK enum err hook_input_read(struct span text, struct hook_input *ret);
void hook_input_done(struct hook_input *i);
/* {"FIELD":"BASE64",…} alone, as a hook's answer may have it. Errors as above. */
MUST_CHECK enum err hook_fields_read(struct span object, struct hook_fields *ret);
void hook_fields_done(struct hook_fields *f);
/* Takes the secrets out of an object in locked memory: `rest` gets every other pair as an object of its own, for the
 * JSON library. Errors as above. */
struct hook_secrets {
        const char *key;
        struct hook_fields *to;
};
MUST_CHECK enum err hook_split(struct span object, const struct hook_secrets parts[], size_t n, struct bytes *rest);
const struct hook_field *hook_field(const struct hook_fields *f, const char *name); /* NULL */
/* A text or whole number of the configuration as text, kept in ret (cleared first). fallback NULL: it must be there.
 * Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err hook_config(const struct hook_input *i, const char *key, const char *fallback, struct bytes *ret);
/* Several of them. Errors as above. */
struct hook_text {
        const char *key, *fallback;
        struct bytes *to;
};
MUST_CHECK enum err hook_config_texts(const struct hook_input *in, const struct hook_text texts[], size_t n);
/* Whether the configuration says `yes`; `fallback` where it says nothing. Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err hook_config_yes(const struct hook_input *i, const char *key, bool fallback, bool *ret);
/* The text in the private file that KEY names, without the newline at its end, NUL-ended, the NUL counted; left empty
 * where the key is missing. Errors: ERR_CONFIG with the reason, ERR_MEMORY. */
MUST_CHECK enum err hook_config_secret(const struct hook_input *i, const char *key, struct secret *ret);
/* Every key of the configuration is in the NULL-ended list. Errors: ERR_CONFIG. */
MUST_CHECK enum err hook_config_check(const struct hook_input *i, const char *const known[]);

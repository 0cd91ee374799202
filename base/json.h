/* Strict JSON reading over jansson: duplicates, floats, NUL, trailing bytes, unknown keys and over-long values
 * refused.
 *
 * json_fields reads one object; its first error sticks, so that a parser is a list of reads and one check at the end.
 * Strings returned point into the json_t and live as long as it does. jansson never sees a secret.
 */
#pragma once
#include "base/bytes.h"
#include <jansson.h>

#define JSON_INT_MAX  INT64_C(9007199254740991) /* 2^53 − 1 */
#define JSON_LIST_MAX 1000u

/* Parses exactly one object or array with nothing behind it, depth ≤ max_depth, integers in 0…2^53−1, no floats,
 * valid UTF-8 without NUL. ret is to be json_decref()ed. Errors: ERR_BAD_STATEMENT with the reason. */
MUST_CHECK enum err json_read(struct span text, unsigned max_depth, json_t **ret);

#define JSON_FIELDS_MAX 32u /* different keys that one parser reads of an object */

struct json_fields {
        json_t *object;
        const char *taken[JSON_FIELDS_MAX];
        size_t n_taken;
        enum err error;
};

void json_fields_begin(struct json_fields *f, json_t *object); /* error when object is no object */
bool json_has(const struct json_fields *f, const char *key);
/* Required values: on error they return NULL / 0 and f->error is ERR_BAD_STATEMENT. Lengths in code points. */
const char *json_take_text(struct json_fields *f, const char *key, size_t min, size_t max);
int64_t json_take_int(struct json_fields *f, const char *key, int64_t min, int64_t max);
bool json_take_bool(struct json_fields *f, const char *key);
void json_take_hash(struct json_fields *f, const char *key, struct hash *ret);
void json_take_hex(struct json_fields *f, const char *key, unsigned char *ret, size_t len);
json_t *json_take_list(struct json_fields *f, const char *key, size_t min, size_t max);
json_t *json_take_object(struct json_fields *f, const char *key);
json_t *json_take_any(struct json_fields *f, const char *key); /* NULL when absent is not an error */
/* Optional text: NULL when absent. */
const char *json_take_text_if(struct json_fields *f, const char *key, size_t min, size_t max);
void json_fail(struct json_fields *f, const char *reason);
/* The sticky error, or ERR_BAD_STATEMENT when a key was left untaken. */
MUST_CHECK enum err json_fields_end(struct json_fields *f);

#define CLEANUP_JSON __attribute__((cleanup(json_cleanup_)))
static inline void json_cleanup_(json_t **j)
{
        json_decref(*j);
}

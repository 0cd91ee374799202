/* Strict YAML reading (libyaml events) into a small tree that knows line and column of everything.
 *
 * Refused: more than one document, directives, anchors, aliases, tags, merge keys, duplicate keys, non-scalar keys,
 * depth over 16.
 */
#pragma once
#include "base/bytes.h"

enum yaml_kind { YAML_TEXT, YAML_MAP, YAML_LIST };

struct yaml_node {
        enum yaml_kind kind;
        unsigned line, column; /* from 1 */
        bool is_quoted;        /* of a text */
        char *text;            /* of a YAML_TEXT: UTF-8, no NUL inside */
        char *key;             /* of a map's child */
        unsigned key_line, key_column;
        bool is_taken; /* read by somebody: what is not taken is an unknown key */
        struct yaml_node *child, *next;
        size_t n; /* children */
};

/* Errors: ERR_BAD_ROSTER with "line L, column C: …" as err_reason() (programs that read another file map the code).
 * Free ret with yaml_free(). */
MUST_CHECK enum err yaml_read(struct span text, struct yaml_node **ret);
void yaml_tree_free(struct yaml_node *n);
/* Only inline: a symbol of this name would take the place of libyaml's own. */
static inline void yaml_free(struct yaml_node *n)
{
        yaml_tree_free(n);
}
/* A map's child, marked as taken; NULL when absent. */
struct yaml_node *yaml_get(struct yaml_node *map, const char *key);
/* The first map child that nobody took, anywhere below n (a list's items count as taken); NULL when none. */
const struct yaml_node *yaml_untaken(const struct yaml_node *n);
/* Keeps "line L, column C: …" as the reason and returns e. A map child that nobody took is shown where its key is. */
enum err yaml_because(enum err e, const struct yaml_node *where, const char *format, ...) PRINTF_LIKE(3, 4);

/* Typed reads; n may be NULL ("missing"); each says line and column on error. Errors: the `e` that the caller names.
 * `true`/`false`; integers without sign or leading zero; durations. */
MUST_CHECK enum err yaml_text(const struct yaml_node *n, enum err e, size_t min, size_t max, const char **ret);
MUST_CHECK enum err yaml_bool(const struct yaml_node *n, enum err e, bool *ret);
MUST_CHECK enum err yaml_int(const struct yaml_node *n, enum err e, int64_t min, int64_t max, int64_t *ret);
MUST_CHECK enum err yaml_duration(const struct yaml_node *n, enum err e, int64_t *ret_ms);

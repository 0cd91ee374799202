/* Taking a payload's fields, each with its form (private to statement_read*.c). Errors go into f->error, the first
 * one counts, with the key in the reason. Texts point into the JSON. */
#pragma once
#include "quorum/statement.h"

void payload_fail(struct json_fields *f, enum err e, const char *key, const char *what);
/* Fails when there is a text that is not valid. */
const char *payload_checked(struct json_fields *f, const char *key, const char *text, bool (*is_valid)(const char *));
const char *payload_name(struct json_fields *f, const char *key);
const char *payload_label(struct json_fields *f, const char *key);
const char *payload_open_key(struct json_fields *f, const char *key);
/* Its place among the words (NULL-ended). */
unsigned payload_word(struct json_fields *f, const char *key, const char *const words[]);
bool payload_true(struct json_fields *f, const char *key);
/* The texts of a list, each 1…max code points, none twice; NULL on error. Owned by the caller. */
const char **payload_texts(struct json_fields *f, const char *key, size_t min, size_t max, size_t *ret_n);
void payload_ids(struct json_fields *f, const char *key, struct hash_list *ret);

/* The two forms with a structure of their own, behind the common head. */
void payload_version(struct json_fields *f, struct version_fields *v);
void payload_recovery(struct json_fields *f, struct statement *s);

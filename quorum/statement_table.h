/* The payload fields of every statement type as one table, so that what is written and what is read can't drift apart
 * (private to statement*.c). The head and the two nested forms (a version, a rotation's evidence) are code. */
#pragma once
#include "quorum/statement.h"

#define PAYLOAD_DEPTH_MAX 8u

enum field_kind {
        FIELD_NAME,     /* const char *: name_is_valid() */
        FIELD_LABEL,    /* const char *: label_is_valid() */
        FIELD_TEXT,     /* const char *: 1…max code points */
        FIELD_KEY,      /* const char *: age1… */
        FIELD_HASH,     /* struct hash */
        FIELD_INT,      /* int64_t or uint64_t */
        FIELD_INDEX,    /* unsigned, 1…SHARE_MAX */
        FIELD_TRUE,     /* bool: only ever literally true */
        FIELD_WORD,     /* an enum: the place of the word in `words` */
        FIELD_IDS,      /* struct hash_list, none twice */
        FIELD_LABELS,   /* size_t count, then const char **, none twice */
        FIELD_EVIDENCE, /* of a rotation */
        FIELD_CHALLENGE /* 32 bytes as hex */
};

struct field {
        const char *key;
        enum field_kind kind;
        bool is_optional;         /* absent: NULL, zero, false or an empty list */
        size_t at;                /* offset in struct statement */
        size_t max;               /* FIELD_TEXT */
        const char *const *words; /* FIELD_WORD: NULL-ended; words[0] may be "" for an absent one */
        size_t flag_at;           /* offset of a bool that says whether it is there, 0 when none */
};

struct field_table {
        const struct field *field;
        size_t n;
};

/* Empty for `roster` and `version`. */
const struct field_table *statement_fields(enum statement_type t);
static inline void *statement_member(const struct statement *s, size_t at)
{
        return (unsigned char *)s + at;
}

extern const char *const statement_old_words[];
#define ROTATION_OF "rotation of "

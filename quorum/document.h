/* The secret itself as it is sealed: a credential's named fields in one padded document.
 *
 *   breakglass-secret/v1 CREDENTIAL NUMBER\n   then per field   NAME LENGTH\n BYTES \n   then NULs to a multiple of
 * 256
 *
 * Everything here lives in locked memory. */
#pragma once
#include "base/bytes.h"
#include "base/secret.h"

#define DOCUMENT_MAX        (1024u * 1024u) /* with the padding */
#define DOCUMENT_FIELDS_MAX 64u
#define FIELD_NAME_MAX      64u /* [A-Za-z0-9][A-Za-z0-9._-]* */

struct document_field {
        char name[FIELD_NAME_MAX + 1];
        const unsigned char *value; /* into the document or the caller's secret */
        size_t len;
};

struct document {
        struct secret raw; /* the whole document */
        size_t n_fields;
        struct document_field field[DOCUMENT_FIELDS_MAX];
};

#define CLEANUP_DOCUMENT __attribute__((cleanup(document_wipe)))

/* Builds ret->raw and points the fields into it. Errors: ERR_TOO_LARGE, ERR_USAGE (no field, an empty secret, a bad
 * or double name), ERR_MEMORY. */
MUST_CHECK enum err document_build(const char *credential, uint64_t number, const struct document_field fields[],
                                   size_t n, struct document *ret);
/* Takes raw over (it becomes SECRET_NONE) and checks it to the last byte against the names expected. Errors:
 * ERR_MISMATCH (another credential or number), ERR_BAD_CONTAINER (malformed). */
MUST_CHECK enum err document_read(struct secret *raw, const char *credential, uint64_t number, struct document *ret);
const struct document_field *document_field(const struct document *d, const char *name); /* NULL */
void document_wipe(struct document *d);

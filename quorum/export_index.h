/* Where everything lies in an export that was verified: any entry or sealed part is read from the file when it is
 * wanted, and must still be what was verified. So an export may be of any size: what is held of it is a few dozen
 * bytes for each entry and part. */
#pragma once
#include "quorum/export.h"

struct export_index;

/* Verifies fd, a plain file, from its beginning (export_verify_stream()) and takes it over, also on an error.
 * want_blobs: it is a vault's export. genesis: the pin, or NULL. Errors: those of export_verify_stream(). */
MUST_CHECK enum err export_index_new(int fd, bool want_blobs, const struct hash *genesis, struct export_verdict *ret,
                                     struct ledger **ret_ledger, struct export_index **ret_index);
void export_index_free(struct export_index *x);

size_t export_index_parts(const struct export_index *x);
/* Each appends. Errors: ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT_LOG (the file was changed meanwhile). */
MUST_CHECK enum err export_index_line(const struct export_index *x, uint64_t n, struct bytes *ret);
MUST_CHECK enum err export_index_part(const struct export_index *x, const struct hash *sha256, struct bytes *ret);

/* What the acts share. */
#pragma once
#include "client/act.h"
#include "client/inside.h"
#include "client/review.h"

/* Reads entry n from the own copy and verifies it anew: its place in the tree, its id, its signature, its signer's
 * name. *ret is to be freed. Errors: ERR_CORRUPT_LOG. */
MUST_CHECK enum err act_verify_entry(const struct client *c, uint64_t n, const struct hash *id,
                                     enum statement_type type, const char *by, struct statement **ret);
/* The request, which must be mine. Errors: ERR_NOT_FOUND, ERR_NOT_ALLOWED. */
MUST_CHECK enum err act_my_request(const struct client *c, const struct hash *request, struct request_view *ret);
/* Fetches and opens what an opened, live request of mine gives. */
MUST_CHECK enum err act_unseal(struct client *c, const struct request_view *r,
                               void (*bad_share)(void *context, const char *holder, enum err e), void *context,
                               struct document *ret);

/* What the two sides of a recovery share. */
#pragma once
#include "client/inside.h"
#include "client/recover.h"

#define HOME_ASKED   "asked"
#define HOME_ANSWERS "answers"
#define HOME_OPENED  "opened"
#define BLOCKS_MAX   (4u * 1024u * 1024u)

/* Fills in what a statement of mine begins with, except the head, and signs. */
MUST_CHECK enum err recovery_sign(const struct recovery *r, struct statement *s, struct envelope *ret);
/* A request's block from the folder. Errors: ERR_NO_ENTRY, ERR_BAD_STATEMENT. */
MUST_CHECK enum err recovery_read_asked(const struct recovery *r, const struct hash *request, struct block *ret);

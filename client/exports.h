/* How old the newest export of the vault is, by the broker's word (`GET /v1/exports`). It is no statement and proves
 * nothing: a lying broker can say that exports are made which are not. What an export is worth says only the export
 * (`breakglass recover verify`); this is for finding out that nobody makes any. */
#pragma once
#include "client/client.h"

struct exports_word {
        int64_t every_ms; /* how often one is to be made; 0: the broker makes none by itself */
        bool is_failing;
        int64_t last_at_ms; /* up to when the newest verified one holds the log; 0: none yet */
        uint64_t entries;   /* of the log, in it */
};

/* Errors: ERR_LYING_BROKER (malformed). */
MUST_CHECK enum err exports_read(struct span body, struct exports_word *ret);
/* Errors: those of http_call(), ERR_NOT_FOUND (an older broker). */
MUST_CHECK enum err client_exports(struct client *c, struct exports_word *ret);

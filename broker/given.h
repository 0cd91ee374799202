/* What a broker gets back after a loss: logs and sealed parts that others hold (an export, clients' `log export`s),
 * each verified by itself, then compared. Of logs of which each continues the other the longest says everything. What
 * is needed of a file is read from it when it is wanted (quorum/export_index.h): it may be of any size. */
#pragma once
#include "broker/store.h"
#include "quorum/export_index.h"

struct given_log {
        const char *name;           /* for people: the file's, or what it is */
        struct export_index *index; /* of a file; NULL: the log of a store */
        struct store *store;        /* the caller's */
        struct ledger *ledger;      /* ours when there is an index */
};

struct given {
        size_t n;
        struct given_log *log;
};

#define CLEANUP_GIVEN __attribute__((cleanup(given_done)))
void given_done(struct given *g);

/* Reads a file and adds its log and parts. is_vault: it must be a whole vault's export. genesis: the pin, or NULL.
 * Errors: those of export_index_new(), ERR_NO_ENTRY; the reason begins with the path. */
MUST_CHECK enum err given_read(struct given *g, const char *path, bool is_vault, const struct hash *genesis);
/* Adds the log that a store has; store and ledger stay the caller's. */
void given_add(struct given *g, const char *name, struct store *store, struct ledger *ledger);

/* How many entries two logs have in common from the beginning. */
uint64_t given_common(const struct ledger *a, const struct ledger *b);
/* The longest, of which every other one must be the beginning. Errors: ERR_FORK when two contradict each other: the
 * reason says which and where, *ret_one and *ret_other are their places. */
MUST_CHECK enum err given_unite(const struct given *g, size_t *ret_longest, size_t *ret_one, size_t *ret_other);
/* Entry n, without its newline, appended. Errors: those of export_index_line() and of the store. */
MUST_CHECK enum err given_line(const struct given_log *log, uint64_t n, struct bytes *ret);
/* A sealed part out of any file that has it, appended. Errors: ERR_NOT_FOUND when none has, those of
 * export_index_part(). */
MUST_CHECK enum err given_part(const struct given *g, const struct hash *sha256, struct bytes *ret);

/* What a broker gets back after a loss: logs and sealed parts that others hold (an export, clients' `log export`s),
 * each verified by itself, then compared. Of logs of which each continues the other the longest says everything. */
#pragma once
#include "quorum/ledger.h"

struct given_log {
        const char *name;  /* for people: the file's, or what it is */
        struct bytes text; /* begins with the lines */
        struct ledger *ledger;
        bool is_ours; /* neither freed here */
};

struct given_part {
        struct hash sha256;
        struct bytes bytes;
};

struct given {
        size_t n;
        struct given_log *log;
        size_t n_parts;
        struct given_part *part; /* sealed shares and ciphertexts, each under its true hash */
};

#define CLEANUP_GIVEN __attribute__((cleanup(given_done)))
void given_done(struct given *g);

/* Reads a file and adds its log and parts. is_vault: it must be a whole vault's export. genesis: the pin, or NULL.
 * Errors: those of export_verify(), ERR_IO; the reason begins with the path. */
MUST_CHECK enum err given_read(struct given *g, const char *path, bool is_vault, const struct hash *genesis);
/* Adds the log that is there already; text and ledger stay the caller's. */
void given_add(struct given *g, const char *name, const struct bytes *text, struct ledger *ledger);

/* How many entries two logs have in common from the beginning. */
uint64_t given_common(const struct ledger *a, const struct ledger *b);
/* The longest, of which every other one must be the beginning. Errors: ERR_FORK when two contradict each other: the
 * reason says which and where, *ret_one and *ret_other are their places. */
MUST_CHECK enum err given_unite(const struct given *g, size_t *ret_longest, size_t *ret_one, size_t *ret_other);
/* The lines from entry n on, each with its newline, up to the log's end. */
struct span given_lines(const struct given_log *log, uint64_t n);
/* NULL when nobody has it. */
const struct given_part *given_find(const struct given *g, const struct hash *sha256);

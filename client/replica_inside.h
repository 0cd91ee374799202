/* The replica's parts: replica.c judges answers, replica_store.c keeps them. */
#pragma once
#include "client/replica.h"
#include <sys/types.h>

struct replica {
        struct home *home;
        struct ledger *ledger;
        int log_fd;
        uint64_t *offsets; /* of each line in log.jsonl, and behind the last */
        size_t offsets_cap;
        struct bytes head; /* the newest checkpoint note, empty when there is none */
        struct checkpoint head_says;
        uint64_t snapshot_size;
};

/* Reads head, snapshot and log.jsonl into r (with the folder's lock held). What was there before is freed. */
MUST_CHECK enum err replica_load(struct replica *r);
/* Reads what other programs have appended since (with the lock held). */
MUST_CHECK enum err replica_catch_up(struct replica *r);
/* Appends whole lines, each with its newline, then replaces the head; both durable on return. The ledger has folded
 * the lines already. note empty: leaves the head. */
MUST_CHECK enum err replica_append(struct replica *r, struct span lines, struct span note);
void replica_save_snapshot(struct replica *r);
void replica_note_offset(struct replica *r, uint64_t n, uint64_t offset);
uint64_t replica_log_end(const struct replica *r);

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
        unsigned head_slot;    /* of head.0 and head.1: where it stands */
        bool may_rewrite_slot; /* what stands in the other one has been synced */
        bool is_log_dirty;     /* appended, not synced */
        uint64_t snapshot_size;
};

/* Reads head, snapshot and log.jsonl into r (with the folder's lock held). What was there before is freed. */
MUST_CHECK enum err replica_load(struct replica *r);
/* Reads what other programs have appended since (with the lock held). */
MUST_CHECK enum err replica_catch_up(struct replica *r);
/* Appends whole lines, each with its newline, then replaces the head. The ledger has folded the lines already. note
 * empty: leaves the head. A crash of this program loses nothing of it; replica_flush() makes it outlive the
 * machine's.
 */
MUST_CHECK enum err replica_append(struct replica *r, struct span lines, struct span note);
void replica_save_snapshot(struct replica *r);

/* ---- replica_head.c ---- */
MUST_CHECK enum err replica_load_head(struct replica *r);
MUST_CHECK enum err replica_save_head(struct replica *r, struct span note);
MUST_CHECK enum err replica_sync_head(struct replica *r);
/* ERR_CORRUPT_LOG with the remedy. */
enum err replica_damaged(const struct replica *r, const char *what);
void replica_note_offset(struct replica *r, uint64_t n, uint64_t offset);
uint64_t replica_log_end(const struct replica *r);

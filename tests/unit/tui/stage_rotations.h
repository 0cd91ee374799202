/* A stage with many rotations: a second roster with prod/eu/db1…db8, which rot-1 rotates, and prod/eu/safe, which
 * nobody does; all of them sealed, and more of them ordered by alice the further a test wants to be. */
#pragma once
#include "tests/unit/tui/stage.h"

#define STAGE_DBS 8u

struct stage_rotations {
        struct hash db[STAGE_DBS], pending[STAGE_DBS], safe;
        uint64_t order_n; /* the entry of the order */
};

struct stage *stage_many(const char *me, struct stage_rotations *ret);
/* alice orders the first n dbs. */
void stage_order(struct stage *s, struct stage_rotations *r, size_t n);
void stage_claim(struct stage *s, const struct stage_rotations *r, size_t i, int64_t for_ms);
void stage_seal_pending(struct stage *s, struct stage_rotations *r, size_t i);
void stage_step(struct stage *s, const struct stage_rotations *r, size_t i, enum rotation_step step,
                enum rotation_outcome outcome);
/* Claimed, sealed, set, tested, promoted, done with this evidence. */
void stage_rotate(struct stage *s, struct stage_rotations *r, size_t i, enum old_evidence old);
/* One in each state: db1 refused, db2 replaced, db3 unproven, db4's set failed, db5 at work, db6 waits for custody,
 * db7 is not taken, db8 not ordered; the model looks at Rotations. */
struct stage *stage_all_states(const char *me, struct stage_rotations *ret);

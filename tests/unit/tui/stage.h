/* A model on a stage: a ledger of the small test world, its picture, and keys typed by name. */
#pragma once
#include "tests/unit/support/world.h"
#include "tui/model.h"

struct stage {
        struct world *world;
        struct ledger *ledger;
        struct model model;
        struct effect effect; /* of the last key */
        struct hash version, request;
        const char *me;
};

/* prod/postgres/root is sealed, its holders have checked their shares; me looks at Now. */
struct stage *stage_new(const char *me);
void stage_free(struct stage *s);
static inline void stage_cleanup_(struct stage **s)
{
        stage_free(*s);
}
#define CLEANUP_STAGE __attribute__((cleanup(stage_cleanup_)))

/* "abc<Enter><Esc><Tab><Up>…<^L>": each a key; the last one's effect stays in s->effect. */
void stage_press(struct stage *s, const char *keys);
/* The next line of the log; a second goes by. */
void stage_fold(struct stage *s, struct span line);
void stage_say(struct stage *s, struct statement *t);
/* The model sees the ledger as it is. */
void stage_look(struct stage *s);
/* erin asks in INC-7. */
void stage_ask(struct stage *s);
void stage_ask_because(struct stage *s, const char *reason);
void stage_approve(struct stage *s, const char *who, unsigned index);
/* The first line of Now is looked at, and its review comes back good. */
void stage_review(struct stage *s);
/* erin's request is approved, opened, and its document has come: fields password and seed. */
void stage_open(struct stage *s);
/* erin opened it offline in INC-9 with alice's and bob's shares, and has told the log of it. */
void stage_recover(struct stage *s);
/* Gives the answer of a job. */
struct effect stage_answer(struct stage *s, enum effect_kind kind, enum err e);

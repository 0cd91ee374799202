/* Many rotations at once: what is meant, what would be done to each, how each stands, and the words for it that the
 * command and the screens share. Plain data, pure. */
#pragma once
#include "quorum/ledger.h"

#define ROTATE_CHUNK 1000u /* versions in one order */

/* What a whole lot is chosen by. */
enum lot_kind { LOT_ALL, LOT_OPENED_BY, LOT_INCIDENT, LOT_POLICY, LOT_TAG };
/* "everything there is", "everything current that erin opened", … name: unused for LOT_ALL. */
void lot_words(enum lot_kind kind, const char *name, struct bytes *ret);

/* ---- what would be done ---- */

enum rotate_way {
        ROTATE_ORDER,     /* a rotator does it once it is ordered */
        ROTATE_UNDER_WAY, /* due already: nothing to order */
        ROTATE_BY_HAND,   /* no hook or no rotator: ordered all the same, so that the log owes it until it is done */
};

struct rotate_one {
        struct hash version; /* what is current now */
        enum rotate_way way;
        bool is_ordered; /* it is named in the order; else it is due already */
};

struct rotate_plan {
        size_t n, n_order, n_by_hand; /* by hand: some of those ordered, some due already */
        struct rotate_one *one;       /* in the roster's order */
        size_t n_unsealed;            /* meant as well, but nothing is sealed for them: nothing can have leaked */
        size_t n_entries;
        uint64_t *entries; /* of the orders */
};
void rotate_plan_add(struct rotate_plan *p, const struct hash *version, enum rotate_way way, bool is_due);
void rotate_plan_done(struct rotate_plan *p);
void rotate_plan_free(struct rotate_plan *p); /* the same for one in memory of its own; NULL is fine */
/* Over everything that would be ordered: what a confirmation is for. */
struct hash rotate_plan_digest(const struct rotate_plan *p);

const char *rotate_one_words(const struct rotate_one *one); /* "", "due already", "BY HAND: people must change it" */
void rotate_say_plan(const struct rotate_plan *p, struct bytes *ret);
/* What must be typed to order it all. */
#define ROTATE_WORD 32
const char *rotate_word(const struct rotate_plan *p, char ret[ROTATE_WORD]);
/* What was ordered, once it is. */
void rotate_say_ordered(const struct rotate_plan *p, struct bytes *ret);
/* An order that failed after others were in the log: e, and a reason that says what is ordered all the same. Where
 * none is, e as it was. */
MUST_CHECK enum err rotate_fail_order(const struct rotate_plan *p, enum err e);

/* ---- how they go ---- */

enum rotate_state {
        ROTATE_IN_TROUBLE, /* a step failed, or nobody knows how it ended */
        ROTATE_UNPROVEN,
        ROTATE_IS_BY_HAND,
        ROTATE_AT_WORK,
        ROTATE_WAITING, /* for a rotator, for holders, for the end of an opening */
        ROTATE_REFUSED, /* proven: the old value was tried */
        ROTATE_REPLACED,
        ROTATE_STATES
};
enum rotate_state rotate_state_of(const struct rotation_view *r, bool is_by_hand);
bool rotate_is_proven(enum rotate_state s);
const char *rotate_state_word(enum rotate_state s); /* "in trouble", "unproven", … */

struct rotate_count {
        size_t n, of[ROTATE_STATES];
};
void rotate_count_add(struct rotate_count *c, enum rotate_state s);
size_t rotate_count_proven(const struct rotate_count *c);
/* That a rotator still has to do something about. */
size_t rotate_count_unfinished(const struct rotate_count *c);
/* "3 of 20 proven, 4 at work, 12 waiting, !! 1 in trouble" */
void rotate_say_progress(const struct rotate_count *c, struct bytes *ret);

/* ---- the report ---- */

struct rotate_item {
        const char *credential;
        uint64_t number;
        bool is_by_hand;
        const struct rotation_view *rotation;
};
void rotate_say_proven(const struct rotate_count *c, struct bytes *ret);
/* One that is not proven. */
void rotate_say_unproven(const struct rotate_item *i, int64_t now_ms, struct bytes *ret);
/* "2 of 20 old values are not proven dead"; empty when all are. */
void rotate_say_verdict(const struct rotate_count *c, struct bytes *ret);

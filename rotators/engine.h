/* What a rotation must do next, from what the log says and what this machine knows: a pure function, so that a
 * restart at any moment simply asks again.
 *
 *   check → claim → prepare where the target makes the value → seal (value kept here first, then posted as pending) →
 * holders prove custody → `set` started → set → test → promoted → openings of the old one end → `revoke` started →
 * revoke → done → forget
 *
 * Never: set before its start is in the log, promote before set and test are ok, drop a value while the outcome of
 * its set is unknown. */
#pragma once
#include "quorum/ledger.h"

#define ENGINE_REJECTIONS_MAX 5u

enum engine_step {
        ENGINE_REST = 0, /* until the log says more, or rest_until_ms */
        ENGINE_CHECK,
        ENGINE_CLAIM,
        ENGINE_PREPARE,
        ENGINE_SEAL,
        ENGINE_START_SET,
        ENGINE_SET,
        ENGINE_RECONCILE,
        ENGINE_TEST,
        ENGINE_PROMOTE,
        ENGINE_START_REVOKE,
        ENGINE_REVOKE,
        ENGINE_FORGET,
        ENGINE_STEPS
};

enum engine_pending {
        ENGINE_NO_PENDING = 0, /* none of ours is in the log */
        ENGINE_PENDING,
        ENGINE_PROMOTED, /* ours took the old one's place */
        ENGINE_DROPPED,  /* another one did */
};

/* What the target was last seen to take; only this process knows. */
enum engine_seen {
        SEEN_NOTHING = 0,
        SEEN_UNTOUCHED, /* `set` was started in the log, by this process, and is certain not to have run */
        SEEN_PENDING,
        SEEN_OTHER,
};

struct engine_facts {
        int64_t now_ms;
        /* from the log */
        bool is_due, is_current, is_done;
        enum engine_pending pending;
        bool is_fitting;  /* the pending version still fits its policy */
        bool has_custody; /* enough holders have proven their shares lately */
        enum rotation_outcome set, test, revoke;
        bool is_claimed_by_me;
        int64_t my_lease_until_ms;
        int64_t margin_ms;      /* a lease with less left is renewed before work goes on: longer than any hook runs */
        int64_t other_until_ms; /* another rotator is at work until then; 0: none */
        int64_t wait_until_ms;  /* an opening or request on the old one lives until then; 0: none */
        bool is_in_motion;      /* a later rotation is changing the target right now */
        bool is_needed;         /* an earlier rotation of the credential still wants our value for its proof */
        int64_t slot_until_ms;  /* two slots: the other one may still be in use until then; 0: free */
        /* from here */
        bool has_job;       /* something is kept for this rotation */
        bool has_proof;     /* the value in force now is kept here */
        bool is_checked;    /* the hook's `check` was ok in this run */
        bool wants_prepare; /* the target makes values itself */
        enum engine_seen seen;
        bool is_rejected;      /* the target's rules refuse the pending value */
        unsigned rejections;   /* values refused so far */
        int64_t not_before_ms; /* back-off; 0: none */
};

struct engine_next {
        enum engine_step step;
        int64_t rest_until_ms; /* of ENGINE_REST; INT64_MAX: only the log can tell */
};

struct engine_next engine_next(const struct engine_facts *f);
const char *engine_step_word(enum engine_step step);

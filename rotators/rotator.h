/* The rotator's parts together: what it looks at, what it may do, and the loop. */
#pragma once
#include "client/client.h"
#include "rotators/config.h"
#include "rotators/engine.h"
#include "rotators/job.h"

struct rotator {
        struct config config;
        struct client *client;
        struct jobs jobs;
};

/* One old version that is ours to rotate, seen at one moment. Everything borrows from the ledger. */
struct task {
        struct version_view old;
        struct version_view pending; /* ours, when facts.pending says so */
        const struct credential *credential;
        const struct policy *policy;
        struct hook_entry *hook;
        struct rotation_view rotation;
        struct job *job;         /* NULL: nothing is kept yet */
        const struct job *proof; /* the job whose value is the one in force now, for `revoke`; or NULL */
        uint64_t proof_number;   /* of that value's version */
        struct engine_facts facts;
};

/* ---- look.c: pure but for the question whether a value's file is there ---- */
struct sight {
        const struct ledger *ledger;
        const char *me; /* as the roster calls us; NULL: it does not know us */
        const struct config *config;
        const struct jobs *jobs;
};
/* false when the version is none of ours, or nothing is left to do for it. */
bool task_look(const struct sight *s, size_t version, int64_t now_ms, struct task *ret);

/* ---- seal.c ---- */
/* Makes a new value, keeps it, posts it as the pending version. Errors: those of client_say(), value_new(), … */
MUST_CHECK enum err task_seal(struct rotator *r, struct task *t);
/* What the opener of the old version handed over: the first file that is for us and whole; ret->n_fields stays 0 when
 * there is none. */
MUST_CHECK enum err task_fetch_opened(const struct rotator *r, const struct task *t, struct document *ret);

/* ---- perform.c ---- */
/* Does the step; whatever goes wrong is said, logged, and tried again later (the job's back-off). Errors: only those
 * that concern the whole program (broker away, a lie, out of memory). */
MUST_CHECK enum err task_perform(struct rotator *r, struct task *t, enum engine_step step);

/* ---- loop.c ---- */
struct loop_options {
        bool once;  /* end when nothing is left to do now */
        bool check; /* run every hook's `check`, then end */
        bool retry; /* try again what was given up after too many refused values */
};
MUST_CHECK enum err rotator_run(struct rotator *r, const struct loop_options *o);

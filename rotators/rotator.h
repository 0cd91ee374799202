/* The rotator's parts together: what it looks at, what it may do, and the loop. */
#pragma once
#include "client/client.h"
#include "quorum/version.h"
#include "rotators/config.h"
#include "rotators/crew.h"
#include "rotators/engine.h"
#include "rotators/job.h"

struct rotator {
        struct config config;
        struct client *client;
        struct jobs jobs;
        struct crew *crew;
        size_t n_over; /* the log's first so many versions are dropped, or rotated to the end: never ours again */
        int64_t asked; /* requests to hooks that stay: the sequence number of the last one */
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

/* ---- speech.c ---- */
/* What one round says to the broker; whoever is in it is busy until it was said. */
struct word {
        enum engine_step step; /* of the task it belongs to; ENGINE_CHECK: that the check failed */
        struct job *job;
        struct statement s;
        char *handle;
        struct sealed_version *sealed; /* or NULL */
        size_t n_blobs;
        struct span blobs[SHARE_MAX + 1];
};
struct speech {
        size_t n;
        struct word **word;
};
void speech_add(struct speech *speech, struct task *t, enum engine_step step, const struct statement *s);
void speech_add_version(struct speech *speech, struct task *t, struct sealed_version *sealed); /* takes it over */
/* Says it all and empties it. Errors: only those that concern the whole program. */
MUST_CHECK enum err speech_hold(struct rotator *r, struct speech *speech);
void speech_done(struct speech *speech);

/* ---- seal.c ---- */
/* Makes a new value (with what `prepare` has made; NULL: nothing), keeps it, and gives the version to the speech.
 * Errors: those of value_new(), client_handovers(), … */
MUST_CHECK enum err task_seal(struct rotator *r, struct task *t, const struct hook_result *prepared,
                              struct speech *speech);
/* What the opener of the old version handed over: the first file that is for us and whole; ret->n_fields stays 0 when
 * there is none. */
MUST_CHECK enum err task_fetch_opened(const struct rotator *r, const struct task *t, struct document *ret);

/* ---- perform.c ---- */
/* Begins the step: a statement goes into the speech, a hook to the crew (which must have room). Whatever goes wrong
 * is logged, and tried again later (the job's back-off). Errors: only those that concern the whole program (broker
 * away, a lie, out of memory). */
MUST_CHECK enum err task_perform(struct rotator *r, struct task *t, enum engine_step step, struct speech *speech);
bool step_runs_hook(enum engine_step step);
/* A refusal by the rules is this job's own matter: it backs off, and OK comes back. */
enum err task_weigh(const struct rotator *r, struct job *job, enum engine_step step, enum err e);
void task_back_off(const struct rotator *r, struct job *job);
struct statement task_statement(const struct task *t, enum rotation_step step, enum rotation_outcome outcome);

/* ---- finish.c ---- */
/* After the hook: what it says about the rotation. Takes the errand over. Errors: as task_perform(). */
MUST_CHECK enum err task_finish(struct rotator *r, struct errand *errand, struct speech *speech);

/* ---- round.c ---- */
#define JOBS_AT_ONCE 32u /* rotations under way at the same time, hooks or not: bounds the memory */
/* Does what can be done now; *ret_next_ms: when time alone makes more possible. Errors: as task_perform(). */
MUST_CHECK enum err rotator_work(struct rotator *r, int64_t *ret_next_ms);

/* ---- check.c ---- */
/* Prints what every hook's `check` says. Errors: ERR_HOOK when one is not ready; those of client_sync(). */
MUST_CHECK enum err rotator_check(struct rotator *r);

/* ---- loop.c ---- */
struct loop_options {
        bool once;    /* end when nothing is left to do now */
        bool check;   /* run every hook's `check`, then end */
        bool dry_run; /* say what would be done next, then end */
        bool retry;   /* try again what was given up after too many refused values */
};
MUST_CHECK enum err rotator_run(struct rotator *r, const struct loop_options *o);

/* ---- rest.c ---- */
/* What a task that rests waits for, in words. */
void task_explain_rest(const struct rotator *r, const struct task *t, int64_t until_ms, struct bytes *ret);
/* Into our log, where people have to move. */
void task_log_rest(const struct rotator *r, const struct task *t, int64_t until_ms);

/* ---- preview.c ---- */
/* Prints the next step of every rotation that is ours, on stdout; changes nothing. Errors: those of client_sync(). */
MUST_CHECK enum err rotator_preview(struct rotator *r);

/* The ledger in words: what a request, a version or a rotation is called and how it stands. */
#pragma once
#include "quorum/ledger.h"

#define NAME_TEXT 32
/* "R17" */
const char *request_name(const struct request_view *r, char ret[NAME_TEXT]);
/* The incident's label, or "none given". */
const char *request_incident(const struct request_view *r);
/* What to call the incident on a command line: its label, or R17. */
const char *request_closes_as(const struct request_view *r, char ret[NAME_TEXT]);

/* One word, stable, for --json: waiting, ready, opened, ended. */
const char *request_state_word(enum request_state s);
/* One word, stable: none, denied, cancelled, done, time, webhook, expired, retired. */
const char *request_end_word(enum request_end e);
/* "waits for 1 more approval", "READY to open", "OPEN until 04:03:00 UTC (in 59 min)", "denied", … */
void request_standing(const struct request_view *r, int64_t now_ms, struct bytes *ret);

const char *version_state_word(enum version_state s);
const char *rotation_reason_word(enum rotation_reason r); /* none, spent, outdated, ordered, age */
const char *evidence_word(enum old_evidence e);           /* none, refused, replaced, unproven */
const char *outcome_word(enum rotation_outcome o);        /* none, started, ok, failed, unknown */
const char *criterion_word(enum criterion c);             /* yes, no, drill */
/* "an admin ordered it" */
const char *rotation_reason_words(enum rotation_reason r);
/* Of claimed, sealed, set, tested, promoted, and the old one dead. */
#define ROTATION_STEPS 6u
unsigned rotation_steps_done(const struct rotation_view *r);
/* How far it is, in one or two words: "not begun", "due", "claimed", "sealed", "setting", "set FAILED", "promoted",
 * "done", … */
void rotation_step(const struct rotation_view *r, struct bytes *ret);
/* The last thing that a rotation has come to, without moments (so that it changes only when something happened). */
void rotation_stage(const struct rotation_view *r, struct bytes *ret);
/* How a version's rotation goes: "due (a share was spent), no rotator has taken it yet", … */
void rotation_standing(const struct rotation_view *r, int64_t now_ms, struct bytes *ret);

/* "alice, bob and carol" of those holders who are eligible; except may be NULL. */
void eligible_names(const struct ledger *l, const struct version_view *v, const char *except, struct bytes *ret);

/* One statement of the log as a sentence, for `log tail` and time lines. */
void describe_statement(const struct ledger *l, const struct statement *s, struct bytes *ret);

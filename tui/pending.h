/* What is unfinished, by the ledger: questions that several commands ask alike. Pure. */
#pragma once
#include "quorum/ledger.h"

/* Whether the request waits for a yes or no of this holder. */
bool request_waits_for(const struct ledger *l, const struct request_view *r, const char *me);
bool request_denied_by(const struct ledger *l, const struct request_view *r, const char *me);
/* Whether it was opened, or a share of the version left its holder for it: the rotation is owed, opened or not. */
bool request_has_touched(const struct request_view *r);
/* How many requests wait for them. */
size_t requests_waiting_for(const struct ledger *l, const char *me, int64_t now_ms);
/* Whether this version's rotation is owed, under way, or ended without a proof that the old value is dead. */
bool rotation_is_unfinished(const struct version_view *v, const struct rotation_view *r);
/* Whether no machine rotates this credential. */
bool rotation_is_by_hand(const struct ledger *l, const char *credential);
/* Whether the incident wants somebody's attention: a request has not ended, or a post-mortem is owed. */
bool incident_is_unfinished(const struct incident_view *i);
/* Whether some live version has a share of theirs that they have not checked within 60 days. */
bool custody_is_wanted(const struct ledger *l, const char *me, int64_t now_ms);
/* What holders should have checked: current, pending or sealed, not retired. */
bool version_is_live(const struct version_view *v);
/* Adds the channels that the roster's `notify` names and that no page was ever accepted by. */
void channels_never_heard(const struct ledger *l, struct name_list *ret);
/* Whether some rotation of this credential was proven: the old value dead, the new one at work. */
bool rotation_was_proven(const struct ledger *l, const char *credential);

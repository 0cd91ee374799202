/* Who is paged next while a request waits, and when nobody has answered: the same answer for the broker, which pages,
 * and for clients, which show it. Pure: roster, request and time go in.
 *
 *   asked ──after──▶ step 1 ──▶ step 2 ──…──▶ step n ──as long as between the last two──▶ nobody answers
 *
 * It stops while the request is ready and when it has ended. A step whose time would come when the request has
 * expired is none. */
#pragma once
#include "quorum/ledger.h"
#include "quorum/paging.h"

struct escalation_view {
        const struct policy *policy;
        const struct escalation *plan;
        size_t n_past;                      /* steps whose time has come */
        const struct escalation_step *next; /* NULL: nobody more is paged before nobody has answered */
        int64_t next_at_ms;                 /* of `next`, else unanswered_at_ms; 0: both are past */
        int64_t unanswered_at_ms;           /* 0: the request expires before */
};

/* false: the request's policy has no steps, or it does not wait. */
bool escalation_of(const struct roster *r, const struct request_view *q, int64_t now_ms, struct escalation_view *ret);
/* Whether this name was paged about the request before the next step: a holder, or somebody of an earlier step. */
bool escalation_is_again(const struct escalation_view *v, const char *name);
/* "carol (again), sre-leads", or "everybody: nobody has answered" for the end; nothing when there is no next. */
void escalation_describe(const struct escalation_view *v, struct bytes *ret);

/* What people are told: one event as JSON, the same for every channel (docs/notifiers.md). Never a secret, a share or
 * the code; the reason only where the policy shares it. */
#pragma once
#include "quorum/escalation.h"

struct event {
        const char *kind;
        const char *severity; /* critical, error, warning, info */
        char dedup_key[256];
        struct bytes text; /* one line for people */
        int64_t at_ms;
        const char *who;                    /* or NULL */
        const struct request_view *request; /* or NULL */
        const char *credential;             /* or NULL: the request's, if any */
        const char *incident;               /* or NULL: the request's, if any */
        const char *not_by;                 /* or NULL: the channel that it is about and that does not carry it */
        const char *exports;                /* or NULL: what of the scheduled exports it is about */
        bool is_urgent;                     /* an opening: goes before everything else */
        bool is_of_incident;                /* about all of the incident, not just its request here */
        const struct name_list *to;         /* of an escalation: whom its step names; else NULL */
};

#define CLEANUP_EVENT __attribute__((cleanup(event_done)))
void event_done(struct event *e);
/* The event's JSON object. people: whom it addresses. is_quiet: for those who need not act any more. */
void event_write(const struct event *e, const struct ledger *l, const struct name_list *people, bool is_quiet,
                 struct bytes *ret);
void event_key(struct event *e, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- events of a request, filled in with text and key ---- */
void event_requested(const struct request_view *r, int64_t at_ms, struct event *ret);
/* One of the steps of a request that is not ready yet. */
void event_escalated(const struct request_view *r, const struct escalation_step *step, int64_t at_ms,
                     struct event *ret);
/* After the last of them. */
void event_unanswered(const struct request_view *r, int64_t at_ms, struct event *ret);
void event_approved(const struct request_view *r, const char *who, const struct hash *statement, int64_t at_ms,
                    struct event *ret);
void event_ready(const struct request_view *r, int64_t at_ms, struct event *ret);
void event_opened(const struct request_view *r, int64_t at_ms, struct event *ret);
void event_denied(const struct request_view *r, const char *who, bool is_suspicious, const struct hash *statement,
                  int64_t at_ms, struct event *ret);
/* `closed` or `expired`, by how it ended. who may be NULL. */
void event_ended(const struct request_view *r, const char *who, int64_t at_ms, struct event *ret);

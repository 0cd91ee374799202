/* An approver's own checks, of whatever gives the verified log and the sealed share: the replica beside a broker, or
 * a vault's export without one. */
#pragma once
#include "client/act.h"

struct review {
        const struct ledger *ledger;
        const char *me;              /* NULL: whoever only looks */
        const struct secret *opens;  /* my opening key; NULL: whoever only looks */
        int64_t now_ms;              /* the moment to judge by: never before the log's last entry */
        int64_t clock_ms;            /* what the own clock says */
        bool is_untimed;             /* no clock is trusted: nothing is refused for time alone */
        const struct statement *say; /* a statement of mine with the common head filled in, for asking the rules */
        enum err (*line)(void *context, uint64_t n, struct bytes *ret);
        enum err (*share)(void *context, const struct hash *sha256, struct bytes *ret);
        void *context;
};

/* What there is to see, without any judgement. Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err review_describe(const struct review *v, const struct hash *request, struct approval_case *ret);
/* Every check of act_review() but the sync. */
MUST_CHECK enum err review_request(const struct review *v, const struct hash *request, struct approval_case *ret,
                                   struct secret *ret_scalar);
/* Reads entry n and verifies it anew: its id, its signature, its signer's name. *ret is to be freed. Errors:
 * ERR_CORRUPT_LOG. */
MUST_CHECK enum err review_entry(const struct review *v, uint64_t n, const struct hash *id, enum statement_type type,
                                 const char *by, struct statement **ret);
/* ERR_EXPIRED or ERR_ENDED of an ended request, with the reason. */
enum err act_why_ended(const struct request_view *r);

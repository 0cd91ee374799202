/* What an approver sees and types, beside a broker or without one: the screen, the override, the code. */
#pragma once
#include "tui/cli.h"

struct case_view {
        const struct ledger *ledger;
        int64_t now_ms;   /* the moment to judge by */
        int64_t clock_ms; /* what the own clock says */
        bool is_offline;
};

/* One labelled line each, from the verified bytes. */
void case_show(const struct case_view *v, const struct approval_case *c);
void case_show_spent(const struct approval_case *c);

struct confirming {
        const char *code; /* given by --code, or NULL: asked for */
        bool override;    /* given by --override */
};
/* Errors: ERR_SPENT_LIMIT (nobody can be asked), ERR_ABORTED. */
MUST_CHECK enum err case_confirm_override(struct cli *cli, const struct confirming *a);
/* Errors: ERR_ABORTED (another code), ERR_USAGE (nobody can be asked). */
MUST_CHECK enum err case_confirm_code(struct cli *cli, const struct confirming *a, const struct approval_case *c);
/* The requester's side: the code to read out. */
void case_show_code(const char *code);

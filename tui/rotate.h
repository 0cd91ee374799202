/* `breakglass rotate`: which credentials are meant, their orders in chunks that the log takes, how they go, and a
 * report that says what is proven and what is not. */
#pragma once
#include "tui/options.h"
#include "tui/rotate_plan.h"

struct rotate_options {
        bool all, dry_run, yes, wait, done;
        const char *why;
        int64_t wait_ms; /* at most; 0: until the end */
        struct texts credentials, opened_by, incidents, policies, tags, follow;
        /* --done */
        const char *old, *new_value, *handle, *number;
};

/* Whether anything but names was given, so that nobody types each credential. */
bool rotate_is_wide(const struct rotate_options *o);
/* ---- rotate_choose.c ---- */
/* What is meant: every option adds. opened-by and incident: whose current version somebody opened there, or had a
 * share of. Errors: ERR_NOT_FOUND (an unknown name; nothing is chosen). */
MUST_CHECK enum err rotate_choose(const struct cli *cli, const struct rotate_options *o, struct rotate_plan *ret);
/* The same from orders that are in the log. Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err rotate_find_orders(const struct cli *cli, const struct texts *entries, struct rotate_plan *ret);
/* ---- rotate_order.c ---- */
void rotate_tell_plan(const struct cli *cli, const struct rotate_plan *p);
/* The typed confirmation. Errors: ERR_ABORTED, ERR_USAGE (nobody can be asked). */
MUST_CHECK enum err rotate_confirm(const struct cli *cli, const struct rotate_plan *p);
MUST_CHECK enum err rotate_order(struct cli *cli, const char *why, struct rotate_plan *p);
void rotate_tell_order(const struct cli *cli, const struct rotate_plan *p);
/* ---- rotate_watch.c ---- */
/* Follows them to the end and reports. Errors: ERR_UNKNOWN_OUTCOME when anything is not proven. */
MUST_CHECK enum err rotate_watch(struct cli *cli, const struct rotate_plan *p, int64_t wait_ms);
/* ---- rotate_done.c ---- */
MUST_CHECK enum err rotate_say_done(struct cli *cli, const struct rotate_options *o);

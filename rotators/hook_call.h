/* Running one step of a hook (docs/hooks.md) and reading what it says. */
#pragma once
#include "base/plugin.h"
#include "base/spawn.h"
#include "quorum/document.h"
#include "rotators/config.h"
#include "rotators/hooks/hook_input.h"

struct hook_call {
        const struct hook_entry *hook;
        const char *step;
        const char *credential, *idempotency_key;
        const char *handle, *old_handle;         /* or NULL */
        bool is_old_by_hand;                     /* people sealed the value in use: no rotation of ours made it */
        bool is_prepare;                         /* its stdout holds secrets */
        struct span roster_config;               /* the roster's JSON object */
        const struct document *pending, *opened; /* or NULL */
        int64_t timeout_ms;
        int64_t sequence;                  /* of a request to a hook that stays, 1…; 0: to another */
        const struct document *earlier[2]; /* what a hook that stays was told before, and must not print either */
};

struct hook_result {
        enum plugin_exit exit;
        struct bytes handle, why; /* why: safe for one line */
        char evidence[16];
        bool is_value_rejected;
        int64_t retry_after_s;     /* with PLUGIN_TRY_AGAIN: not before then, at most HOOK_RETRY_MAX_S; 0: not said */
        struct hook_fields fields; /* of `prepare` */
        bool has_leaked;           /* it printed one of our values: everything it printed was withheld */
};

/* Whatever the hook does ends in a result; death, silence, over-long or contradicting output is PLUGIN_UNKNOWN.
 * Errors: ERR_UNSAFE_PROGRAM, ERR_NO_ENTRY, ERR_IO (nothing ran), ERR_MEMORY, ERR_CONFIG. */
MUST_CHECK enum err hook_run(const struct hook_call *call, struct hook_result *ret);
/* The same with a request that hook_write_request() has written: nothing shared is touched, any thread may do it. */
MUST_CHECK enum err hook_run_with(const struct hook_call *call, const struct secret *request,
                                  struct hook_result *ret);
void hook_result_done(struct hook_result *r);
/* Asks `describe` and fills in field and value rules. Errors: ERR_HOOK with the reason, those above. */
MUST_CHECK enum err hook_describe(struct hook_entry *hook);

/* The pieces, for the tests. */
MUST_CHECK enum err hook_write_request(const struct hook_call *call, struct secret *ret);
void hook_read_answer(int exit_code, struct span out, struct hook_result *ret);
void hook_read_prepared(int exit_code, struct span out, struct hook_result *ret);
/* ran->exit_code must be what the hook itself says. */
void hook_judge(const struct hook_call *call, const struct spawn_result *ran, struct hook_result *ret);
/* Logs a line of progress, unless it holds a value. */
void hook_log_progress(const struct hook_call *call, struct span line);
/* Whether text holds a value of the document, as it is or in base64; not of the fields that the hook calls public. */
bool hook_prints_secret(const struct hook_entry *hook, const struct document *d, struct span text);

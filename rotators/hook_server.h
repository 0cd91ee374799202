/* A hook's process that stays for many steps (docs/hooks.md, `serve`). It is one thread's at a time. */
#pragma once
#include "rotators/hook_call.h"

struct hook_server;
/* hook must outlive it. Errors: as hook_run(). */
MUST_CHECK enum err hook_server_start(const struct hook_entry *hook, struct hook_server **ret);
/* false: another has to be started. */
bool hook_server_is_ready(struct hook_server *s);
/* As hook_run_with(), of a request with a sequence number. Death, silence, garbage, or the answer to another request
 * is PLUGIN_UNKNOWN for this request alone, and ends the process; so is an end just before it was asked. */
MUST_CHECK enum err hook_server_run(struct hook_server *s, const struct hook_call *call, const struct secret *request,
                                    struct hook_result *ret);
/* Takes over what the last request told it: the next answer must not hold that either. */
void hook_server_remember(struct hook_server *s, struct document *pending, struct document *opened);
void hook_server_stop(struct hook_server *s); /* accepts NULL */

/* What one line of its stdout is; nothing of the line is copied, because it may hold secrets. */
#define HOOK_NO_NUMBER INT64_C(-1)
struct hook_line {
        bool is_object, is_last;
        int64_t exit, sequence; /* HOOK_NO_NUMBER where it has none */
};
struct hook_line hook_line_read(struct span text);

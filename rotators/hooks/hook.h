/* What every rotation hook shares: the steps of its contract (docs/hooks.md), its input and its answer.
 *
 *   argv[1]  describe | check | prepare | set | test | revoke | reconcile
 *   stdout   any lines {"progress":…}, then {"status":"ok|failed|unknown","handle":…,"evidence":…,"why":…}
 *   exit     enum plugin_exit
 *
 * and `serve`, where the hook can: one request a line on stdin until its end, each answered as above with
 * "exit":N,"sequence":N in the last line.
 */
#pragma once
#include "base/plugin.h"
#include "rotators/hooks/hook_input.h"

enum hook_step { HOOK_CHECK, HOOK_PREPARE, HOOK_SET, HOOK_TEST, HOOK_REVOKE, HOOK_RECONCILE, HOOK_STEPS };

struct hook_answer {
        enum plugin_exit exit;
        struct bytes handle;    /* public name of what the target now stores; empty: none */
        const char *evidence;   /* a fixed word, or NULL */
        struct bytes why;       /* for people; never a secret */
        bool is_value_rejected; /* the target's rules refuse this very value: another one may do */
        int64_t retry_after_s;  /* with TRY_AGAIN: the target asks to be left alone that long; 0: it does not say */
        struct secret fields;   /* of `prepare`: "NAME":"BASE64",… */
        bool is_served;         /* the last line gives exit and sequence, too */
        int64_t sequence;
};

struct hook {
        const char *name;
        const char *description; /* the JSON object that `describe` prints */
        void (*run)(enum hook_step step, const struct hook_input *in, struct hook_answer *ret);
        bool can_prepare;  /* run() knows HOOK_PREPARE, and the description lists it */
        bool can_serve;    /* run() keeps nothing of one request for the next, and the description says so */
        void (*end)(void); /* or NULL: what is left to do before the process ends */
};

#define HANDLE_MAX 200u

int hook_main(const struct hook *h, int argc, char **argv);
void hook_answer_done(struct hook_answer *a);
void hook_ok(struct hook_answer *a, const char *evidence);
/* Sets exit and why, made safe for one line. */
void hook_fail(struct hook_answer *a, enum plugin_exit exit, const char *format, ...) PRINTF_LIKE(3, 4);
/* A field of the new value that `prepare` has made. Errors: ERR_MEMORY. */
MUST_CHECK enum err hook_answer_field(struct hook_answer *a, const char *name, const void *value, size_t len);
/* The last line of stdout, with its newline, but for the fields. */
void hook_answer_write(const struct hook_answer *a, struct bytes *ret);
/* The whole last line, fields included, straight from locked memory. Errors: ERR_IO. */
MUST_CHECK enum err hook_answer_print(const struct hook_answer *a, int fd);
/* {"progress":…} at once. */
void hook_progress(const char *sentence);
/* Whether the deadline has passed: then nothing may be begun any more. */
bool hook_is_too_late(const struct hook_input *in);
/* Time left until the deadline, between 1 s and max_ms. */
int64_t hook_time_left_ms(const struct hook_input *in, int64_t max_ms);
/* The pending value of the configured field (config `field`, else "password"), at least one byte, without NUL. NULL
 * and an answer when there is none. */
const struct hook_field *hook_pending(const struct hook_input *in, struct hook_answer *a);
/* The handed-over value of that field, or NULL when there is none. */
const struct hook_field *hook_opened(const struct hook_input *in);
/* The public name of the slot that is in use: this field of what was handed over, else old_handle; or NULL. */
const char *hook_slot_in_use(const struct hook_input *in, const char *field);

/* ---- what hook.c shares with hook_serve.c ---- */
/* false when the hook knows no step of this name. */
bool hook_step_from_word(const struct hook *h, const char *word, enum hook_step *ret);
/* Until stdin ends. Returns the exit code. */
int hook_serve(const struct hook *h);
/* Runs the step, unless its deadline is over; soon after the deadline the process ends by itself. */
void hook_run_in_time(const struct hook *h, enum hook_step step, const struct hook_input *in,
                      struct hook_answer *ret);

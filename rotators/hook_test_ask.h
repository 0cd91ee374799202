/* One step asked of a hook under test, and the rules that hold for every run whatever the step. */
#pragma once
#include "rotators/hook_call.h"

#define HOOK_TEST_VALUES 3u

enum run_rule {
        RULE_ENDS,      /* within its time, by itself */
        RULE_OUTPUT,    /* JSON lines: progress, then one answer of known words */
        RULE_AGREES,    /* exit code and answer say the same */
        RULE_QUIET,     /* no value on stdout or stderr */
        RULE_ARGUMENTS, /* nor in any process's arguments or environment */
        RULE_SERVES,    /* of one that stays: an answer to each request, with its number */
        RULES
};

struct hook_test {
        const struct hook_entry *hook;
        int64_t timeout_ms;
        unsigned held, broken;
        struct bytes breach[RULES];                     /* how each rule was broken first; empty: it never was */
        const struct document *value[HOOK_TEST_VALUES]; /* what must never be seen anywhere; their places stay */
        int64_t set_ms;                                 /* how long the last whole `set` took */
        /* ---- hook_test_serve.c ---- */
        bool is_served;          /* the same is asked of `serve` */
        struct spawn_talk *talk; /* NULL: none has begun, or it is over */
        const char *argv[3];
        int64_t sequence; /* of the last request */
};

struct ask {
        const char *step;
        const struct document *pending, *opened; /* or NULL */
        const char *handle, *old_handle;         /* or NULL */
        struct span text;                        /* sent instead of a request, when is_garbage */
        bool is_garbage;
        int64_t kill_after_ms; /* 0: never. Killed at once, without a warning */
};

struct told {
        int exit_code; /* as the process ended */
        bool was_killed, has_ended_late;
        struct hook_result result;
};

#define CLEANUP_TOLD __attribute__((cleanup(told_done)))

/* Errors: those of hook_run(): nothing ran. */
MUST_CHECK enum err hook_test_ask(struct hook_test *t, const struct ask *a, struct told *ret);
void told_done(struct told *told);
/* One line: what must hold, and why it does not. */
void hook_test_say(struct hook_test *t, bool held, const char *sentence, const char *why);
/* The lines of the rules that hold for every run. */
void hook_test_say_rules(struct hook_test *t);
bool hook_test_is_broken(const struct hook_test *t);
void hook_test_done(struct hook_test *t);

/* ---- hook_test_serve.c ---- */
/* Asks one that stays, and gives what it answered as a step's own process would have: exit code, and the last line
 * without `exit` and `sequence`. *ret_fault: what is wrong with it as an answer of one that stays, or NULL. Errors:
 * it could not be started. */
MUST_CHECK enum err hook_test_ask_server(struct hook_test *t, const struct ask *a, struct span text,
                                         struct spawn_result *ret, const char **ret_fault);
/* The process ends with its input; said in a line of its own. */
void hook_test_ends_server(struct hook_test *t);

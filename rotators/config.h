/* The rotator's own configuration (docs/rotator.md): where the broker is, who we are, what each hook may use. */
#pragma once
#include "base/json.h"
#include "rotators/value.h"

#define HOOKS_MAX            64u
#define BROKERS_MAX          16u
#define HOOK_OPEN_FIELDS_MAX 8u

struct hook_entry {
        const char *name; /* as the roster's `rotate: {hook: NAME}` says */
        const char *program;
        json_t *config; /* wins over the roster's; holds the target's admin access */
        /* what the program's `describe` says */
        struct value_rules rules;
        char *field /* NULL: the target makes every field */, *alphabet, *forbidden;
        bool has_kind; /* our configuration says which kind of value, whatever `describe` says */
        bool can_prepare;
        bool can_serve; /* one process does several steps */
        size_t n_open;
        char *open_field[HOOK_OPEN_FIELDS_MAX]; /* fields that are no secret, such as a user's name */
        unsigned slots;                         /* values that the target knows at once: 1 or 2 */
};

struct config {
        char *installation, *identity, *state; /* installation: NULL where there is only one */
        size_t n_brokers;
        const char *brokers[BROKERS_MAX];
        struct hash genesis; /* the pin of the first contact, and of every later one */
        int64_t hook_timeout_ms, backoff_first_ms, backoff_most_ms;
        int64_t lease_ms;  /* how long a claim keeps other rotators away */
        int64_t margin_ms; /* what a lease must have left before a step begins: more than any hook runs */
        unsigned hooks_at_once, hooks_per_target;
        size_t n_hooks;
        struct hook_entry hooks[HOOKS_MAX];
        void *owned_;
};

/* Errors: ERR_CONFIG with "line L, column C: …", those of file_check_private() (hooks' secrets are only named in it,
 * but whoever can change it can run programs), ERR_UNSAFE_PROGRAM. */
MUST_CHECK enum err config_read(const char *path, struct config *ret);
void config_done(struct config *c);
/* ---- config_hooks.c ---- */
struct yaml_node;
MUST_CHECK enum err config_take_hooks(struct yaml_node *map, struct config *ret);
void config_hooks_done(struct config *c);
/* A hook's configuration alone, from a private file of its own; path NULL: an empty one. Errors as above. */
MUST_CHECK enum err config_read_hook(const char *path, json_t **ret);
void hook_entry_done(struct hook_entry *h);
struct hook_entry *config_hook(const struct config *c, const char *name); /* NULL */

/* One run of the system's `ssh` against a host whose key is pinned: no user or system configuration, no other agent,
 * no questions, no forwarding. */
#pragma once
#include "rotators/hooks/ssh_key_file.h"

struct ssh_host {
        struct bytes host, host_key; /* host_key: "ssh-ed25519 AAAA…", as in known_hosts */
        struct bytes port;
        int64_t timeout_ms;
};

enum ssh_outcome {
        SSH_LOST = 0,   /* no answer, or the connection broke: what was asked may have been done */
        SSH_RAN,        /* logged in; exit_code is the remote command's */
        SSH_AWAY,       /* never connected: nothing was done */
        SSH_DENIED,     /* connected, and the key was refused */
        SSH_WRONG_HOST, /* the host's key is not the pinned one */
};

struct ssh_ran {
        enum ssh_outcome outcome;
        int exit_code;
        struct bytes out, why; /* why: the last line of stderr, safe for one line */
};

/* Reads host, port, host_key. Errors: ERR_CONFIG with the reason. */
MUST_CHECK enum err ssh_host_read(const struct hook_input *in, struct ssh_host *ret);
void ssh_host_done(struct ssh_host *h);

/* Logs in as user with a private key file, or (key not NULL) with a key that stays in this process. */
MUST_CHECK enum err ssh_run(const struct ssh_host *h, const char *user, const char *key_file,
                            const struct ssh_key *key, const char *command, struct span input, struct ssh_ran *ret);
void ssh_ran_done(struct ssh_ran *r);
/* What an outcome other than SSH_RAN means where nothing was to be changed. */
void ssh_fail(const struct ssh_ran *r, const char *what, struct hook_answer *a);
/* A name or path that needs no quotes in a shell and is no option. */
bool ssh_is_plain(const char *text);

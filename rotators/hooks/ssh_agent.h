/* An agent with one Ed25519 key for one run of `ssh` (draft-miller-ssh-agent): the key stays in our locked memory,
 * `ssh` only asks for signatures. It listens on a socket in a folder that nobody else can enter. */
#pragma once
#include "rotators/hooks/ssh_key_file.h"
#include <pthread.h>
#include <stdatomic.h>

struct ssh_agent {
        const struct ssh_key *key;
        int listener, wake[2];
        pthread_t thread;
        bool is_running;
};

/* socket: a path that is free. key must outlive the agent and have a private part. Errors: ERR_IO. */
MUST_CHECK enum err ssh_agent_start(const char *socket, const struct ssh_key *key, struct ssh_agent *ret);
void ssh_agent_stop(struct ssh_agent *a);

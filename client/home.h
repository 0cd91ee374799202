/* The client's own folder for one installation: `$XDG_STATE_HOME/breakglass/NAME/` (0700).
 *
 *   pin            the genesis roster's SHA-256, in hex
 *   brokers        the addresses, one a line: https://HOST:PORT or unix:PATH
 *   identity       path of the identity file (a line), when one was named at joining
 *   log.jsonl      the verified log        head: the newest checkpoint        snapshot: the ledger's state at some
 * size requests/ID    each open request's one-time key, sealed to the requester's own `opens` key outgoing/ID
 * statements and their blobs from before sending until the answer (a retry sends the same bytes)
 *
 * Losing the folder costs a download; losing it between asking and opening costs a new request. */
#pragma once
#include "base/file.h"
#include "quorum/identity.h"

struct home {
        char *path;
        char *name;
        struct hash genesis;
        size_t n_brokers;
        char **brokers;
        char *identity_path; /* or NULL */
        int lock_fd;         /* one process at a time writes here */
};

/* name NULL: $BREAKGLASS_INSTALLATION, or the only one there is.
 * Errors: ERR_NO_PIN (none joined), ERR_USAGE (several: name one), ERR_UNSAFE_FILE, ERR_CORRUPT_STORE. */
MUST_CHECK enum err home_open(const char *name, struct home *ret);
/* Makes the folder. Errors: ERR_DUPLICATE when joined with another pin. */
MUST_CHECK enum err home_create(const char *name, const struct hash *genesis, const char *const brokers[],
                                size_t n_brokers, const char *identity_path, struct home *ret);
void home_close(struct home *h);

/* A request's one-time key. Errors: ERR_NO_ENTRY, ERR_IO, ERR_BAD_CONTAINER. */
MUST_CHECK enum err home_keep_key(const struct home *h, const struct hash *request, const struct key *owner,
                                  const struct secret *one_time);
MUST_CHECK enum err home_load_key(const struct home *h, const struct hash *request, const struct secret *my_opens,
                                  struct secret *ret_one_time);
MUST_CHECK enum err home_drop_key(const struct home *h, const struct hash *request);

/* The client's own folder for one installation: `$XDG_STATE_HOME/breakglass/NAME/` (0700).
 *
 *   pin            the genesis roster's SHA-256, in hex
 *   brokers        the addresses, one a line: https://HOST:PORT or unix:PATH
 *   identity       path of the identity file (a line), when one was named at joining
 *   me             the name by which the roster knew this identity first
 *   log.jsonl      the verified log
 *   head.0 head.1  the newest checkpoint, written in turn
 *   snapshot       the ledger's state at some size, with the place of each line
 *   requests/ID    each open request's one-time key, sealed to the requester's own `opens` key
 *   outgoing/ID    statements and their blobs from before sending until the answer (a retry sends the same bytes)
 *   sealed/ID      the same of the versions sealed here, as long as they live: a broker that lost them gets them back
 *   evidence/      answers of a broker that lied
 *   lock           held while writing: several programs of one person may use the folder at a time
 *
 * Losing the folder costs a download; losing it between asking and opening costs a new request. */
#pragma once
#include "base/file.h"
#include "quorum/identity.h"

#define HOME_REQUESTS "requests"
#define HOME_OUTGOING "outgoing"
#define HOME_SEALED   "sealed"
#define HOME_EVIDENCE "evidence"

struct home {
        char *path;
        char *name;
        struct hash genesis;
        size_t n_brokers;
        char **brokers;
        char *identity_path; /* or NULL */
        int lock_fd;
};

#define HOME_NONE ((struct home){.lock_fd = -1})

/* name NULL: $BREAKGLASS_INSTALLATION, or the only one there is.
 * Errors: ERR_NO_PIN (none joined), ERR_USAGE (several: name one), ERR_UNSAFE_FILE, ERR_CORRUPT_STORE. */
MUST_CHECK enum err home_open(const char *name, struct home *ret);
/* Makes the folder, or gives a joined one new addresses. Errors: ERR_DUPLICATE when joined with another pin. */
MUST_CHECK enum err home_create(const char *name, const struct hash *genesis, const char *const brokers[],
                                size_t n_brokers, const char *identity_path, struct home *ret);
void home_close(struct home *h);

/* Waits for and takes the folder's lock for writing; give it back soon. Errors: ERR_IO. */
MUST_CHECK enum err home_lock(const struct home *h);
void home_unlock(const struct home *h);

/* A request's one-time key. Errors: ERR_NO_ENTRY, ERR_IO, ERR_BAD_CONTAINER. */
MUST_CHECK enum err home_keep_key(const struct home *h, const struct hash *request, const struct key *owner,
                                  const struct secret *one_time);
MUST_CHECK enum err home_load_key(const struct home *h, const struct hash *request, const struct secret *my_opens,
                                  struct secret *ret_one_time);
MUST_CHECK enum err home_drop_key(const struct home *h, const struct hash *request);

/* A file named by an id in one of the folders above, as a path to be freed. */
char *home_path_of(const struct home *h, const char *folder, const struct hash *id);
/* The ids for which the folder has a file, and each file's age; what a crash left half written is swept away.
 * *ret is to be freed. */
struct home_entry {
        struct hash id;
        int64_t age_ms;
};
MUST_CHECK enum err home_list(const struct home *h, const char *folder, struct home_entry **ret, size_t *ret_n);
/* One-line files: `me`. Errors: ERR_NO_ENTRY, ERR_IO, ERR_CORRUPT_STORE. */
MUST_CHECK enum err home_read_line(const struct home *h, const char *file, char **ret);
MUST_CHECK enum err home_write_line(const struct home *h, const char *file, const char *line);
/* Keeps what proves a lie (the first few); failing to keep it changes nothing, neither does it the reason of the
 * error that the lie became. */
void home_keep_evidence(const struct home *h, struct span answer);

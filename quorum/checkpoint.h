/* The signed head of the log: a C2SP tlog-checkpoint (signed note), origin and key name
 * `breakglass/INSTALLATION-HEX`, one Ed25519 signature (type 0x01) by the roster's `broker.signs` in force at that
 * size. */
#pragma once
#include "quorum/keys.h"

struct checkpoint {
        struct hash installation;
        uint64_t size;
        struct hash root;
};

/* key: 64 bytes seed‖public. */
MUST_CHECK enum err checkpoint_sign(const struct checkpoint *c, const struct secret *key, struct bytes *ret_note);
/* Reads without checking the signature (to know which key is in force at its size). Errors: ERR_CORRUPT_LOG. */
MUST_CHECK enum err checkpoint_read(struct span note, struct checkpoint *ret);
/* Reads and verifies: exact form; further signatures by other keys are allowed and ignored (C2SP note). Errors:
 * ERR_CORRUPT_LOG. */
MUST_CHECK enum err checkpoint_verify(struct span note, const struct key *broker, struct checkpoint *ret);

/* Challenges and sessions, in memory only. A challenge needs no memory until it is used: it carries its own time and
 * a MAC, so nobody can push another's out. Thread-safe; times are monotonic. */
#pragma once
#include "base/bytes.h"
#include "quorum/keys.h"

#define CHALLENGE_BYTES   32u
#define TOKEN_BYTES       32u
#define CHALLENGE_LIFE_MS INT64_C(60000)
#define SESSION_LIFE_MS   INT64_C(600000)
#define SESSION_NAME_MAX  128u
#define SESSIONS_EACH     16u /* of one person; the oldest gives way */

struct sessions;
struct sessions *sessions_new(void);
void sessions_free(struct sessions *s);

void sessions_challenge(struct sessions *s, int64_t now_ms, unsigned char ret[CHALLENGE_BYTES]);
/* Spends a challenge. Errors: ERR_AUTH (not ours, too old, or used), ERR_RATE (too many sign-ins within a minute). */
MUST_CHECK enum err sessions_spend(struct sessions *s, const unsigned char challenge[CHALLENGE_BYTES],
                                   int64_t now_ms);
/* A token for a person who signed with this key. */
void sessions_open(struct sessions *s, const char *name, const struct key *signs, int64_t now_ms,
                   unsigned char ret_token[TOKEN_BYTES]);
struct session {
        char name[SESSION_NAME_MAX + 1];
        struct key signs; /* the caller compares it with the roster of the moment */
};
/* Errors: ERR_AUTH. */
MUST_CHECK enum err sessions_find(struct sessions *s, struct span token_hex, int64_t now_ms, struct session *ret);

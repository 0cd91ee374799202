/* Every error of the project: one list, a stable code word, an HTTP status, an exit code and a sentence with the
 * remedy.
 *
 * Functions return `enum err`; zero is success. What exactly went wrong (a line number, a holder's name) may be kept
 * beside the code with err_because(); it is for people and logs, never for decisions, and never holds a secret.
 */
#pragma once
#include "base/attr.h"
#include <stdbool.h>

/* Exit codes of the command line (design §8). */
enum exit_code {
        EXIT_OK = 0,
        EXIT_FAILED = 1,
        EXIT_USAGE = 2,
        EXIT_POLICY = 3,
        EXIT_UNVERIFIED = 4,
        EXIT_NOT_FOUND = 5,
        EXIT_CONFLICT = 6,
        EXIT_EXPIRED = 7,
        EXIT_UNREACHABLE = 8,
        EXIT_CORRUPT = 9,
        EXIT_UNSAFE = 10,
        EXIT_RATE = 11,
        EXIT_ABORTED = 12,
};

/* name, code word, HTTP status, exit code, sentence.
 * The first block is the protocol's (docs/protocol.md); the second is local to our programs and never leaves the API
 * (an API answer for one of them is 500 `internal`). */
/* clang-format off */
#define ERR_LIST(X)                                                                                                    \
        X(ERR_NOT_ALLOWED, "not-allowed", 403, 3, "the policy does not let this person do that; see `breakglass roster show`") \
        X(ERR_HOLDER_CANNOT_REQUEST, "holder-cannot-request", 403, 3, "a holder of this credential may not ask for it; somebody without a share must ask") \
        X(ERR_NOT_READY, "not-ready", 403, 3, "not enough approvals yet; ask more holders") \
        X(ERR_TOO_EARLY, "too-early", 403, 3, "its time has not come yet") \
        X(ERR_NOT_DUE, "not-due", 403, 3, "no rotation of this credential is due; order one first") \
        X(ERR_SEALER, "sealer", 403, 3, "the roster does not name this person as a sealer of the credential") \
        X(ERR_THRESHOLD, "threshold", 403, 4, "too few distinct admins signed; both the old and the new roster's threshold must sign") \
        X(ERR_POSTMORTEM_OWED, "postmortem-owed", 403, 3, "an earlier incident owes its post-mortem; write it with `breakglass postmortem INCIDENT`") \
        X(ERR_TOO_LONG, "too-long", 403, 3, "longer than the policy allows; ask for less time") \
        X(ERR_NOT_FOUND, "not-found", 404, 5, "there is no such thing; check the name with `breakglass status`") \
        X(ERR_DUPLICATE, "duplicate", 409, 6, "that has been done already") \
        X(ERR_MISMATCH, "mismatch", 409, 6, "the parts do not belong together") \
        X(ERR_STALE_VERSION, "stale-version", 409, 6, "this version is not the current one; look again and start anew") \
        X(ERR_STALE_ROSTER, "stale-roster", 409, 6, "made under another roster; update (`breakglass status`) and try again") \
        X(ERR_FORK, "fork", 409, 6, "the signer has seen another history of the log; compare heads before trusting this broker") \
        X(ERR_CLOCK, "clock", 409, 6, "the clock is more than 10 minutes off; set it and try again") \
        X(ERR_SPENT_LIMIT, "spent-limit", 409, 6, "with this approval, shares of enough holders would be spent over several requests; --override records that you mean it") \
        X(ERR_LOCKS_OUT, "locks-out", 409, 6, "the roster would leave a live version with too few holders; rotate it first") \
        X(ERR_IN_USE, "in-use", 409, 6, "another opening of this version is still live; wait for its end") \
        X(ERR_CLAIMED, "claimed", 409, 6, "a rotator is at work on this version; wait or let its claim run out") \
        X(ERR_CUSTODY, "custody", 409, 6, "too few holders have proven their shares lately; they run `breakglass inbox`") \
        X(ERR_ROSTER_GAP, "roster-gap", 409, 6, "a roster in between is missing; fetch the whole chain") \
        X(ERR_ROSTER_ROLLBACK, "roster-rollback", 409, 6, "this roster is older than one already seen") \
        X(ERR_ROSTER_FORK, "roster-fork", 409, 6, "two different rosters carry the same number; find out who signed which") \
        X(ERR_EXPIRED, "expired", 410, 7, "its time is over; ask anew") \
        X(ERR_ENDED, "ended", 410, 7, "it has ended; ask anew") \
        X(ERR_TOO_LARGE, "too-large", 413, 2, "larger than the limit") \
        X(ERR_EMERGENCY, "emergency", 422, 3, "the policy does not list this emergency; `breakglass roster show` lists the written definitions") \
        X(ERR_RATE, "rate", 429, 11, "too many at once; wait and try again") \
        X(ERR_BAD_STATEMENT, "bad-statement", 400, 4, "the statement is malformed") \
        X(ERR_BAD_VERSION, "bad-version", 400, 4, "the version does not fit its policy or its own commitments") \
        X(ERR_BAD_ROSTER, "bad-roster", 400, 4, "the roster breaks a rule; `breakglass roster lint FILE` names line and column") \
        X(ERR_BAD_KEY, "bad-key", 400, 4, "a key is malformed, weak or used already") \
        X(ERR_BAD_BLOB, "bad-blob", 400, 4, "the sealed bytes are not those that the statement names") \
        X(ERR_UPGRADE, "upgrade", 400, 1, "made by a newer program; upgrade this one") \
        X(ERR_AUTH, "auth", 401, 4, "the signature does not hold, or its signer is not in the roster") \
        X(ERR_NOT_DURABLE, "not-durable", 503, 8, "the broker could not write its log; nothing was done, retry when it has space") \
        X(ERR_SHUTTING_DOWN, "shutting-down", 503, 8, "the broker is stopping; retry in a moment") \
        X(ERR_RESTORED, "restored", 503, 8, "the broker was brought back from a backup and takes this again once a person has asked, sealed or approved something") \
        /* ---- local ---- */ \
        X(ERR_INTERNAL, "internal", 500, 1, "an internal error; the log says more") \
        X(ERR_USAGE, "usage", 500, 2, "see --help") \
        X(ERR_RANGE, "range", 500, 2, "a value is out of its range") \
        X(ERR_MEMORY, "memory", 500, 10, "no locked memory could be had; raise RLIMIT_MEMLOCK (`ulimit -l`)") \
        X(ERR_IO, "io", 500, 1, "a file could not be read or written") \
        X(ERR_NO_ENTRY, "no-file", 500, 5, "there is no such file") \
        X(ERR_UNSAFE_FILE, "unsafe-file", 500, 10, "the file or its folder can be read or changed by others, or is no plain file; fix owner and mode (0600)") \
        X(ERR_UNSAFE_ENVIRONMENT, "unsafe-environment", 500, 10, "this process cannot protect secrets here") \
        X(ERR_UNSAFE_PROGRAM, "unsafe-program", 500, 10, "a plugin must be an absolute path to a plain file of root's or ours that nobody else can write") \
        X(ERR_CONFIG, "bad-config", 500, 2, "the configuration is wrong") \
        X(ERR_WRONG_PASSPHRASE, "wrong-passphrase", 500, 4, "wrong passphrase or damaged") \
        X(ERR_WEAK_KDF, "weak-kdf", 500, 4, "the identity's scrypt work factor is below 2^15; make it anew") \
        X(ERR_KDF_LIMIT, "kdf-limit", 500, 4, "the identity's scrypt work factor is above 2^20; this was not made by us") \
        X(ERR_CORRUPT_IDENTITY, "corrupt-identity", 500, 9, "the identity file is damaged; restore it from its backup or paper") \
        X(ERR_BAD_WORDS, "bad-words", 500, 4, "these are not the words of a key; compare them with the paper, one by one") \
        X(ERR_BAD_SHARE, "bad-share", 500, 4, "a share does not fit its version") \
        X(ERR_BAD_CONTAINER, "bad-container", 500, 4, "an encrypted file is damaged or not for this key") \
        X(ERR_NO_PIN, "no-pin", 500, 4, "this installation is not known here; join with 'URL#GENESIS-SHA256' and compare the hash with an admin") \
        X(ERR_LYING_BROKER, "lying-broker", 500, 4, "the broker's answer is not what the signed log says; keep the evidence and tell an admin by voice") \
        X(ERR_BAD_LOG, "bad-log", 500, 4, "an entry of the log is against the rules") \
        X(ERR_CORRUPT_LOG, "corrupt-log", 500, 9, "the log is not what was signed in that order") \
        X(ERR_CORRUPT_STORE, "corrupt-store", 500, 9, "the broker's database is damaged or not this installation's; restore from an export") \
        X(ERR_UNREACHABLE, "unreachable", 500, 8, "no broker answers at any of its addresses") \
        X(ERR_STATE_UNKNOWN, "state-unknown", 500, 8, "sent, but no answer came: state unknown, retry is safe") \
        X(ERR_ABORTED, "aborted", 500, 12, "nothing was done") \
        X(ERR_HOOK, "hook-failed", 500, 1, "a hook failed") \
        X(ERR_UNKNOWN_OUTCOME, "unknown-outcome", 500, 1, "whether it took effect is not known")

/* clang-format on */

enum err {
        OK = 0,
#define X(name, word, http, exit, sentence) name,
        ERR_LIST(X)
#undef X
                ERR_COUNT
};

/* The code word, e.g. "not-ready"; "ok" for OK. Never NULL. */
const char *err_word(enum err e);
/* The fixed sentence with the remedy. Never NULL. */
const char *err_sentence(enum err e);
/* The API status; 200 for OK. */
int err_http(enum err e);
/* The exit code of the command line; 0 for OK. */
int err_exit(enum err e);
/* The error of a code word as found in an API answer; ERR_INTERNAL for an unknown one. */
enum err err_from_word(const char *word);
/* Whether the word may be sent over the API (the first block). */
bool err_is_public(enum err e);

/* Keeps a reason for people beside the error (per thread, cut at 400 bytes, control bytes escaped) and returns e.
 * Replaces an earlier reason. Never pass secrets. */
enum err err_because(enum err e, const char *format, ...) PRINTF_LIKE(2, 3);
/* The reason kept last in this thread, "" if none. Valid until the next err_because() or err_forget(). */
const char *err_reason(void);
void err_forget(void);

/* How a statement travels: as an envelope to the broker, and as a line of the log.
 *
 *   line      {"n":17,"at":1764000000000,"type":"request","payload":"BASE64","signatures":["BASE64"]}   exact
 * spelling, ASCII envelope  the same object without n and at
 */
#pragma once
#include "base/json.h"
#include "quorum/statement.h"

#define LINE_MAX_BYTES (2u * 1024u * 1024u)

struct envelope {
        enum statement_type type;
        char type_word[33]; /* as written: [a-z][a-z0-9-]{0,31}; also of an unknown type */
        struct bytes payload;
        size_t n_signatures;
        struct bytes signatures[SIGNATURES_MAX]; /* SSHSIG blobs */
};

struct line {
        uint64_t n;
        int64_t at_ms;
        struct envelope envelope;
};

#define CLEANUP_ENVELOPE __attribute__((cleanup(envelope_done)))
#define CLEANUP_LINE     __attribute__((cleanup(line_done)))

void envelope_done(struct envelope *e);
void line_done(struct line *l);
/* Unknown types are read (the caller decides: `upgrade` after the signature in a log, 400 before it in the API).
 * Errors: ERR_BAD_STATEMENT. */
MUST_CHECK enum err envelope_read(json_t *object, struct envelope *ret);
/* {"type":…,"payload":…,"signatures":[…]} */
void envelope_write(const struct envelope *e, struct bytes *ret);
/* Exactly the one spelling. Errors: ERR_CORRUPT_LOG. */
MUST_CHECK enum err line_read(struct span text, struct line *ret);
/* Without a newline. */
void line_write(uint64_t n, int64_t at_ms, const struct envelope *e, struct bytes *ret);

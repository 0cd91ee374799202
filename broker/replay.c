#include "broker/replay.h"
#include "quorum/admit.h"
#include <string.h>

#define CHUNK_BYTES (1024u * 1024u)

enum err replay_lines(struct ledger *l, struct span lines, bool is_trusted)
{
        while (lines.n > 0) {
                const unsigned char *end = memchr(lines.p, '\n', lines.n);
                const size_t len = (size_t)(end - lines.p);
                if (admit_line(l, span_of(lines.p, len), is_trusted, NULL) != OK)
                        return ERR_CORRUPT_STORE;
                lines = span_of(end + 1, lines.n - len - 1);
        }
        return OK;
}

enum err replay_store(struct store *s, struct ledger *l, uint64_t to, bool is_trusted)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;
        uint64_t at = ledger_size(l);
        enum err e = OK;
        while (e == OK && at < to) {
                bytes_clear(&lines);
                e = store_read_lines(s, at, to, CHUNK_BYTES, &lines, &at);
                if (e == OK)
                        e = replay_lines(l, bytes_span(&lines), is_trusted);
        }
        return e;
}

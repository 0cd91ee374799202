#include "broker/given.h"
#include "base/file.h"
#include "quorum/export.h"
#include <inttypes.h>
#include <string.h>

#define FILE_MAX_BYTES (2048u * 1024u * 1024u)

void given_done(struct given *g)
{
        for (size_t i = 0; i < g->n; i++) {
                if (g->log[i].is_ours)
                        continue;
                bytes_done(&g->log[i].text);
                ledger_free(g->log[i].ledger);
        }
        for (size_t i = 0; i < g->n_parts; i++)
                bytes_done(&g->part[i].bytes);
        free(g->log);
        free(g->part);
        *g = (struct given){0};
}

static void keep_part(void *context, const struct hash *sha256, struct span blob)
{
        struct given *g = context;
        if (given_find(g, sha256))
                return;
        g->part = mem_grow(g->part, g->n_parts + 1, sizeof *g->part);
        g->part[g->n_parts] = (struct given_part){.sha256 = *sha256, .bytes = BYTES_NONE};
        bytes_add_span(&g->part[g->n_parts++].bytes, blob);
}

static void add_log(struct given *g, struct given_log log)
{
        g->log = mem_grow(g->log, g->n + 1, sizeof *g->log);
        g->log[g->n++] = log;
}

enum err given_read(struct given *g, const char *path, bool is_vault, const struct hash *genesis)
{
        struct given_log log = {.name = path, .text = BYTES_NONE};
        struct export_verdict verdict;
        const struct export_job job = {
                .genesis = genesis, .want_blobs = is_vault, .on_blob = keep_part, .context = g};
        enum err e = file_read(path, FILE_MAX_BYTES, &log.text);
        if (e == OK)
                e = export_verify(bytes_span(&log.text), &job, &verdict, &log.ledger);
        if (e != OK) {
                CLEANUP_FREE char *why = mem_text(err_reason());
                bytes_done(&log.text);
                return err_because(e, "%s: %s", path, why);
        }
        add_log(g, log);
        return OK;
}

void given_add(struct given *g, const char *name, const struct bytes *text, struct ledger *ledger)
{
        add_log(g, (struct given_log){.name = name, .text = *text, .ledger = ledger, .is_ours = true});
}

static bool is_same_until(const struct ledger *a, const struct ledger *b, uint64_t size)
{
        struct hash one = ledger_root_at(a, size), other = ledger_root_at(b, size);
        return hash_equal(&one, &other);
}

uint64_t given_common(const struct ledger *a, const struct ledger *b)
{
        uint64_t same = 0, differs = (ledger_size(a) < ledger_size(b) ? ledger_size(a) : ledger_size(b)) + 1;
        while (differs - same > 1) {
                uint64_t middle = same + (differs - same) / 2;
                if (is_same_until(a, b, middle))
                        same = middle;
                else
                        differs = middle;
        }
        return same;
}

static enum err contradiction(const struct given_log *a, const struct given_log *b, uint64_t common)
{
        return err_because(ERR_FORK, "%s and %s are one up to %" PRIu64 " entries, then each goes on differently",
                           a->name, b->name, common);
}

enum err given_unite(const struct given *g, size_t *ret_longest, size_t *ret_one, size_t *ret_other)
{
        size_t longest = 0;
        for (size_t i = 1; i < g->n; i++)
                if (ledger_size(g->log[i].ledger) > ledger_size(g->log[longest].ledger))
                        longest = i;
        for (size_t i = 0; i < g->n; i++) {
                uint64_t common = given_common(g->log[i].ledger, g->log[longest].ledger);
                if (common == ledger_size(g->log[i].ledger))
                        continue;
                *ret_one = i;
                *ret_other = longest;
                return contradiction(&g->log[i], &g->log[longest], common);
        }
        *ret_longest = longest;
        return OK;
}

struct span given_lines(const struct given_log *log, uint64_t n)
{
        struct span rest = bytes_span(&log->text);
        const unsigned char *from = rest.p;
        for (uint64_t i = 0; i < ledger_size(log->ledger); i++) {
                const unsigned char *end = memchr(rest.p, '\n', rest.n);
                rest = span_of(end + 1, (size_t)(rest.p + rest.n - (end + 1)));
                if (i + 1 == n)
                        from = rest.p;
        }
        return span_of(from, (size_t)(rest.p - from));
}

/* Few enough to look at each: a part is over a hundred bytes of a file that was just read. */
const struct given_part *given_find(const struct given *g, const struct hash *sha256)
{
        for (size_t i = 0; i < g->n_parts; i++)
                if (hash_equal(&g->part[i].sha256, sha256))
                        return &g->part[i];
        return NULL;
}

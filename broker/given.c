#include "broker/given.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

void given_done(struct given *g)
{
        for (size_t i = 0; i < g->n; i++) {
                if (!g->log[i].index)
                        continue;
                export_index_free(g->log[i].index);
                ledger_free(g->log[i].ledger);
        }
        free(g->log);
        *g = (struct given){0};
}

static void add_log(struct given *g, struct given_log log)
{
        g->log = mem_grow(g->log, g->n + 1, sizeof *g->log);
        g->log[g->n++] = log;
}

enum err given_read(struct given *g, const char *path, bool is_vault, const struct hash *genesis)
{
        struct given_log log = {.name = path};
        struct export_verdict verdict;
        /* O_NONBLOCK: a FIFO must be refused, not waited for. */
        const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return err_because(errno == ENOENT ? ERR_NO_ENTRY : ERR_IO, "%s: %s", path, strerror(errno));
        enum err e = export_index_new(fd, is_vault, genesis, &verdict, &log.ledger, &log.index);
        if (e != OK) {
                CLEANUP_FREE char *why = mem_text(err_reason());
                return err_because(e, "%s: %s", path, why);
        }
        add_log(g, log);
        return OK;
}

void given_add(struct given *g, const char *name, struct store *store, struct ledger *ledger)
{
        add_log(g, (struct given_log){.name = name, .store = store, .ledger = ledger});
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

enum err given_line(const struct given_log *log, uint64_t n, struct bytes *ret)
{
        uint64_t next;
        if (log->index)
                return export_index_line(log->index, n, ret);
        enum err e = store_read_lines(log->store, n, n + 1, 1, ret, &next);
        if (e == OK)
                ret->n--; /* the newline */
        return e;
}

enum err given_part(const struct given *g, const struct hash *sha256, struct bytes *ret)
{
        enum err e = ERR_NOT_FOUND;
        for (size_t i = 0; i < g->n && e == ERR_NOT_FOUND; i++)
                if (g->log[i].index)
                        e = export_index_part(g->log[i].index, sha256, ret);
        return e;
}

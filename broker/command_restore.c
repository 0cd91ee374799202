#include "base/clock.h"
#include "base/file.h"
#include "broker/book.h"
#include "broker/commands.h"
#include "broker/restored.h"
#include "quorum/admit.h"
#include <string.h>

/* A new store from a vault export, and from what clients give back: their own, longer copies of the log, and the
 * sealed parts of versions made since the export. */

struct restoring {
        struct given given; /* the vault's first */
        size_t longest;
        struct ledger *ledger;    /* the longest's, and the line behind it */
        size_t n_parts;           /* that were put into the store */
        struct bytes roster_line; /* what comes behind; empty when no new roster was given */
};

static void restoring_done(struct restoring *r)
{
        given_done(&r->given);
        bytes_done(&r->roster_line);
}

/* ---- reading, with every check of `log verify` ---- */

static enum err read_logs(struct restoring *r, const struct restore_from *from)
{
        struct hash genesis;
        const struct hash *pin = from->genesis ? &genesis : NULL;
        if (pin && hash_from_hex(span_text(from->genesis), &genesis) != OK)
                return err_because(ERR_USAGE, "--genesis wants the 64 hex digits of the genesis roster's SHA-256");
        enum err e = given_read(&r->given, from->vault, true, pin);
        if (e == OK && !pin) {
                genesis = *ledger_installation(r->given.log[0].ledger);
                pin = &genesis;
        }
        for (size_t i = 0; i < from->n_logs && e == OK; i++)
                e = given_read(&r->given, from->logs[i], false, pin);
        return e;
}

static enum err unite(struct restoring *r)
{
        size_t one = 0, other = 0;
        enum err e = given_unite(&r->given, &r->longest, &one, &other);
        if (e == ERR_FORK) {
                CLEANUP_FREE char *why = mem_text(err_reason());
                restored_tell_fork(&r->given.log[one], &r->given.log[other]);
                fprintf(stderr,
                        "The broker's key signed both: ask by voice which one people saw, keep both files, and "
                        "leave the wrong one out. What only that one has must be said again.\n");
                return err_because(e, "%s", why);
        }
        if (e == OK)
                r->ledger = r->given.log[r->longest].ledger;
        return e;
}

static void tell_logs(const struct given *g)
{
        const uint64_t vault = ledger_size(g->log[0].ledger);
        for (size_t i = 1; i < g->n; i++) {
                const uint64_t size = ledger_size(g->log[i].ledger);
                if (size > vault)
                        printf("%s: %llu entries, %llu more than the export\n", g->log[i].name,
                               (unsigned long long)size, (unsigned long long)(size - vault));
                else
                        printf("%s: %llu entries, none that the export does not have\n", g->log[i].name,
                               (unsigned long long)size);
        }
}

/* The next roster, by every rule that a running broker has for it. */
static enum err read_roster(struct restoring *r, const char *path)
{
        CLEANUP_ENVELOPE struct envelope envelope = {0};
        struct statement *s = NULL;
        const int64_t now = clock_now_ms(), last = ledger_last_at(r->ledger);
        enum err e = command_read_envelope(path, &envelope);
        if (e == OK && envelope.type != STATEMENT_ROSTER)
                e = err_because(ERR_BAD_ROSTER, "this is no roster statement");
        if (e == OK)
                e = admit_statement(ledger_roster(r->ledger), &envelope, &s);
        statement_free(s);
        if (e != OK)
                return e;
        line_write(ledger_size(r->ledger), now > last ? now : last, &envelope, &r->roster_line);
        return admit_line(r->ledger, bytes_span(&r->roster_line), false, NULL);
}

/* ---- writing ---- */

static enum err put_log(struct store *s, const struct restoring *r)
{
        const uint64_t n = ledger_size(r->ledger) - (r->roster_line.n ? 1 : 0);
        enum err e = restored_append(s, &r->given.log[r->longest], 0, n);
        if (e != OK || !r->roster_line.n)
                return e;
        const struct hash id = ledger_id_at(r->ledger, n);
        return store_append(s, n, &id, bytes_span(&r->roster_line));
}

static enum err fill_store(struct store *s, void *context)
{
        struct restoring *r = context;
        bool is_new;
        enum err e = put_log(s, r);
        if (e == OK)
                e = restored_put_parts(s, r->ledger, &r->given, &r->n_parts);
        return e == OK ? store_remember(s, BOOK_HOLD_KEY, clock_now_ms(), STORE_ONCE, &is_new) : e;
}

static enum err write_store(const char *path, const struct config *c, struct restoring *r)
{
        enum err e = file_make_folder(c->state, 0700);
        return e == OK ? store_create(path, fill_store, r) : e;
}

static enum err tell(const char *path, const struct restoring *r)
{
        char hex[HASH_HEX + 1];
        struct store *store = NULL;
        hash_to_hex(ledger_installation(r->ledger), hex);
        printf("installation: %s\nrestored: %llu entries, %zu sealed parts\n", hex,
               (unsigned long long)ledger_size(r->ledger), r->n_parts);
        tell_logs(&r->given);
        enum err e = store_open(path, STORE_READ, &store);
        if (e == OK)
                e = restored_tell_missing(store, r->ledger);
        store_close(store);
        if (e == OK)
                puts("Start it, and let everybody who used it lately run `breakglass status` before anybody does "
                     "anything "
                     "else: who has seen more is told so, and how to give it back. Until a person says something the "
                     "broker adds nothing of its own.");
        return e;
}

static enum err restore(const struct config *c, const struct restore_from *from, struct restoring *r)
{
        CLEANUP_FREE char *path = path_join(c->state, STORE_FILE);
        enum err e = read_logs(r, from);
        if (e == OK)
                e = unite(r);
        if (e == OK && from->roster)
                e = read_roster(r, from->roster);
        if (e == OK)
                e = restored_check_key(c, r->ledger);
        if (e == OK)
                e = write_store(path, c, r);
        return e == OK ? tell(path, r) : e;
}

int command_restore(const char *config_path, const struct restore_from *from)
{
        struct config *c = NULL;
        struct restoring r = {.roster_line = BYTES_NONE};
        enum err e = config_read(config_path, &c);
        if (e == OK)
                e = restore(c, from, &r);
        restoring_done(&r);
        config_drop(c);
        return e == OK ? EXIT_OK : command_failed((int)e);
}

#include "base/file.h"
#include "broker/commands.h"
#include "broker/lock.h"
#include "broker/replay.h"
#include "broker/restored.h"
#include <string.h>

/* A broker whose log ends too early (restored from an export, and perhaps started since) takes what came after from
 * those who still hold it. All of it is verified before, and becomes durable in one transaction. */

struct giving_back {
        struct store *store;
        struct ledger *ledger; /* of the log here */
        struct given given;    /* the log here first */
        size_t longest;
};

static void giving_back_done(struct giving_back *g)
{
        given_done(&g->given);
        ledger_free(g->ledger);
        store_close(g->store);
}

/* ---- reading ---- */

static enum err read_own(struct giving_back *g)
{
        uint64_t size = 0;
        enum err e = store_size(g->store, &size);
        g->ledger = ledger_new();
        if (e == OK)
                e = replay_store(g->store, g->ledger, size, false);
        if (e == OK && size == 0)
                return err_because(ERR_CORRUPT_STORE, "the log is empty; `breakglassd init` begins one");
        if (e == OK)
                given_add(&g->given, "the log here", g->store, g->ledger);
        return e;
}

static enum err read_all(struct giving_back *g, const char *const files[], size_t n)
{
        enum err e = read_own(g);
        for (size_t i = 0; i < n && e == OK; i++)
                e = given_read(&g->given, files[i], false, ledger_installation(g->ledger));
        return e;
}

/* ---- what can't be united ---- */

static const char own_remedy[] =
        "Nothing was changed. Both were signed by this broker: it went on after its log had been cut.\n"
        "One side has to be given up, and what is listed for it has to be said again by the people named:\n"
        "  to keep what was given: move `state` away, `breakglassd init --from EXPORT --log FILE`, start;\n"
        "  who has seen the log here refuses it until they have moved their own folder away and joined again;\n"
        "  to keep the log here: leave it as it is; those who have seen the other do the same.\n"
        "Keep all files: they prove what happened.\n";
static const char foreign_remedy[] =
        "Nothing was changed. Ask by voice which of the two people saw, keep both files, "
        "and leave the wrong one out.\n";

static enum err unite(struct giving_back *g)
{
        size_t one = 0, other = 0;
        enum err e = given_unite(&g->given, &g->longest, &one, &other);
        if (e != ERR_FORK)
                return e;
        CLEANUP_FREE char *why = mem_text(err_reason());
        restored_tell_fork(&g->given.log[one], &g->given.log[other]);
        fputs(one == 0 || other == 0 ? own_remedy : foreign_remedy, stderr);
        return err_because(e, "%s", why);
}

/* ---- writing ---- */

static enum err write_all(struct giving_back *g, const struct given_log *log)
{
        size_t n_parts;
        enum err e = store_begin(g->store);
        if (e != OK)
                return e;
        if ((e = restored_append(g->store, log, ledger_size(g->ledger), ledger_size(log->ledger))) == OK &&
            (e = restored_put_parts(g->store, log->ledger, &g->given, &n_parts)) == OK)
                e = store_commit(g->store);
        if (e != OK)
                store_rollback(g->store);
        /* Who killed it in between is helped by the next start: the write-ahead log is read then. */
        return e == OK ? store_scrub(g->store) : e;
}

static enum err give_back(struct giving_back *g, const struct config *c)
{
        enum err e = unite(g);
        if (e != OK)
                return e;
        const struct given_log *log = &g->given.log[g->longest];
        const uint64_t n = ledger_size(log->ledger), had = ledger_size(g->ledger);
        if ((e = restored_check_key(c, log->ledger)) != OK || (e = write_all(g, log)) != OK)
                return e;
        if (n > had)
                printf("given back: entries %llu to %llu, from %s\n", (unsigned long long)had,
                       (unsigned long long)n - 1, log->name);
        else
                printf("given back: no entry; the log here has all %llu\n", (unsigned long long)had);
        return restored_tell_missing(g->store, log->ledger);
}

static enum err open_and_give_back(const struct config *c, const char *const files[], size_t n)
{
        CLEANUP_FREE char *path = path_join(c->state, STORE_FILE);
        CLEANUP_FD int lock = -1;
        struct giving_back g = {0};
        enum err e = state_lock(c, &lock);
        if (e == ERR_CONFIG)
                return err_because(e, "stop the broker first: something runs on its state, or it has none");
        if (e == OK)
                e = store_open(path, STORE_WRITE, &g.store);
        if (e == OK && (e = read_all(&g, files, n)) == OK)
                e = give_back(&g, c);
        giving_back_done(&g);
        return e;
}

int command_give_back(const char *config_path, const char *const files[], size_t n)
{
        struct config *c = NULL;
        enum err e = config_read(config_path, &c);
        if (e == OK)
                e = open_and_give_back(c, files, n);
        config_drop(c);
        return e == OK ? EXIT_OK : command_failed((int)e);
}

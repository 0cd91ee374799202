#include "base/log.h"
#include "broker/book_internal.h"

#define SNAPSHOT_IDLE_EACH 500 /* lines */
#define SNAPSHOT_BUSY_EACH 10000

void snapshot_save(struct book *b)
{
        CLEANUP_BYTES struct bytes state = BYTES_NONE;
        struct hash root = ledger_root(b->ledger);
        uint64_t size = ledger_size(b->ledger);
        ledger_save(b->ledger, &state);
        enum err e = store_begin(b->setup.store);
        if (e == OK)
                e = store_save_snapshot(b->setup.store, size, &root, bytes_span(&state));
        if (e == OK)
                e = store_commit(b->setup.store);
        if (e == OK) {
                b->snapshot_size = size;
                b->n_snapshots++;
                return;
        }
        store_rollback(b->setup.store);
        /* The log is whole without it; only the next start takes longer. */
        log_event(LOG_LEVEL_WARNING, "snapshot.failed", F_TEXT("error", err_word(e)), F_TEXT("why", err_reason()));
}

void snapshot_if_due(struct book *b)
{
        uint64_t since = ledger_size(b->ledger) - b->snapshot_size;
        pthread_mutex_lock(&b->queue_lock);
        bool is_idle = !b->first;
        pthread_mutex_unlock(&b->queue_lock);
        if (since >= SNAPSHOT_BUSY_EACH || (is_idle && since >= SNAPSHOT_IDLE_EACH))
                snapshot_save(b);
}

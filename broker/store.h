/* Where the log, the sealed blobs and the pages not yet delivered lie durably. One small interface; SQLite behind it.
 *
 * One writer at a time (store_begin … store_commit); reads may come from any thread, see only what was committed, and
 * never wait for the writer. Only store_commit() makes anything durable; when it fails, the process must end and
 * start again from the disk.
 *
 * Errors of every call: ERR_CORRUPT_STORE (damaged, foreign or hostile file), ERR_NOT_DURABLE (a write failed),
 * ERR_IO. Reasons are for the log.
 */
#pragma once
#include "base/bytes.h"

struct store;

#define STORE_FILE "broker.db"

enum store_mode { STORE_WRITE, STORE_READ /* one consistent moment, also beside a running broker */ };

enum blob_kind {
        BLOB_SHARE = 1,      /* a holder's sealed share; owner: the version */
        BLOB_CIPHERTEXT = 2, /* owner: the version */
        BLOB_RESHARE = 3,    /* a share on its way to the requester; owner: the request */
        BLOB_HANDOVER = 4,   /* an opened document for the rotators; owner: the version */
};

/* Makes a new store, filled in one transaction by fill() (NULL: empty): whole or, after a crash at any moment, not at
 * all. Errors also: ERR_DUPLICATE when there is a file, those of fill(). */
MUST_CHECK enum err store_create(const char *path, enum err (*fill)(struct store *s, void *context), void *context);
/* Errors also: ERR_NO_ENTRY. */
MUST_CHECK enum err store_open(const char *path, enum store_mode mode, struct store **ret);
void store_close(struct store *s);

/* ---- writing ---- */
MUST_CHECK enum err store_begin(struct store *s);
MUST_CHECK enum err store_commit(struct store *s);
void store_rollback(struct store *s);
MUST_CHECK enum err store_append(struct store *s, uint64_t n, const struct hash *id, struct span line);
MUST_CHECK enum err store_put_blob(struct store *s, enum blob_kind kind, const struct hash *owner,
                                   const struct hash *sha256, struct span bytes);
/* ret_erased (may be NULL) becomes true when there was something. */
MUST_CHECK enum err store_erase_blobs(struct store *s, enum blob_kind kind, const struct hash *owner,
                                      bool *ret_erased);
/* After the commit that erased: nothing of it stays in the write-ahead log. ERR_IO when a reader is in the way: try
 * again later. */
MUST_CHECK enum err store_scrub(struct store *s);
MUST_CHECK enum err store_put_page(struct store *s, const char *channel, bool is_urgent, struct span event);
MUST_CHECK enum err store_drop_page(struct store *s, int64_t page);
/* Keeps a key with its time. ret_is_new is false, and nothing is changed, when it was kept less than again_after_ms
 * ago. */
#define STORE_ONCE INT64_C(0x3fffffffffffffff)
MUST_CHECK enum err store_remember(struct store *s, const char *key, int64_t at_ms, int64_t again_after_ms,
                                   bool *ret_is_new);
/* Whether the key is kept, as the open transaction has it. */
MUST_CHECK enum err store_knows(struct store *s, const char *key, bool *ret);
/* Forgets keys with this prefix (ASCII) kept before that time. */
MUST_CHECK enum err store_forget(struct store *s, const char *key_prefix, int64_t before_ms);
MUST_CHECK enum err store_save_snapshot(struct store *s, uint64_t size, const struct hash *root, struct span state);

/* ---- reading ---- */
MUST_CHECK enum err store_size(struct store *s, uint64_t *ret);
/* Appends the lines from ≤ n < to, each with a newline, until max_bytes would be passed (but at least one). ret_next:
 * the first line left out. */
MUST_CHECK enum err store_read_lines(struct store *s, uint64_t from, uint64_t to, size_t max_bytes, struct bytes *ret,
                                     uint64_t *ret_next);

struct blob_place {
        enum blob_kind kind;
        struct hash owner;
};
/* Where bytes with this hash lie; at most max places. */
MUST_CHECK enum err store_find_blob(struct store *s, const struct hash *sha256, struct blob_place ret[], size_t max,
                                    size_t *ret_n);
/* Errors also: ERR_NOT_FOUND. */
MUST_CHECK enum err store_read_blob(struct store *s, const struct blob_place *place, const struct hash *sha256,
                                    struct bytes *ret);
/* Calls each for every blob of this kind and owner, ascending by hash. */
MUST_CHECK enum err store_each_blob(struct store *s, enum blob_kind kind, const struct hash *owner,
                                    void (*each)(void *context, const struct hash *sha256, struct span bytes),
                                    void *context);
/* Whether every blob's bytes have the hash they are kept under, and the file's own structure holds. */
MUST_CHECK enum err store_check(struct store *s, bool (*goes_on)(void *context), void *context);

struct page {
        int64_t id;
        bool is_urgent;
        const char *channel;
        struct span event; /* JSON */
};
/* Pages with id > after, ascending, at most max of them. */
MUST_CHECK enum err store_each_page(struct store *s, int64_t after, size_t max,
                                    void (*each)(void *context, const struct page *page), void *context);
MUST_CHECK enum err store_count_pages(struct store *s, uint64_t *ret);
/* Errors also: ERR_NOT_FOUND when none was ever saved. */
MUST_CHECK enum err store_load_snapshot(struct store *s, uint64_t *ret_size, struct hash *ret_root,
                                        struct bytes *ret_state);

/* SQLite as the store's ground: one connection set up as a hostile file would not like it, and its prepared
 * statements. Only store*.c include this. */
#pragma once
#include "broker/store.h"
#include <pthread.h>
#include <sqlite3.h>

#define APPLICATION_ID 0x62676c73 /* "bgls" */
#define SCHEMA_VERSION 1

/* name, SQL. Prepared when first used. */
#define QUERY_LIST(X)                                                                                                \
        X(Q_BEGIN, "BEGIN IMMEDIATE")                                                                                \
        X(Q_BEGIN_READ, "BEGIN")                                                                                     \
        X(Q_COMMIT, "COMMIT")                                                                                        \
        X(Q_APPEND, "INSERT INTO log (n, id, line) VALUES (?1, ?2, ?3)")                                             \
        X(Q_PUT_BLOB, "INSERT OR IGNORE INTO blobs (kind, owner, sha256, bytes) VALUES (?1, ?2, ?3, ?4)")            \
        X(Q_ERASE_BLOBS, "DELETE FROM blobs WHERE kind = ?1 AND owner = ?2")                                         \
        X(Q_PUT_PAGE, "INSERT INTO outbox (channel, urgent, event) VALUES (?1, ?2, ?3)")                             \
        X(Q_DROP_PAGE, "DELETE FROM outbox WHERE id = ?1")                                                           \
        X(Q_REMEMBER, "INSERT INTO seen (key, at) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET at = ?2 "          \
                      "WHERE at <= ?2 - ?3")                                                                         \
        X(Q_KNOWS, "SELECT 1 FROM seen WHERE key = ?1")                                                              \
        X(Q_FORGET, "DELETE FROM seen WHERE key >= ?1 AND key < ?2 AND at < ?3")                                     \
        X(Q_SAVE_SNAPSHOT, "INSERT OR REPLACE INTO snapshot (id, size, root, state) VALUES (1, ?1, ?2, ?3)")         \
        X(Q_LAST, "SELECT max(n) FROM log")                                                                          \
        X(Q_LINES, "SELECT n, line FROM log WHERE n >= ?1 AND n < ?2 ORDER BY n")                                    \
        X(Q_FIND_BLOB, "SELECT kind, owner FROM blobs WHERE sha256 = ?1 LIMIT ?2")                                   \
        X(Q_READ_BLOB, "SELECT bytes FROM blobs WHERE kind = ?1 AND owner = ?2 AND sha256 = ?3")                     \
        X(Q_EACH_BLOB, "SELECT sha256, bytes FROM blobs WHERE kind = ?1 AND owner = ?2 ORDER BY sha256")             \
        X(Q_ALL_BLOBS, "SELECT sha256, bytes FROM blobs")                                                            \
        X(Q_PAGES, "SELECT id, channel, urgent, event FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2")               \
        X(Q_COUNT_PAGES, "SELECT count(*) FROM outbox")                                                              \
        X(Q_LOAD_SNAPSHOT, "SELECT size, root FROM snapshot WHERE id = 1")

enum query {
#define X(name, sql) name,
        QUERY_LIST(X)
#undef X
                QUERY_COUNT
};

struct connection {
        sqlite3 *db;
        sqlite3_stmt *query[QUERY_COUNT];
        struct connection *next; /* in the pool */
};

struct store {
        char *path;
        enum store_mode mode;
        struct connection *writer; /* NULL in STORE_READ */
        pthread_mutex_t pool_lock;
        struct connection *pool; /* idle readers */
};

MUST_CHECK enum err connection_open(const char *path, int flags, struct connection **ret);
void connection_close(struct connection *c);
/* Makes the tables. */
MUST_CHECK enum err connection_create_schema(struct connection *c);
/* Whether the file is exactly ours: application id, schema version, and every table, index and trigger word by word.
 */
MUST_CHECK enum err connection_check_schema(struct connection *c);
/* The prepared statement, reset and without bindings; NULL (and the reason) when it can't be had. */
sqlite3_stmt *connection_query(struct connection *c, enum query q);
/* What a result code means; OK for SQLITE_OK, ROW and DONE. */
enum err connection_error(const struct connection *c, int code, const char *doing);
void bind_hash(sqlite3_stmt *q, int i, const struct hash *h);
void bind_bytes(sqlite3_stmt *q, int i, struct span bytes);

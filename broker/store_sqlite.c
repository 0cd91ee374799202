#include "broker/store_sqlite.h"
#include <string.h>

static const char *const schema[] = {
        "CREATE TABLE log (n INTEGER PRIMARY KEY, id BLOB NOT NULL, line TEXT NOT NULL) STRICT",
        "CREATE TRIGGER log_keeps_lines BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); "
        "END",
        "CREATE TRIGGER log_loses_none BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END",
        "CREATE TABLE blobs (kind INTEGER NOT NULL, owner BLOB NOT NULL, sha256 BLOB NOT NULL, bytes BLOB NOT NULL) "
        "STRICT",
        "CREATE UNIQUE INDEX blobs_by_owner ON blobs (kind, owner, sha256)",
        "CREATE INDEX blobs_by_sha256 ON blobs (sha256)",
        "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, urgent INTEGER NOT NULL, "
        "event TEXT NOT NULL) STRICT",
        "CREATE TABLE seen (key TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE snapshot (id INTEGER PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, state BLOB NOT "
        "NULL) STRICT",
};

static const char *const query_text[QUERY_COUNT] = {
#define X(name, sql) [name] = sql,
        QUERY_LIST(X)
#undef X
};

enum err connection_error(const struct connection *c, int code, const char *doing)
{
        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE: return OK;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT:
        case SQLITE_MISMATCH:
        case SQLITE_SCHEMA:
        case SQLITE_ERROR: /* SQL that does not fit the file */
                return err_because(ERR_CORRUPT_STORE, "%s: %s", doing, sqlite3_errmsg(c->db));
        case SQLITE_FULL:
        case SQLITE_IOERR:
        case SQLITE_READONLY:
        case SQLITE_CONSTRAINT: return err_because(ERR_NOT_DURABLE, "%s: %s", doing, sqlite3_errmsg(c->db));
        default: return err_because(ERR_IO, "%s: %s", doing, sqlite3_errmsg(c->db));
        }
}

static enum err run(struct connection *c, const char *sql)
{
        return connection_error(c, sqlite3_exec(c->db, sql, NULL, NULL, NULL), sql);
}

/* A file from elsewhere must not make SQLite do anything: no functions or virtual tables from its schema, cells
 * checked, nothing memory-mapped, temporary data in memory. */
static enum err harden(struct connection *c)
{
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        sqlite3_limit(c->db, SQLITE_LIMIT_LENGTH, 256 * 1024 * 1024);
        sqlite3_busy_timeout(c->db, 2000);
        return run(c, "PRAGMA cell_size_check = 1; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;"
                      "PRAGMA secure_delete = 1; PRAGMA synchronous = FULL; PRAGMA cache_size = -1024;");
}

enum err connection_open(const char *path, int flags, struct connection **ret)
{
        struct connection *c = mem_new(1, sizeof *c);
        int code = sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
        enum err e = code == SQLITE_OK ? harden(c) : connection_error(c, code, "open");
        if (e != OK) {
                connection_close(c);
                return e;
        }
        *ret = c;
        return OK;
}

void connection_close(struct connection *c)
{
        if (!c)
                return;
        for (size_t i = 0; i < QUERY_COUNT; i++)
                sqlite3_finalize(c->query[i]);
        sqlite3_close(c->db);
        free(c);
}

enum err connection_create_schema(struct connection *c)
{
        char marks[128];
        snprintf(marks, sizeof marks, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
                 SCHEMA_VERSION);
        enum err e = run(c, "PRAGMA journal_mode = WAL");
        if (e == OK)
                e = run(c, "BEGIN");
        if (e == OK)
                e = run(c, marks);
        for (size_t i = 0; i < COUNT_OF(schema) && e == OK; i++)
                e = run(c, schema[i]);
        return e == OK ? run(c, "COMMIT") : e;
}

static enum err read_number(struct connection *c, const char *sql, int64_t *ret)
{
        sqlite3_stmt *q;
        int code = sqlite3_prepare_v2(c->db, sql, -1, &q, NULL);
        if (code != SQLITE_OK)
                return connection_error(c, code, sql);
        code = sqlite3_step(q);
        *ret = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
        sqlite3_finalize(q);
        return connection_error(c, code, sql);
}

static bool is_in_schema(const char *sql)
{
        for (size_t i = 0; i < COUNT_OF(schema); i++)
                if (!strcmp(schema[i], sql))
                        return true;
        return false;
}

static enum err compare_schema(struct connection *c)
{
        sqlite3_stmt *q;
        size_t n = 0;
        int code = sqlite3_prepare_v2(c->db,
                                      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND "
                                      "name <> 'sqlite_sequence'",
                                      -1, &q, NULL);
        if (code != SQLITE_OK)
                return connection_error(c, code, "schema");
        while ((code = sqlite3_step(q)) == SQLITE_ROW) {
                const char *sql = (const char *)sqlite3_column_text(q, 0);
                if (!sql || !is_in_schema(sql)) {
                        sqlite3_finalize(q);
                        return err_because(ERR_CORRUPT_STORE, "the database has a table or trigger that is not ours");
                }
                n++;
        }
        sqlite3_finalize(q);
        if (code != SQLITE_DONE)
                return connection_error(c, code, "schema");
        return n == COUNT_OF(schema) ? OK : err_because(ERR_CORRUPT_STORE, "the database lacks a table");
}

enum err connection_check_schema(struct connection *c)
{
        int64_t id = 0, version = 0;
        enum err e = read_number(c, "PRAGMA application_id", &id);
        if (e == OK)
                e = read_number(c, "PRAGMA user_version", &version);
        if (e != OK)
                return e;
        if (id != APPLICATION_ID || version != SCHEMA_VERSION)
                return err_because(ERR_CORRUPT_STORE, "this is no database of a breakglass broker");
        return compare_schema(c);
}

sqlite3_stmt *connection_query(struct connection *c, enum query q)
{
        if (!c->query[q]) {
                int code =
                        sqlite3_prepare_v3(c->db, query_text[q], -1, SQLITE_PREPARE_PERSISTENT, &c->query[q], NULL);
                if (code != SQLITE_OK) {
                        (void)connection_error(c, code, query_text[q]);
                        return NULL;
                }
        }
        sqlite3_reset(c->query[q]);
        sqlite3_clear_bindings(c->query[q]);
        return c->query[q];
}

void bind_hash(sqlite3_stmt *q, int i, const struct hash *h)
{
        sqlite3_bind_blob(q, i, h->b, HASH_BYTES, SQLITE_STATIC);
}

void bind_bytes(sqlite3_stmt *q, int i, struct span bytes)
{
        sqlite3_bind_blob64(q, i, bytes.n ? (const void *)bytes.p : "", bytes.n, SQLITE_STATIC);
}

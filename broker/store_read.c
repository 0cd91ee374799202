#include "broker/store_sqlite.h"
#include <string.h>

/* ---- a reader's connection: from the pool, or a new one ---- */

static enum err reader_take(struct store *s, struct connection **ret)
{
        pthread_mutex_lock(&s->pool_lock);
        struct connection *c = s->pool;
        if (c)
                s->pool = c->next;
        pthread_mutex_unlock(&s->pool_lock);
        if (c) {
                *ret = c;
                return OK;
        }
        return connection_open(s->path, SQLITE_OPEN_READONLY, ret);
}

static void reader_give(struct store *s, struct connection *c)
{
        pthread_mutex_lock(&s->pool_lock);
        c->next = s->pool;
        s->pool = c;
        pthread_mutex_unlock(&s->pool_lock);
}

struct reading {
        struct store *store;
        struct connection *connection;
        sqlite3_stmt *q;
};

static void reading_end(struct reading *r)
{
        if (r->q)
                sqlite3_reset(r->q); /* ends the read, so that the write-ahead log can be cut */
        if (r->connection)
                reader_give(r->store, r->connection);
}

#define CLEANUP_READING __attribute__((cleanup(reading_end)))

MUST_CHECK static enum err reading_begin(struct reading *r, struct store *s, enum query query)
{
        r->store = s;
        enum err e = reader_take(s, &r->connection);
        if (e != OK)
                return e;
        r->q = connection_query(r->connection, query);
        return r->q ? OK : ERR_CORRUPT_STORE;
}

/* One step; false at the end or on an error. */
static bool reading_next(struct reading *r, enum err *ret)
{
        int code = sqlite3_step(r->q);
        *ret = connection_error(r->connection, code, "read");
        return code == SQLITE_ROW;
}

static struct span column(sqlite3_stmt *q, int i)
{
        const void *p = sqlite3_column_blob(q, i);
        return span_of(p, (size_t)sqlite3_column_bytes(q, i));
}

MUST_CHECK static enum err column_hash(sqlite3_stmt *q, int i, struct hash *ret)
{
        struct span s = column(q, i);
        if (s.n != HASH_BYTES)
                return err_because(ERR_CORRUPT_STORE, "a hash of %zu bytes", s.n);
        memcpy(ret->b, s.p, HASH_BYTES);
        return OK;
}

/* ---- the log ---- */

enum err store_size(struct store *s, uint64_t *ret)
{
        CLEANUP_READING struct reading r = {0};
        enum err e = reading_begin(&r, s, Q_LAST);
        if (e != OK)
                return e;
        if (!reading_next(&r, &e))
                return e != OK ? e : ERR_CORRUPT_STORE;
        *ret = sqlite3_column_type(r.q, 0) == SQLITE_NULL ? 0 : (uint64_t)sqlite3_column_int64(r.q, 0) + 1;
        return OK;
}

enum err store_read_lines(struct store *s, uint64_t from, uint64_t to, size_t max_bytes, struct bytes *ret,
                          uint64_t *ret_next)
{
        CLEANUP_READING struct reading r = {0};
        size_t start = ret->n;
        *ret_next = from;
        enum err e = reading_begin(&r, s, Q_LINES);
        if (e != OK)
                return e;
        sqlite3_bind_int64(r.q, 1, (int64_t)from);
        sqlite3_bind_int64(r.q, 2, (int64_t)to);
        while (reading_next(&r, &e)) {
                struct span line = column(r.q, 1);
                if ((uint64_t)sqlite3_column_int64(r.q, 0) != *ret_next)
                        return err_because(ERR_CORRUPT_STORE, "line %llu is missing", (unsigned long long)*ret_next);
                if (ret->n > start && ret->n - start + line.n + 1 > max_bytes)
                        return OK;
                bytes_add_span(ret, line);
                bytes_add_byte(ret, '\n');
                ++*ret_next;
        }
        if (e == OK && *ret_next < to)
                return err_because(ERR_CORRUPT_STORE, "line %llu is missing", (unsigned long long)*ret_next);
        return e;
}

/* ---- blobs ---- */

enum err store_find_blob(struct store *s, const struct hash *sha256, struct blob_place ret[], size_t max,
                         size_t *ret_n)
{
        CLEANUP_READING struct reading r = {0};
        *ret_n = 0;
        enum err e = reading_begin(&r, s, Q_FIND_BLOB);
        if (e != OK)
                return e;
        bind_hash(r.q, 1, sha256);
        sqlite3_bind_int64(r.q, 2, (int64_t)max);
        while (reading_next(&r, &e)) {
                ret[*ret_n].kind = (enum blob_kind)sqlite3_column_int(r.q, 0);
                if ((e = column_hash(r.q, 1, &ret[*ret_n].owner)) != OK)
                        return e;
                ++*ret_n;
        }
        return e;
}

enum err store_read_blob(struct store *s, const struct blob_place *place, const struct hash *sha256,
                         struct bytes *ret)
{
        CLEANUP_READING struct reading r = {0};
        enum err e = reading_begin(&r, s, Q_READ_BLOB);
        if (e != OK)
                return e;
        sqlite3_bind_int(r.q, 1, (int)place->kind);
        bind_hash(r.q, 2, &place->owner);
        bind_hash(r.q, 3, sha256);
        if (!reading_next(&r, &e))
                return e != OK ? e : ERR_NOT_FOUND;
        bytes_add_span(ret, column(r.q, 0));
        return OK;
}

enum err store_each_blob(struct store *s, enum blob_kind kind, const struct hash *owner,
                         void (*each)(void *context, const struct hash *sha256, struct span bytes), void *context)
{
        CLEANUP_READING struct reading r = {0};
        enum err e = reading_begin(&r, s, Q_EACH_BLOB);
        if (e != OK)
                return e;
        sqlite3_bind_int(r.q, 1, (int)kind);
        bind_hash(r.q, 2, owner);
        while (reading_next(&r, &e)) {
                struct hash sha256;
                if ((e = column_hash(r.q, 0, &sha256)) != OK)
                        return e;
                each(context, &sha256, column(r.q, 1));
        }
        return e;
}

static enum err check_blobs(struct store *s, bool (*goes_on)(void *context), void *context)
{
        CLEANUP_READING struct reading r = {0};
        enum err e = reading_begin(&r, s, Q_ALL_BLOBS);
        if (e != OK)
                return e;
        while (goes_on(context) && reading_next(&r, &e)) {
                struct hash says, is = hash_of(column(r.q, 1));
                if ((e = column_hash(r.q, 0, &says)) != OK)
                        return e;
                if (!hash_equal(&says, &is))
                        return err_because(ERR_CORRUPT_STORE, "a sealed blob is not what its hash says");
        }
        return e;
}

enum err store_check(struct store *s, bool (*goes_on)(void *context), void *context)
{
        struct connection *c;
        sqlite3_stmt *q = NULL;
        enum err e = reader_take(s, &c);
        if (e != OK)
                return e;
        int code = sqlite3_prepare_v2(c->db, "PRAGMA quick_check(1)", -1, &q, NULL);
        if (code == SQLITE_OK)
                code = sqlite3_step(q);
        e = connection_error(c, code, "check");
        if (e == OK && (code != SQLITE_ROW || !span_is(column(q, 0), "ok")))
                e = err_because(ERR_CORRUPT_STORE, "the database's structure is damaged");
        sqlite3_finalize(q);
        reader_give(s, c);
        return e == OK ? check_blobs(s, goes_on, context) : e;
}

/* ---- pages and snapshots ---- */

enum err store_each_page(struct store *s, int64_t after, size_t max,
                         void (*each)(void *context, const struct page *page), void *context)
{
        CLEANUP_READING struct reading r = {0};
        enum err e = reading_begin(&r, s, Q_PAGES);
        if (e != OK)
                return e;
        sqlite3_bind_int64(r.q, 1, after);
        sqlite3_bind_int64(r.q, 2, (int64_t)max);
        while (reading_next(&r, &e)) {
                struct page p = {.id = sqlite3_column_int64(r.q, 0), .is_urgent = sqlite3_column_int(r.q, 2) != 0};
                p.channel = (const char *)sqlite3_column_text(r.q, 1);
                p.event = column(r.q, 3);
                each(context, &p);
        }
        return e;
}

enum err store_count_pages(struct store *s, uint64_t *ret)
{
        CLEANUP_READING struct reading r = {0};
        enum err e = reading_begin(&r, s, Q_COUNT_PAGES);
        if (e != OK)
                return e;
        *ret = reading_next(&r, &e) ? (uint64_t)sqlite3_column_int64(r.q, 0) : 0;
        return e;
}

/* Straight into its buffer: a column's value would be put together elsewhere first. */
MUST_CHECK static enum err read_state(struct connection *c, struct bytes *ret)
{
        sqlite3_blob *state = NULL;
        int code = sqlite3_blob_open(c->db, "main", "snapshot", "state", 1, 0, &state);
        if (code != SQLITE_OK)
                return connection_error(c, code, "snapshot");
        int n = sqlite3_blob_bytes(state);
        bytes_reserve(ret, (size_t)n);
        code = sqlite3_blob_read(state, ret->p + ret->n, n, 0);
        if (code == SQLITE_OK)
                ret->p[ret->n += (size_t)n] = 0;
        sqlite3_blob_close(state);
        return connection_error(c, code, "snapshot");
}

enum err store_load_snapshot(struct store *s, uint64_t *ret_size, struct hash *ret_root, struct bytes *ret_state)
{
        CLEANUP_READING struct reading r = {0};
        enum err e = reading_begin(&r, s, Q_LOAD_SNAPSHOT);
        if (e != OK)
                return e;
        if (!reading_next(&r, &e))
                return e != OK ? e : ERR_NOT_FOUND;
        *ret_size = (uint64_t)sqlite3_column_int64(r.q, 0);
        if ((e = column_hash(r.q, 1, ret_root)) != OK)
                return e;
        return read_state(r.connection, ret_state); /* the open statement keeps both of one moment */
}

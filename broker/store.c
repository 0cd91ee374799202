#include "base/file.h"
#include "broker/store_sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* ---- opening ---- */

static void remove_all(const char *path)
{
        static const char *const ends[] = {"", "-wal", "-shm"};
        for (size_t i = 0; i < COUNT_OF(ends); i++) {
                CLEANUP_BYTES struct bytes name = BYTES_NONE;
                bytes_printf(&name, "%s%s", path, ends[i]);
                unlink(bytes_text(&name));
        }
}

static enum err make_empty(const char *path)
{
        struct connection *c = NULL;
        /* SQLite would make it with the umask's mode. */
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return err_because(ERR_IO, "%s: %s", path, strerror(errno));
        close(fd);
        enum err e = connection_open(path, SQLITE_OPEN_READWRITE, &c);
        if (e == OK)
                e = connection_create_schema(c);
        connection_close(c);
        return e;
}

static enum err make_filled(const char *path, enum err (*fill)(struct store *s, void *context), void *context)
{
        struct store *s = NULL;
        enum err e = make_empty(path);
        if (e == OK)
                e = store_open(path, STORE_WRITE, &s);
        if (e == OK && (e = store_begin(s)) == OK && (!fill || (e = fill(s, context)) == OK))
                e = store_commit(s);
        if (e == OK)
                e = store_scrub(s); /* everything is in the one file that gets the name */
        store_close(s);
        return e;
}

enum err store_create(const char *path, enum err (*fill)(struct store *s, void *context), void *context)
{
        CLEANUP_BYTES struct bytes name = BYTES_NONE;
        struct stat st;
        if (lstat(path, &st) == 0)
                return err_because(ERR_DUPLICATE, "%s is there already", path);
        bytes_printf(&name, "%s.new", path);
        const char *new_path = bytes_text(&name);
        remove_all(new_path); /* what an earlier try left when it was killed */
        enum err e = make_filled(new_path, fill, context);
        if (e == OK && link(new_path, path) != 0)
                e = err_because(errno == EEXIST ? ERR_DUPLICATE : ERR_IO, "%s: %s", path, strerror(errno));
        remove_all(new_path);
        return e == OK ? file_sync_folder_of(path) : e;
}

static enum err check_file(const char *path)
{
        struct stat st;
        if (lstat(path, &st) != 0)
                return err_because(ERR_NO_ENTRY, "%s", path);
        if (!S_ISREG(st.st_mode))
                return err_because(ERR_CORRUPT_STORE, "%s is no plain file", path);
        return OK;
}

static enum err open_first(struct store *s, struct connection **ret)
{
        enum err e =
                connection_open(s->path, s->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, ret);
        return e == OK ? connection_check_schema(*ret) : e;
}

enum err store_open(const char *path, enum store_mode mode, struct store **ret)
{
        struct connection *first = NULL;
        enum err e = check_file(path);
        if (e != OK)
                return e;
        struct store *s = mem_new(1, sizeof *s);
        s->path = mem_text(path);
        s->mode = mode;
        pthread_mutex_init(&s->pool_lock, NULL);
        e = open_first(s, &first);
        if (mode == STORE_WRITE)
                s->writer = first;
        else
                s->pool = first;
        if (e == OK && mode == STORE_READ) {
                sqlite3_stmt *q = connection_query(first, Q_BEGIN_READ);
                e = q ? connection_error(first, sqlite3_step(q), "begin") : ERR_CORRUPT_STORE;
        }
        if (e != OK) {
                store_close(s);
                return e;
        }
        *ret = s;
        return OK;
}

void store_close(struct store *s)
{
        if (!s)
                return;
        while (s->pool) {
                struct connection *c = s->pool;
                s->pool = c->next;
                connection_close(c);
        }
        connection_close(s->writer);
        pthread_mutex_destroy(&s->pool_lock);
        free(s->path);
        free(s);
}

/* ---- writing ---- */

static enum err run(struct connection *c, sqlite3_stmt *q, const char *doing)
{
        if (!q)
                return ERR_CORRUPT_STORE;
        int code = sqlite3_step(q);
        enum err e = connection_error(c, code, doing);
        sqlite3_reset(q);
        return e;
}

enum err store_begin(struct store *s)
{
        return run(s->writer, connection_query(s->writer, Q_BEGIN), "begin");
}

enum err store_commit(struct store *s)
{
        enum err e = run(s->writer, connection_query(s->writer, Q_COMMIT), "commit");
        return e == OK ? OK : ERR_NOT_DURABLE;
}

void store_rollback(struct store *s)
{
        if (!sqlite3_get_autocommit(s->writer->db))
                sqlite3_exec(s->writer->db, "ROLLBACK", NULL, NULL, NULL);
}

enum err store_append(struct store *s, uint64_t n, const struct hash *id, struct span line)
{
        sqlite3_stmt *q = connection_query(s->writer, Q_APPEND);
        if (!q)
                return ERR_CORRUPT_STORE;
        sqlite3_bind_int64(q, 1, (int64_t)n);
        bind_hash(q, 2, id);
        sqlite3_bind_text64(q, 3, (const char *)line.p, line.n, SQLITE_STATIC, SQLITE_UTF8);
        return run(s->writer, q, "append");
}

enum err store_put_blob(struct store *s, enum blob_kind kind, const struct hash *owner, const struct hash *sha256,
                        struct span bytes)
{
        sqlite3_stmt *q = connection_query(s->writer, Q_PUT_BLOB);
        if (!q)
                return ERR_CORRUPT_STORE;
        sqlite3_bind_int(q, 1, (int)kind);
        bind_hash(q, 2, owner);
        bind_hash(q, 3, sha256);
        bind_bytes(q, 4, bytes);
        return run(s->writer, q, "blob");
}

enum err store_erase_blobs(struct store *s, enum blob_kind kind, const struct hash *owner, bool *ret_erased)
{
        sqlite3_stmt *q = connection_query(s->writer, Q_ERASE_BLOBS);
        if (!q)
                return ERR_CORRUPT_STORE;
        sqlite3_bind_int(q, 1, (int)kind);
        bind_hash(q, 2, owner);
        enum err e = run(s->writer, q, "erase");
        if (e == OK && ret_erased && sqlite3_changes(s->writer->db) > 0)
                *ret_erased = true;
        return e;
}

enum err store_scrub(struct store *s)
{
        int code = sqlite3_wal_checkpoint_v2(s->writer->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        return connection_error(s->writer, code, "scrub");
}

enum err store_put_page(struct store *s, const char *channel, bool is_urgent, struct span event)
{
        sqlite3_stmt *q = connection_query(s->writer, Q_PUT_PAGE);
        if (!q)
                return ERR_CORRUPT_STORE;
        sqlite3_bind_text(q, 1, channel, -1, SQLITE_STATIC);
        sqlite3_bind_int(q, 2, is_urgent);
        sqlite3_bind_text64(q, 3, (const char *)event.p, event.n, SQLITE_STATIC, SQLITE_UTF8);
        return run(s->writer, q, "page");
}

enum err store_drop_page(struct store *s, int64_t page)
{
        sqlite3_stmt *q = connection_query(s->writer, Q_DROP_PAGE);
        if (!q)
                return ERR_CORRUPT_STORE;
        sqlite3_bind_int64(q, 1, page);
        return run(s->writer, q, "page done");
}

enum err store_remember(struct store *s, const char *key, int64_t at_ms, int64_t again_after_ms, bool *ret_is_new)
{
        sqlite3_stmt *q = connection_query(s->writer, Q_REMEMBER);
        if (!q)
                return ERR_CORRUPT_STORE;
        sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 2, at_ms);
        sqlite3_bind_int64(q, 3, again_after_ms);
        enum err e = run(s->writer, q, "remember");
        if (e == OK)
                *ret_is_new = sqlite3_changes(s->writer->db) > 0;
        return e;
}

enum err store_knows(struct store *s, const char *key, bool *ret)
{
        sqlite3_stmt *q = connection_query(s->writer, Q_KNOWS);
        if (!q)
                return ERR_CORRUPT_STORE;
        sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
        int code = sqlite3_step(q);
        enum err e = connection_error(s->writer, code, "know");
        *ret = code == SQLITE_ROW;
        sqlite3_reset(q);
        return e;
}

enum err store_forget(struct store *s, const char *key_prefix, int64_t before_ms)
{
        CLEANUP_BYTES struct bytes end = BYTES_NONE;
        sqlite3_stmt *q = connection_query(s->writer, Q_FORGET);
        if (!q)
                return ERR_CORRUPT_STORE;
        bytes_add_text(&end, key_prefix);
        bytes_add_byte(&end, 0x7f); /* behind every key with this prefix: keys are ASCII */
        sqlite3_bind_text(q, 1, key_prefix, -1, SQLITE_STATIC);
        sqlite3_bind_text(q, 2, bytes_text(&end), -1, SQLITE_STATIC);
        sqlite3_bind_int64(q, 3, before_ms);
        return run(s->writer, q, "forget");
}

enum err store_save_snapshot(struct store *s, uint64_t size, const struct hash *root, struct span state)
{
        sqlite3_stmt *q = connection_query(s->writer, Q_SAVE_SNAPSHOT);
        if (!q)
                return ERR_CORRUPT_STORE;
        sqlite3_bind_int64(q, 1, (int64_t)size);
        bind_hash(q, 2, root);
        bind_bytes(q, 3, state);
        return run(s->writer, q, "snapshot");
}

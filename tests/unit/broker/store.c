#include "broker/store.h"
#include "tests/unit/base/folder.h"
#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

static struct store *s;

static void init(void)
{
        cr_assert(sodium_init() >= 0);
        folder_make();
        cr_assert_eq(store_create(in_folder("db"), NULL, NULL), OK, "%s", err_reason());
        cr_assert_eq(store_open(in_folder("db"), STORE_WRITE, &s), OK, "%s", err_reason());
}

static void fini(void)
{
        store_close(s);
        s = NULL;
        folder_remove();
}

static struct hash name(const char *text)
{
        return hash_of(span_text(text));
}

static void append_to(struct store *to, uint64_t n, const char *line)
{
        struct hash id = name(line);
        cr_assert_eq(store_append(to, n, &id, span_text(line)), OK, "%s", err_reason());
}

static void append(uint64_t n, const char *line)
{
        append_to(s, n, line);
}

static void sql(const char *text)
{
        sqlite3 *db;
        char *why = NULL;
        cr_assert_eq(sqlite3_open(in_folder("db"), &db), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, &why), SQLITE_OK, "%s", why);
        sqlite3_close(db);
}

static enum err reopen(void)
{
        store_close(s);
        s = NULL;
        return store_open(in_folder("db"), STORE_WRITE, &s);
}

Test(store, nothing_is_there_before_the_commit, .init = init, .fini = fini)
{
        uint64_t size = 99;
        cr_assert_eq(store_begin(s), OK);
        append(0, "zero");
        cr_assert_eq(store_size(s, &size), OK);
        cr_expect_eq(size, 0u);
        cr_assert_eq(store_commit(s), OK);
        cr_assert_eq(store_size(s, &size), OK);
        cr_expect_eq(size, 1u);
        cr_assert_eq(store_begin(s), OK);
        append(1, "one");
        store_rollback(s);
        cr_assert_eq(store_size(s, &size), OK);
        cr_expect_eq(size, 1u);
}

Test(store, lines_come_in_parts_of_the_wanted_size_but_at_least_one, .init = init, .fini = fini)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;
        uint64_t next;
        cr_assert_eq(store_begin(s), OK);
        append(0, "aaaa");
        append(1, "bbbb");
        append(2, "cccc");
        cr_assert_eq(store_commit(s), OK);
        cr_assert_eq(store_read_lines(s, 0, 3, 10, &lines, &next), OK);
        cr_expect_str_eq(bytes_text(&lines), "aaaa\nbbbb\n");
        cr_expect_eq(next, 2u);
        bytes_clear(&lines);
        cr_assert_eq(store_read_lines(s, 1, 3, 1, &lines, &next), OK);
        cr_expect_str_eq(bytes_text(&lines), "bbbb\n");
        cr_expect_eq(store_read_lines(s, 0, 4, 1000, &lines, &next), ERR_CORRUPT_STORE, "a line is missing");
}

Test(store, the_log_refuses_changes_and_gaps, .init = init, .fini = fini)
{
        CLEANUP_BYTES struct bytes lines = BYTES_NONE;
        struct hash id = name("x");
        uint64_t next;
        sqlite3 *db;
        cr_assert_eq(store_begin(s), OK);
        append(0, "zero");
        cr_expect_eq(store_append(s, 0, &id, span_text("again")), ERR_NOT_DURABLE);
        append(2, "two");
        cr_assert_eq(store_commit(s), OK);
        cr_expect_eq(store_read_lines(s, 0, 3, 1000, &lines, &next), ERR_CORRUPT_STORE);
        cr_assert_eq(sqlite3_open(in_folder("db"), &db), SQLITE_OK);
        cr_expect_eq(sqlite3_exec(db, "UPDATE log SET line = 'x'", NULL, NULL, NULL), SQLITE_CONSTRAINT);
        cr_expect_eq(sqlite3_exec(db, "DELETE FROM log", NULL, NULL, NULL), SQLITE_CONSTRAINT);
        sqlite3_close(db);
}

static bool is_on_disk(const char *text)
{
        static const char *const names[] = {"db", "db-wal"};
        bool has = false;
        for (size_t i = 0; i < COUNT_OF(names); i++) {
                static char content[1 << 20];
                CLEANUP_STDIO FILE *f = fopen(in_folder(names[i]), "r");
                size_t n = f ? fread(content, 1, sizeof content, f) : 0;
                has |= n && memmem(content, n, text, strlen(text));
        }
        return has;
}

Test(store, an_erased_blob_is_gone_from_every_file, .init = init, .fini = fini)
{
        const char *secret = "a re-sealed share that nobody may find";
        struct hash owner = name("request"), other = name("other"), sha256 = name(secret);
        struct blob_place place = {BLOB_RESHARE, owner};
        CLEANUP_BYTES struct bytes got = BYTES_NONE;
        bool is_erased = false;
        cr_assert_eq(store_begin(s), OK);
        cr_assert_eq(store_put_blob(s, BLOB_RESHARE, &owner, &sha256, span_text(secret)), OK);
        cr_assert_eq(store_commit(s), OK);
        cr_assert_eq(store_read_blob(s, &place, &sha256, &got), OK);
        cr_expect_str_eq(bytes_text(&got), secret);
        cr_expect(is_on_disk(secret));
        cr_assert_eq(store_begin(s), OK);
        cr_assert_eq(store_erase_blobs(s, BLOB_RESHARE, &other, &is_erased), OK);
        cr_expect_not(is_erased);
        cr_assert_eq(store_erase_blobs(s, BLOB_RESHARE, &owner, &is_erased), OK);
        cr_expect(is_erased);
        cr_assert_eq(store_commit(s), OK);
        cr_assert_eq(store_scrub(s), OK, "%s", err_reason());
        cr_expect_eq(store_read_blob(s, &place, &sha256, &got), ERR_NOT_FOUND);
        cr_expect_not(is_on_disk(secret));
}

Test(store, a_key_is_new_once_or_again_after_its_time, .init = init, .fini = fini)
{
        bool is_new = false;
        cr_assert_eq(store_begin(s), OK);
        cr_assert_eq(store_remember(s, "hook/a", 1000, STORE_ONCE, &is_new), OK);
        cr_expect(is_new);
        cr_assert_eq(store_remember(s, "hook/a", 999999999, STORE_ONCE, &is_new), OK);
        cr_expect_not(is_new);
        cr_assert_eq(store_remember(s, "remind/a", 1000, 500, &is_new), OK);
        cr_expect(is_new);
        cr_assert_eq(store_remember(s, "remind/a", 1499, 500, &is_new), OK);
        cr_expect_not(is_new);
        cr_assert_eq(store_remember(s, "remind/a", 1500, 500, &is_new), OK);
        cr_expect(is_new);
        cr_assert_eq(store_forget(s, "hook/", 2000), OK);
        cr_assert_eq(store_remember(s, "hook/a", 3000, STORE_ONCE, &is_new), OK);
        cr_expect(is_new, "forgotten");
        cr_assert_eq(store_remember(s, "remind/a", 1600, 500, &is_new), OK);
        cr_expect_not(is_new, "another prefix stays");
        cr_assert_eq(store_commit(s), OK);
}

Test(store, a_hostile_schema_is_found_before_anything_is_done, .init = init, .fini = fini)
{
        static const char *const evil[] = {
                "CREATE TRIGGER evil AFTER INSERT ON log BEGIN DELETE FROM blobs; END",
                "CREATE TABLE evil (x)",
                "CREATE VIEW evil AS SELECT 1",
                "CREATE INDEX evil ON log (line)",
        };
        for (size_t i = 0; i < COUNT_OF(evil); i++) {
                sql(evil[i]);
                cr_expect_eq(reopen(), ERR_CORRUPT_STORE, "%s", evil[i]);
                sql("DROP TRIGGER IF EXISTS evil");
                sql(i == 1 ? "DROP TABLE evil" : i == 2 ? "DROP VIEW evil" : "DROP INDEX IF EXISTS evil");
                cr_expect_eq(reopen(), OK, "%s", err_reason());
        }
        sql("DROP TRIGGER log_loses_none");
        cr_expect_eq(reopen(), ERR_CORRUPT_STORE);
}

Test(store, a_foreign_or_cut_file_is_refused, .init = init, .fini = fini)
{
        sql("PRAGMA application_id = 1");
        cr_expect_eq(reopen(), ERR_CORRUPT_STORE);
        for (off_t n = 0; n < 4096; n += 200) {
                cr_assert_eq(truncate(in_folder("db"), 4096 - n), 0);
                cr_expect_neq(reopen(), OK, "%ld bytes", (long)(4096 - n));
        }
        put_file("db", 0600, "not a database at all, but long enough to be looked at as one", 60);
        cr_expect_eq(reopen(), ERR_CORRUPT_STORE);
        unlink(in_folder("db"));
        cr_expect_eq(reopen(), ERR_NO_ENTRY);
        cr_assert_eq(mkdir(in_folder("db"), 0700), 0);
        cr_expect_eq(reopen(), ERR_CORRUPT_STORE);
}

Test(store, an_existing_store_is_never_made_anew, .init = init, .fini = fini)
{
        cr_expect_eq(store_create(in_folder("db"), NULL, NULL), ERR_DUPLICATE);
        cr_assert_eq(symlink("/nowhere", in_folder("link")), 0);
        cr_expect_neq(store_create(in_folder("link"), NULL, NULL), OK);
}

static enum err refuse(struct store *new_one, void *context)
{
        append_to(new_one, 0, "zero");
        return ERR_BAD_ROSTER;
}

static enum err put_one(struct store *new_one, void *context)
{
        append_to(new_one, 0, "zero");
        return OK;
}

Test(store, a_new_store_is_whole_or_not_there, .init = init, .fini = fini)
{
        struct store *other = NULL;
        uint64_t size = 0;
        put_file("other.new", 0600, "left by a try that was killed", 29);
        put_file("other.new-wal", 0600, "this too", 8);
        cr_expect_eq(store_create(in_folder("other"), refuse, NULL), ERR_BAD_ROSTER);
        cr_expect_neq(access(in_folder("other"), F_OK), 0);
        cr_expect_neq(access(in_folder("other.new"), F_OK), 0);
        cr_assert_eq(store_create(in_folder("other"), put_one, NULL), OK, "%s", err_reason());
        cr_expect_neq(access(in_folder("other.new"), F_OK), 0);
        cr_assert_eq(store_open(in_folder("other"), STORE_READ, &other), OK);
        cr_assert_eq(store_size(other, &size), OK);
        cr_expect_eq(size, 1u);
        store_close(other);
}

static bool yes(void *context)
{
        return true;
}

Test(store, a_check_finds_a_blob_that_is_not_its_hash, .init = init, .fini = fini)
{
        struct hash owner = name("o"), sha256 = name("bytes");
        cr_assert_eq(store_begin(s), OK);
        cr_assert_eq(store_put_blob(s, BLOB_SHARE, &owner, &sha256, span_text("bytes")), OK);
        cr_assert_eq(store_commit(s), OK);
        cr_expect_eq(store_check(s, yes, NULL), OK, "%s", err_reason());
        sql("UPDATE blobs SET bytes = x'00'");
        cr_expect_eq(store_check(s, yes, NULL), ERR_CORRUPT_STORE);
}

Test(store, a_reading_store_sees_one_moment, .init = init, .fini = fini)
{
        struct store *reader = NULL;
        uint64_t size;
        cr_assert_eq(store_begin(s), OK);
        append(0, "zero");
        cr_assert_eq(store_commit(s), OK);
        cr_assert_eq(store_open(in_folder("db"), STORE_READ, &reader), OK);
        cr_assert_eq(store_size(reader, &size), OK);
        cr_expect_eq(size, 1u);
        cr_assert_eq(store_begin(s), OK);
        append(1, "one");
        cr_assert_eq(store_commit(s), OK);
        cr_assert_eq(store_size(reader, &size), OK);
        cr_expect_eq(size, 1u);
        store_close(reader);
}

static void add_channel(void *context, const struct page *p)
{
        bytes_printf(context, "%s%s ", p->channel, p->is_urgent ? "!" : "");
}

Test(store, pages_stay_until_they_are_dropped, .init = init, .fini = fini)
{
        CLEANUP_BYTES struct bytes seen = BYTES_NONE;
        uint64_t n;
        cr_assert_eq(store_begin(s), OK);
        cr_assert_eq(store_put_page(s, "a", false, span_text("{}")), OK);
        cr_assert_eq(store_put_page(s, "b", true, span_text("{}")), OK);
        cr_assert_eq(store_put_page(s, "c", false, span_text("{}")), OK);
        cr_assert_eq(store_commit(s), OK);
        cr_assert_eq(store_begin(s), OK);
        cr_assert_eq(store_drop_page(s, 2), OK);
        cr_assert_eq(store_commit(s), OK);
        cr_assert_eq(reopen(), OK);
        cr_assert_eq(store_each_page(s, 0, 10, add_channel, &seen), OK);
        cr_expect_str_eq(bytes_text(&seen), "a c ");
        bytes_clear(&seen);
        cr_assert_eq(store_each_page(s, 1, 1, add_channel, &seen), OK);
        cr_expect_str_eq(bytes_text(&seen), "c ");
        cr_assert_eq(store_count_pages(s, &n), OK);
        cr_expect_eq(n, 2u);
}

#include "tests/unit/broker/desk.h"
#include <sqlite3.h>
#include <string.h>

static void sql(struct desk *d, const char *text)
{
        sqlite3 *db;
        char *why = NULL;
        cr_assert_eq(sqlite3_open(d->db, &db), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, &why), SQLITE_OK, "%s", why);
        sqlite3_close(db);
}

static const char unlock[] = "DROP TRIGGER log_keeps_lines; DROP TRIGGER log_loses_none;";
static const char lock[] = "CREATE TRIGGER log_keeps_lines BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log "
                           "is append-only'); END;"
                           "CREATE TRIGGER log_loses_none BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is "
                           "append-only'); END;";

static void tamper(struct desk *d, const char *how)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        desk_stop(d);
        bytes_printf(&text, "%s%s;%s", unlock, how, lock);
        sql(d, bytes_text(&text));
}

static bool yes(void *context)
{
        return true;
}

/* Ten lines, the last five behind the snapshot. */
static void fill(struct desk *d)
{
        struct hash v = desk_version(d);
        for (int i = 0; i < 3; i++)
                desk_request(d, "erin", &v);
        cr_assert_eq(desk_reopen(d), OK);
        for (int i = 0; i < 5; i++)
                desk_request(d, "frank", &v);
}

Test(book_restart, snapshot_and_replay_give_the_same_state)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        CLEANUP_BYTES struct bytes before = BYTES_NONE, after = BYTES_NONE, replayed = BYTES_NONE;
        fill(d);
        ledger_save(book_read(d->book), &before);
        book_read_done(d->book);
        cr_assert_eq(desk_reopen(d), OK);
        ledger_save(book_read(d->book), &after);
        book_read_done(d->book);
        cr_expect(span_equal(bytes_span(&before), bytes_span(&after)));
        cr_expect_eq(book_verify(d->book, yes, NULL), OK, "%s", err_reason());
        desk_stop(d);
        sql(d, "DELETE FROM snapshot");
        cr_assert_eq(desk_reopen(d), OK);
        ledger_save(book_read(d->book), &replayed);
        book_read_done(d->book);
        cr_expect(span_equal(bytes_span(&before), bytes_span(&replayed)));
}

Test(book_restart, a_cut_log_is_found_at_once)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        fill(d);
        tamper(d, "DELETE FROM log WHERE n >= 9");
        cr_expect_eq(desk_reopen(d), ERR_CORRUPT_STORE);
}

Test(book_restart, a_changed_last_line_is_found_at_once)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        fill(d);
        tamper(d, "UPDATE log SET line = replace(line, '\"request\"', '\"Request\"') WHERE n = 9");
        cr_expect_eq(desk_reopen(d), ERR_CORRUPT_STORE);
}

Test(book_restart, a_missing_or_changed_line_further_up_is_found_beside_the_work)
{
        static const char *const damage[] = {
                "DELETE FROM log WHERE n = 3",
                "UPDATE log SET line = replace(line, '\"at\":', '\"at\":1') WHERE n = 3",
                "UPDATE log SET line = (SELECT line FROM log WHERE n = 4) WHERE n = 3",
        };
        for (size_t i = 0; i < COUNT_OF(damage); i++) {
                CLEANUP_DESK struct desk *d = desk_new(NULL);
                fill(d);
                tamper(d, damage[i]);
                cr_assert_eq(desk_reopen(d), OK, "row %zu: %s", i, err_reason());
                cr_expect_eq(book_verify(d->book, yes, NULL), ERR_CORRUPT_STORE, "row %zu", i);
        }
}

Test(book_restart, without_a_snapshot_every_line_is_checked_first)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        fill(d);
        tamper(d, "DELETE FROM snapshot; UPDATE log SET line = replace(line, '\"at\":', '\"at\":1') WHERE n = 3");
        cr_expect_eq(desk_reopen(d), ERR_CORRUPT_STORE);
        cr_expect(strstr(err_reason(), "entry 3"), "%s", err_reason());
}

Test(book_restart, a_snapshot_of_a_state_that_the_log_does_not_give_is_found)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL), *other = desk_new(NULL);
        fill(d);
        fill(other);
        desk_stop(d);
        desk_stop(other);
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        bytes_printf(&text,
                     "ATTACH '%s' AS other; DELETE FROM snapshot; INSERT INTO snapshot SELECT * FROM other.snapshot",
                     other->db);
        sql(d, bytes_text(&text));
        enum err e = desk_reopen(d);
        if (e == OK)
                e = book_verify(d->book, yes, NULL);
        cr_expect_eq(e, ERR_CORRUPT_STORE);
}

Test(book_restart, a_damaged_snapshot_costs_only_time)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        fill(d);
        desk_stop(d);
        sql(d, "UPDATE snapshot SET state = x'00'");
        cr_assert_eq(desk_reopen(d), OK, "%s", err_reason());
        cr_expect_eq(desk_size(d), 10u);
}

Test(book_restart, another_brokers_log_is_refused)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        desk_stop(d);
        const struct identity *mallory = world_keys(d->w, "mallory");
        signing_key_wipe(&d->key);
        d->key.public = mallory->signs;
        cr_assert_eq(secret_copy(mallory->sign.bytes, mallory->sign.len, &d->key.key), OK);
        cr_expect_eq(desk_reopen(d), ERR_CORRUPT_STORE);
}

Test(book_restart, a_clock_a_day_behind_stops_the_start)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        desk_version(d);
        d->now_ms -= DAY_MS;
        cr_expect_eq(desk_reopen(d), ERR_CLOCK);
}

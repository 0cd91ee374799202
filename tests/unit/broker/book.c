#include "quorum/checkpoint.h"
#include "tests/unit/broker/desk.h"
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

static void count_done(struct submission *s)
{
        atomic_uint *n = s->context;
        submission_free(s);
        ++*n;
}

static void replace_key(struct desk *d, struct bytes *yaml, const char *from, const char *to)
{
        CLEANUP_FREE char *old = mem_text(world_signs(d->w, from));
        text_replace(yaml, old, world_signs(d->w, to));
}

Test(book, what_was_answered_is_durable)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        struct hash r = desk_request(d, "erin", &v);
        uint64_t n;
        cr_expect_eq(desk_size(d), 3u);
        cr_assert_eq(desk_reopen(d), OK, "%s", err_reason());
        cr_expect_eq(desk_size(d), 3u);
        cr_expect(ledger_find(book_read(d->book), &r, &n) && n == 2);
        book_read_done(d->book);
        cr_expect_str_eq(desk_types(d, 0), "roster version request");
}

Test(book, the_same_statement_again_gets_its_first_number)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        struct statement s = desk_head(d, world_request(d->w, "erin", PG, &v, NULL));
        struct envelope copy = {0};
        uint64_t first = 0, again = 0;
        struct submission *a = desk_submission(d, &s, NULL, 0), *b = mem_new(1, sizeof *b);
        /* the very same bytes: a second signing of the same statement would do too */
        copy.type = a->envelope.type;
        memcpy(copy.type_word, a->envelope.type_word, sizeof copy.type_word);
        bytes_add_span(&copy.payload, bytes_span(&a->envelope.payload));
        copy.n_signatures = 1;
        bytes_add_span(&copy.signatures[0], bytes_span(&a->envelope.signatures[0]));
        b->envelope = copy;
        b->seen = book_now(d->book);
        cr_assert_eq(admit_statement(b->seen->roster->roster, &b->envelope, &b->statement), OK);
        cr_expect_eq(desk_submit(d, a, &first), OK);
        cr_expect_eq(desk_submit(d, b, &again), OK);
        cr_expect_eq(first, 2u);
        cr_expect_eq(again, 2u);
        cr_expect_eq(desk_size(d), 3u);
}

Test(book, a_roster_in_force_sent_again_gets_its_first_number)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct submission *s = mem_new(1, sizeof *s);
        CLEANUP_LINE struct line line = {0};
        uint64_t n = 99;
        cr_assert_eq(line_read(world_line(d->w, 0), &line), OK);
        s->envelope = line.envelope;
        line.envelope = (struct envelope){0};
        s->seen = book_now(d->book);
        cr_expect_eq(desk_submit(d, s, &n), OK);
        cr_expect_eq(n, 0u);
        cr_expect_eq(desk_size(d), 1u);
}

Test(book, the_sixth_open_request_of_a_person_is_refused_and_nobody_elses)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d), first = {0};
        for (int i = 0; i < 5; i++) {
                struct hash r = desk_request(d, "erin", &v);
                first = i == 0 ? r : first;
        }
        struct statement s = desk_head(d, world_request(d->w, "erin", PG, &v, NULL));
        cr_expect_eq(desk_put(d, &s), ERR_RATE);
        desk_request(d, "frank", &v);
        s = desk_say(d, STATEMENT_CANCEL, "erin");
        s.cancel.request = first;
        cr_expect_eq(desk_put(d, &s), OK);
        desk_request(d, "erin", &v);
}

Test(book, one_commit_serves_all_who_came_together)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        struct book_counts before, after;
        atomic_uint n_done = 0;
        struct submission *s[4];
        book_count(d->book, &before);
        book_expect(d->book, +1); /* the writer waits for company … */
        for (size_t i = 0; i < COUNT_OF(s); i++) {
                struct statement st = desk_head(d, world_request(d->w, i % 2 ? "erin" : "frank", PG, &v, NULL));
                s[i] = desk_submission(d, &st, NULL, 0);
        }
        for (size_t i = 0; i + 1 < COUNT_OF(s); i++) {
                s[i]->done = count_done;
                s[i]->context = &n_done;
                book_submit(d->book, s[i]);
        }
        cr_expect_eq(desk_submit(d, s[3], NULL), OK);
        book_expect(d->book, -1);
        while (n_done < 3)
                sched_yield();
        book_count(d->book, &after);
        cr_expect_leq(after.commits - before.commits, 2u, "%llu commits",
                      (unsigned long long)(after.commits - before.commits));
        cr_expect_eq(desk_size(d), 6u);
}

Test(book, a_statement_admitted_under_an_older_roster_is_admitted_again)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        struct statement s = desk_head(d, world_request(d->w, "erin", PG, &v, NULL));
        struct submission *late = desk_submission(d, &s, NULL, 0);
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct submission *roster = mem_new(1, sizeof *roster);
        cr_assert_eq(late->result, OK);
        world_roster_yaml(d->w, 2, &d->w->roster, &yaml);
        replace_key(d, &yaml, "erin", "mallory");
        world_envelope_of(d->w, STATEMENT_ROSTER, bytes_span(&yaml), (const char *const[]){"alice", "bob", NULL},
                          &roster->envelope);
        roster->seen = book_now(d->book);
        cr_assert_eq(admit_statement(roster->seen->roster->roster, &roster->envelope, &roster->statement), OK, "%s",
                     err_reason());
        cr_assert_eq(desk_submit(d, roster, NULL), OK);
        cr_expect_eq(desk_submit(d, late, NULL), ERR_AUTH);
        struct published *now = book_now(d->book);
        cr_expect_eq(now->roster->roster->number, 2u);
        published_drop(now);
}

Test(book, a_roster_that_names_another_broker_key_is_refused)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        CLEANUP_BYTES struct bytes yaml = BYTES_NONE;
        struct submission *s = mem_new(1, sizeof *s);
        world_roster_yaml(d->w, 2, &d->w->roster, &yaml);
        replace_key(d, &yaml, "broker", "mallory");
        world_envelope_of(d->w, STATEMENT_ROSTER, bytes_span(&yaml), (const char *const[]){"alice", "bob", NULL},
                          &s->envelope);
        s->seen = book_now(d->book);
        cr_assert_eq(admit_statement(s->seen->roster->roster, &s->envelope, &s->statement), OK, "%s", err_reason());
        cr_expect_eq(desk_submit(d, s, NULL), ERR_BAD_KEY);
        cr_expect_eq(desk_size(d), 1u);
}

Test(book, lines_never_go_back_in_time)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        int64_t before = book_clock(d->book);
        d->now_ms -= 5 * MINUTE_MS;
        cr_expect_eq(book_clock(d->book), before);
        desk_request(d, "erin", &v);
        struct published *now = book_now(d->book);
        cr_expect_eq(now->at_ms, before);
        published_drop(now);
}

Test(book, time_alone_closes_an_opening_and_records_an_expiry)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d), opened = desk_request(d, "erin", &v), waiting = desk_request(d, "frank", &v);
        struct request_view view;
        desk_approve(d, "alice", &opened, &v, "a");
        desk_approve(d, "bob", &opened, &v, "b");
        desk_open_request(d, "erin", &opened);
        uint64_t size = desk_size(d);
        d->now_ms += 30 * MINUTE_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_types(d, size), "close", "frank's request expired");
        d->now_ms += 30 * MINUTE_MS;
        desk_poke(d);
        cr_expect_str_eq(desk_types(d, size), "close close", "erin's hour is over");
        ledger_request_by_id(book_read(d->book), &opened, d->now_ms, &view);
        cr_expect_eq(view.end, END_TIME);
        ledger_request_by_id(book_read(d->book), &waiting, d->now_ms, &view);
        cr_expect(view.end == END_EXPIRED && view.close_is_logged);
        book_read_done(d->book);
        book_read_done(d->book);
}

Test(book, every_published_head_is_signed_by_the_broker)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        CLEANUP_BYTES struct bytes older = BYTES_NONE;
        struct checkpoint c;
        desk_request(d, "erin", &v);
        struct published *now = book_now(d->book);
        cr_assert_eq(checkpoint_verify(bytes_span(&now->checkpoint), &d->key.public, &c), OK);
        cr_expect_eq(c.size, 3u);
        published_drop(now);
        cr_assert_eq(book_sign_at(d->book, 2, &older), OK);
        cr_assert_eq(checkpoint_verify(bytes_span(&older), &d->key.public, &c), OK);
        cr_expect_eq(c.size, 2u);
        cr_expect_eq(book_signable(d->book, 2, 3), 2u);
}

Test(book, after_a_failed_write_nothing_is_taken_any_more)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        struct rlimit limit = {4096, RLIM_INFINITY};
        signal(SIGXFSZ, SIG_IGN);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        struct statement s = desk_head(d, world_request(d->w, "erin", PG, &v, NULL));
        cr_expect_eq(desk_put(d, &s), ERR_NOT_DURABLE);
        limit.rlim_cur = RLIM_INFINITY;
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        cr_expect_eq(desk_put(d, &s), ERR_NOT_DURABLE,
                     "not even with space: the ledger in memory is ahead of the disk");
        cr_assert_eq(desk_reopen(d), OK, "%s", err_reason());
        cr_expect_eq(d->failed, (int)ERR_NOT_DURABLE);
        cr_expect_eq(desk_size(d), 2u);
        cr_expect_eq(desk_put(d, &s), OK, "the same bytes, after a start from the disk");
}

Test(book, a_closed_book_takes_nothing)
{
        CLEANUP_DESK struct desk *d = desk_new(NULL);
        struct hash v = desk_version(d);
        struct statement s = desk_head(d, world_request(d->w, "erin", PG, &v, NULL));
        book_stop(d->book);
        cr_expect_eq(desk_put(d, &s), ERR_SHUTTING_DOWN);
}

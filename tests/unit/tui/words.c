#include "tui/words.h"
#include "base/clock.h"
#include "quorum/admit.h"
#include "tests/unit/support/world.h"
#include "tui/editor.h"
#include "tui/history.h"
#include "tui/pending.h"
#include <criterion/criterion.h>
#include <string.h>

static struct world *w;
static struct ledger *l;
static struct hash version, request;
static struct bytes told;

static void fold(struct span line)
{
        cr_assert_eq(admit_line(l, line, false, NULL), OK, "%s", err_reason());
}

/* A version of prod/postgres/root, and erin's request for it in INC-7. */
static void begin(void)
{
        struct sealed_version sealed;
        struct statement s;

        w = world_new();
        l = ledger_new();
        fold(world_genesis(w));
        s = world_version(w, "prod/postgres/root", 1, NULL, "alice", &sealed);
        fold(world_append(w, &s));
        version = world_last_id(w);
        sealed_version_done(&sealed);
        s = world_request(w, "erin", "prod/postgres/root", &version, NULL);
        s.request.incident = "INC-7";
        fold(world_append(w, &s));
        request = world_last_id(w);
}

static void end(void)
{
        ledger_free(l);
        world_free(w);
        bytes_done(&told);
}

TestSuite(words, .init = begin, .fini = end);

static void approve(const char *who, unsigned index)
{
        struct statement s = world_approval(w, who, &request, &version, index);

        fold(world_append(w, &s));
}

static struct request_view look(void)
{
        struct request_view r;

        cr_assert(ledger_request_by_id(l, &request, w->now_ms, &r));
        return r;
}

static const char *standing(void)
{
        struct request_view r = look();

        bytes_clear(&told);
        request_standing(&r, w->now_ms, &told);
        return bytes_text(&told);
}

Test(words, a_request_is_told_by_how_it_stands)
{
        struct request_view r = look();
        char name[NAME_TEXT];

        cr_assert_str_eq(request_name(&r, name), "R2");
        cr_assert_str_eq(request_closes_as(&r, name), "INC-7");
        cr_assert(strstr(standing(), "waits for 2 more approvals"));
        approve("alice", 1);
        cr_assert(strstr(standing(), "waits for 1 more approval;"), "%s", standing());
        approve("bob", 2);
        cr_assert(strstr(standing(), "READY"));

        struct statement s = world_say_as(w, STATEMENT_OPEN, "erin");

        s.open.request = request;
        fold(world_append(w, &s));
        cr_assert(strstr(standing(), "OPEN until"), "%s", standing());
}

Test(words, a_request_waits_for_each_eligible_holder_who_has_not_said_yes)
{
        struct request_view r = look();

        cr_assert(request_waits_for(l, &r, "alice"));
        cr_assert_not(request_waits_for(l, &r, "erin"));
        cr_assert_not(request_waits_for(l, &r, "dave"));
        approve("alice", 1);
        r = look();
        cr_assert_not(request_waits_for(l, &r, "alice"));
        cr_assert(request_waits_for(l, &r, "bob"));
        cr_assert_eq(requests_waiting_for(l, "bob", w->now_ms), 1);
        cr_assert_eq(requests_waiting_for(l, "alice", w->now_ms), 0);
}

Test(words, what_expired_waits_for_nobody)
{
        struct request_view r;

        cr_assert(ledger_request_by_id(l, &request, w->now_ms + DAY_MS, &r));
        cr_assert_not(request_waits_for(l, &r, "alice"));
}

Test(words, custody_is_wanted_from_a_holder_until_said_and_again_after_sixty_days)
{
        struct statement s = world_say_as(w, STATEMENT_CUSTODY, "carol");

        cr_assert(custody_is_wanted(l, "carol", w->now_ms));
        cr_assert_not(custody_is_wanted(l, "erin", w->now_ms));
        s.custody.versions = (struct hash_list){1, &version};
        fold(world_append(w, &s));
        cr_assert_not(custody_is_wanted(l, "carol", w->now_ms));
        cr_assert(custody_is_wanted(l, "carol", w->now_ms + 61 * DAY_MS));
}

Test(words, a_rotation_s_stage_changes_only_when_something_happens)
{
        struct bytes later = BYTES_NONE;
        struct rotation_view r = {.due = DUE_SPENT, .is_claimed = true, .claimed_by = "rot-1", .claimed_until_ms = 1};

        rotation_stage(&r, &told);
        r.claimed_until_ms += HOUR_MS;
        rotation_stage(&r, &later);
        cr_assert_str_eq(bytes_text(&told), "claimed by rot-1");
        cr_assert_str_eq(bytes_text(&told), bytes_text(&later));
        bytes_done(&later);
}

Test(words, the_eligible_holders_are_named_without_the_asker)
{
        struct version_view v;

        cr_assert(ledger_version_by_id(l, &version, &v));
        eligible_names(l, &v, "bob", &told);
        cr_assert_str_eq(bytes_text(&told), "alice, carol");
}

/* Parses the last line again, as the log's reader does. */
static const char *describe_last(bool *ret_is_about)
{
        CLEANUP_LINE struct line line = {0};
        struct statement *s = NULL;

        cr_assert_eq(line_read(world_line(w, w->n_lines - 1), &line), OK);
        cr_assert_eq(statement_parse(line.envelope.type, bytes_span(&line.envelope.payload), &s), OK);
        bytes_clear(&told);
        describe_statement(l, s, &told);
        if (ret_is_about)
                *ret_is_about = history_is_about(l, s, "INC-7");
        statement_free(s);
        return bytes_text(&told);
}

Test(words, statements_become_sentences_and_know_their_incident)
{
        bool is_about;

        cr_assert(strstr(describe_last(&is_about),
                         "erin asks for prod/postgres/root for 1 h, emergency E2, incident INC-7: "),
                  "%s", bytes_text(&told));
        cr_assert(is_about);
        approve("alice", 1);
        cr_assert_str_eq(describe_last(&is_about), "alice approves R2 (prod/postgres/root)");
        cr_assert(is_about);

        struct statement s = world_say_as(w, STATEMENT_DENIAL, "bob");

        s.denial.request = request;
        s.denial.reason = "who is this";
        s.denial.suspicious = true;
        fold(world_append(w, &s));
        cr_assert_str_eq(describe_last(&is_about), "bob denies as SUSPICIOUS R2 (prod/postgres/root): who is this");

        s = world_say_as(w, STATEMENT_CUSTODY, "carol");
        s.custody.versions = (struct hash_list){1, &version};
        fold(world_append(w, &s));
        cr_assert_str_eq(describe_last(&is_about), "carol proved to hold a share of prod/postgres/root version 1");
        cr_assert_not(is_about);
}

Test(words, the_text_below_the_cut_is_not_sent)
{
        editor_cut(span_text("mine \n\n\n" EDITOR_CUT "\nhelp"), &told);
        cr_assert_str_eq(bytes_text(&told), "mine");
        bytes_clear(&told);
        editor_cut(span_text("no cut\n"), &told);
        cr_assert_str_eq(bytes_text(&told), "no cut");
}

/* ---- a person's own editor ---- */

Test(words, an_edited_text_is_taken_and_an_untouched_one_is_not)
{
        struct bytes text = BYTES_NONE;

        unsetenv("VISUAL");
        setenv("EDITOR", "sed -i -e 's/draft/mine/'", 1);
        cr_assert_eq(editor_write(span_text("draft\n" EDITOR_CUT "\nhelp\n"), &text), OK);
        cr_assert_str_eq(bytes_text(&text), "mine");
        setenv("EDITOR", "true", 1);
        bytes_clear(&text);
        cr_assert_eq(editor_write(span_text("draft\n"), &text), ERR_ABORTED);
        setenv("EDITOR", "false", 1);
        bytes_clear(&text);
        cr_assert_eq(editor_write(span_text("draft\n"), &text), ERR_ABORTED);
        bytes_done(&text);
}

Test(words, a_rotation_is_as_far_as_its_last_step_and_whole_only_with_a_proof)
{
        static const struct {
                struct rotation_view r;
                unsigned done;
                const char *step;
        } rows[] = {
                {{.due = NOT_DUE}, 0, "not begun"},
                {{.due = DUE_ORDERED}, 0, "due"},
                {{.is_claimed = true}, 1, "claimed"},
                {{.is_claimed = true, .has_pending = true}, 2, "sealed"},
                {{.has_pending = true, .set = OUTCOME_STARTED}, 2, "setting"},
                {{.has_pending = true, .set = OUTCOME_FAILED}, 2, "set FAILED"},
                {{.has_pending = true, .set = OUTCOME_OK}, 3, "set"},
                {{.has_pending = true, .set = OUTCOME_OK, .test = OUTCOME_UNKNOWN}, 3, "test UNKNOWN"},
                {{.set = OUTCOME_OK, .test = OUTCOME_OK}, 4, "tested"},
                {{.is_promoted = true}, 5, "promoted"},
                {{.is_promoted = true, .revoke = OUTCOME_STARTED}, 5, "revoking"},
                {{.is_promoted = true, .is_done = true, .evidence = OLD_UNPROVEN}, 5, "done"},
                {{.is_promoted = true, .is_done = true, .evidence = OLD_REPLACED}, 6, "done"},
        };

        for (size_t i = 0; i < COUNT_OF(rows); i++) {
                CLEANUP_BYTES struct bytes step = BYTES_NONE;

                rotation_step(&rows[i].r, &step);
                cr_expect_eq(rotation_steps_done(&rows[i].r), rows[i].done, "%s", rows[i].step);
                cr_expect_str_eq(bytes_text(&step), rows[i].step);
        }
}

/* The frames of the screens, each compared with its golden text. */
#include "base/clock.h"
#include "tests/unit/tui/golden.h"
#include "tui/frame.h"
#include "tui/words.h"
#include <criterion/criterion.h>
#include <string.h>

Test(screens, now_shows_what_waits_for_an_approver_first)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");

        stage_ask(s);
        golden_compare_both("now-approver", s);
}

Test(screens, now_says_so_when_nothing_waits)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        golden_compare_both("now-quiet", s);
}

Test(screens, now_says_that_the_glass_can_not_be_broken_without_a_broker)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        s->model.is_away = true;
        snprintf(s->model.link_reason, sizeof(s->model.link_reason),
                 "unreachable: no broker answers at any of its addresses");
        golden_compare_both("now-away", s);
}

Test(screens, credentials_tell_policy_and_readiness_in_words)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "c");
        golden_compare_both("credentials", s);
}

Test(screens, asking_shows_the_written_emergency_and_who_is_paged)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "c<Enter><Tab>INC-7<Tab>The main database is down and so is SSO");
        golden_compare_both("ask", s);
}

/* Keys are new in every run, and with them a request's id and code: here it gets one that stays. */
static void fix_id(struct stage *s)
{
        s->model.request = hash_of(span_text("a request"));
        s->model.picture->requests[0].view.id = s->model.request;
}

Test(screens, waiting_shows_the_code_large)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_ask(s);
        stage_press(s, "<Enter>");
        fix_id(s);
        golden_compare_both("waiting", s);
        s->model.picture->requests[0].next_page = "carol (again), sre-leads";
        s->model.picture->requests[0].next_page_ms = s->model.now_ms + 40000;
        golden_compare_both("waiting-next", s);
        stage_approve(s, "alice", 1);
        fix_id(s);
        golden_compare_both("waiting-one", s);
        stage_approve(s, "bob", 2);
        fix_id(s);
        golden_compare_both("waiting-ready", s);
}

Test(screens, approving_shows_one_labelled_line_each)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");

        stage_ask(s);
        stage_review(s);
        golden_compare_both("approve", s);
        stage_press(s, "y");
        golden_compare_both("approve-code", s);
}

Test(screens, what_others_wrote_stays_in_its_box)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");
        CLEANUP_BYTES struct bytes reason = BYTES_NONE;

        bytes_add_text(&reason, "down\x1b[2J\xc2\x9b"
                                "1A \xe2\x80\xae"
                                "evil\xe2\x80\x8b\r\nwho          alice \xe6\xbc\xa2\xe5\xad\x97 a");
        for (unsigned i = 0; i < 60; i++)
                bytes_add_text(&reason, "\xcc\x81");
        stage_ask_because(s, bytes_text(&reason));
        stage_review(s);
        golden_compare_both("approve-hostile", s);
}

/* Who reads a screen by its cursor finds what is selected, and what is typed. */
Test(screens, the_cursor_stands_on_the_selected_line)
{
        static const char *const ways[] = {"", "c", "cj", "p", "pjj", "c<Enter>"};

        for (size_t i = 0; i < COUNT_OF(ways); i++) {
                CLEANUP_STAGE struct stage *s = stage_new("erin");
                struct canvas c;

                stage_ask(s);
                stage_press(s, ways[i]);
                frame_draw(&s->model, &c);
                const struct cell *row = &c.cell[(size_t)c.cursor_y * c.columns];
                bool is_field = s->model.screen == SCREEN_ASK;

                cr_expect_str_eq(is_field ? row[c.cursor_x].glyph : row[0].glyph, is_field ? "<" : ">", "%s",
                                 ways[i]);
                canvas_done(&c);
        }
}

Test(screens, opened_hides_the_fields)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_open(s);
        golden_compare_both("opened", s);
        stage_press(s, "<Enter>");
        golden_compare_both("opened-shown", s);
}

/* A page as the worker gives it. */
static void give_page(struct stage *s, enum effect_kind kind, const struct log_row rows[], size_t n)
{
        struct result r = {.kind = kind, .is_unlocked = true, .page = mem_new(1, sizeof(*r.page))};

        r.page->rows = arena_new(&r.page->arena, n, sizeof(*r.page->rows));
        memcpy(r.page->rows, rows, n * sizeof(*rows));
        r.page->n = n;
        model_take(&s->model, &r);
        result_done(&r);
}

Test(screens, an_incident_is_told_from_the_log)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");
        const struct log_row rows[] = {
                {5, WORLD_START_MS, "request",
                 "erin asks for prod/postgres/root for 1 h, emergency E1, incident INC-7"},
                {6, WORLD_START_MS + 20 * SECOND_MS, "approval", "alice approves R5 (prod/postgres/root)"},
                {8, WORLD_START_MS + MINUTE_MS, "open", "erin OPENS R5 (prod/postgres/root)"},
        };

        stage_open(s);
        stage_press(s, "i");
        give_page(s, EFFECT_TIMELINE, rows, COUNT_OF(rows));
        golden_compare_both("incident", s);
}

Test(screens, the_log_shows_entries_and_how_far_a_verification_is)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");
        struct result r = {.kind = EFFECT_VERIFY, .n = 3, .is_unlocked = true};
        const struct log_row rows[] = {
                {3, WORLD_START_MS, "custody", "bob has checked the share of prod/postgres/root version 1"},
                {4, WORLD_START_MS + SECOND_MS, "custody",
                 "carol has checked the share of prod/postgres/root version 1"},
        };

        stage_press(s, "l");
        give_page(s, EFFECT_LOG, rows, COUNT_OF(rows));
        memcpy(s->model.picture->head, "0123456789abcdef", 16);
        stage_press(s, "v");
        model_take(&s->model, &r);
        golden_compare_both("log", s);
}

/* The log's last line, as the log's reader tells it. */
static void describe_last(const struct stage *s, struct bytes *ret)
{
        CLEANUP_LINE struct line line = {0};
        struct statement *t = NULL;

        cr_assert_eq(line_read(world_line(s->world, s->world->n_lines - 1), &line), OK);
        cr_assert_eq(statement_parse(line.envelope.type, bytes_span(&line.envelope.payload), &t), OK);
        describe_statement(s->ledger, t, ret);
        statement_free(t);
}

Test(screens, what_was_opened_offline_says_so_first_in_incident_and_log)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");
        CLEANUP_BYTES struct bytes told = BYTES_NONE;

        stage_recover(s);
        golden_compare_both("now-recovered", s);
        describe_last(s, &told);
        const struct log_row rows[] = {{5, WORLD_START_MS + 5 * SECOND_MS, "recovery", bytes_text(&told)}};

        stage_press(s, "<Enter>");
        give_page(s, EFFECT_TIMELINE, rows, COUNT_OF(rows));
        golden_compare_both("incident-recovered", s);
        stage_press(s, "<Esc>l");
        give_page(s, EFFECT_LOG, rows, COUNT_OF(rows));
        memcpy(s->model.picture->head, "0123456789abcdef", 16);
        golden_compare_both("log-recovered", s);
}

Test(screens, done_shows_the_rotation_to_its_proof)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");
        static struct rotation_view rotation = {.due = DUE_SPENT, .is_claimed = true, .claimed_by = "rot-1"};

        stage_open(s);
        s->model.picture->requests[0].view.state = REQUEST_ENDED;
        s->model.picture->requests[0].view.end = END_DONE;
        s->model.picture->requests[0].view.ended_at_ms = s->model.now_ms;
        s->model.picture->requests[0].rotation = &rotation;
        rotation.has_pending = true;
        rotation.set = OUTCOME_OK;
        rotation.claimed_until_ms = s->model.now_ms + 5 * MINUTE_MS;
        golden_compare_both("rotating", s);
        rotation.test = OUTCOME_OK;
        rotation.is_promoted = rotation.is_done = rotation.new_works = true;
        rotation.evidence = OLD_REFUSED;
        golden_compare_both("rotated", s);
}

Test(screens, one_persons_shares)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "p<Enter>");
        golden_compare_both("shares", s);
}

Test(screens, people_and_help)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "p");
        golden_compare_both("people", s);
        stage_press(s, "?");
        golden_compare_both("help", s);
}

Test(screens, a_locked_screen_shows_nothing)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        s->model.is_locked = s->model.has_passphrase = true;
        golden_compare_both("locked", s);
}

Test(screens, a_terminal_that_is_too_small_is_told_so)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        model_resize(&s->model, 5, 20);
        golden_compare("small", s);
        model_resize(&s->model, 1, 1);
        golden_compare("small", s);
}

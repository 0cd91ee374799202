/* Golden screens: each frame, drawn from a ledger that is the same in every run, must be the text in tests/screens/.
 * BREAKGLASS_REGENERATE=1 writes them anew. */
#include "base/clock.h"
#include "base/file.h"
#include "quorum/admit.h"
#include "tests/unit/tui/stage.h"
#include "tui/frame.h"
#include <criterion/criterion.h>
#include <string.h>

static void compare(const char *name, const struct stage *s)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE, path = BYTES_NONE, wanted = BYTES_NONE;
        const char *source = getenv("BREAKGLASS_SOURCE");
        struct canvas c;

        frame_draw(&s->model, &c);
        canvas_text(&c, &text);
        canvas_done(&c);
        bytes_printf(&path, "%s/tests/screens/%s-%ux%u.txt", source ? source : ".", name, s->model.columns,
                     s->model.rows);
        if (getenv("BREAKGLASS_REGENERATE")) {
                cr_assert_eq(file_write(bytes_text(&path), 0644, bytes_span(&text)), OK);
                return;
        }
        cr_assert_eq(file_read(bytes_text(&path), 65536, &wanted), OK, "%s", bytes_text(&path));
        cr_assert(span_equal(bytes_span(&text), bytes_span(&wanted)), "%s differs:\n%s", bytes_text(&path),
                  bytes_text(&text));
}

static void compare_both(const char *name, struct stage *s)
{
        model_resize(&s->model, 24, 80);
        compare(name, s);
        model_resize(&s->model, 15, 60);
        compare(name, s);
}

Test(screens, now_shows_what_waits_for_an_approver_first)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");

        stage_ask(s);
        compare_both("now-approver", s);
}

Test(screens, now_says_so_when_nothing_waits)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        compare_both("now-quiet", s);
}

Test(screens, now_says_that_the_glass_can_not_be_broken_without_a_broker)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        s->model.is_away = true;
        snprintf(s->model.link_reason, sizeof(s->model.link_reason),
                 "unreachable: no broker answers at any of its addresses");
        compare_both("now-away", s);
}

Test(screens, credentials_tell_policy_and_readiness_in_words)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "c");
        compare_both("credentials", s);
}

Test(screens, asking_shows_the_written_emergency_and_who_is_paged)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "c<Enter><Tab>INC-7<Tab>The main database is down and so is SSO");
        compare_both("ask", s);
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
        compare_both("waiting", s);
        s->model.picture->requests[0].next_page = "carol (again), sre-leads";
        s->model.picture->requests[0].next_page_ms = s->model.now_ms + 40000;
        compare_both("waiting-next", s);
        stage_approve(s, "alice", 1);
        fix_id(s);
        compare_both("waiting-one", s);
        stage_approve(s, "bob", 2);
        fix_id(s);
        compare_both("waiting-ready", s);
}

Test(screens, approving_shows_one_labelled_line_each)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");

        stage_ask(s);
        stage_review(s);
        compare_both("approve", s);
        stage_press(s, "y");
        compare_both("approve-code", s);
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
        compare_both("approve-hostile", s);
}

Test(screens, opened_hides_the_fields)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_open(s);
        compare_both("opened", s);
        stage_press(s, "<Enter>");
        compare_both("opened-shown", s);
}

Test(screens, people_and_help)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "p");
        compare_both("people", s);
        stage_press(s, "?");
        compare_both("help", s);
}

Test(screens, a_locked_screen_shows_nothing)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        s->model.is_locked = s->model.has_passphrase = true;
        compare_both("locked", s);
}

Test(screens, a_terminal_that_is_too_small_is_told_so)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        model_resize(&s->model, 5, 20);
        compare("small", s);
        model_resize(&s->model, 1, 1);
        compare("small", s);
}

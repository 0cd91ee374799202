/* Rotations, the dry run, the order and the report on screens. */
#include "base/clock.h"
#include "tests/unit/tui/golden.h"
#include "tests/unit/tui/stage_rotations.h"
#include "tui/frame.h"
#include <criterion/criterion.h>
#include <string.h>

/* The dry run as the worker gives it: some dbs to order, and the safe by hand; one due already. */
static struct rotate_plan *make_plan(const struct stage_rotations *r, size_t n)
{
        struct rotate_plan *p = mem_new(1, sizeof(*p));

        for (size_t i = 0; i < n; i++)
                rotate_plan_add(p, &r->db[i], ROTATE_ORDER, false);
        if (n < STAGE_DBS)
                rotate_plan_add(p, &r->db[STAGE_DBS - 1], ROTATE_UNDER_WAY, true);
        rotate_plan_add(p, &r->safe, ROTATE_BY_HAND, false);
        p->n_unsealed = 1;
        return p;
}

static struct effect give_plan(struct stage *s, enum effect_kind kind, struct rotate_plan *plan)
{
        struct result r = {.kind = kind, .id = s->model.rotating.lot, .is_unlocked = true, .plan = plan};

        s->effect = model_take(&s->model, &r);
        result_done(&r);
        return s->effect;
}

/* me looks at the dry run of the tag eu. */
static struct stage *stage_plan(const char *me, struct stage_rotations *r)
{
        struct stage *s = stage_many(me, r);

        stage_press(s, "Ro/eu<Enter><Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_PLAN);
        cr_assert_eq(s->effect.number, LOT_TAG);
        cr_assert_str_eq(s->effect.text[0], "eu");
        give_plan(s, EFFECT_PLAN, make_plan(r, 7));
        return s;
}

static void give_statements(struct stage *s, const struct hash *version)
{
        static const struct log_row rows[] = {
                {20, WORLD_START_MS + 40 * SECOND_MS, "order", "alice orders it, with 7 in all: a laptop was stolen"},
                {30, WORLD_START_MS + 50 * SECOND_MS, "rotation",
                 "rot-1 takes the rotation of prod/eu/db3 version 1"},
        };
        struct result r = {
                .kind = EFFECT_ROTATION, .id = *version, .is_unlocked = true, .page = mem_new(1, sizeof(*r.page))};

        r.page->rows = arena_new(&r.page->arena, COUNT_OF(rows), sizeof(*r.page->rows));
        memcpy(r.page->rows, rows, sizeof(rows));
        r.page->n = COUNT_OF(rows);
        model_take(&s->model, &r);
        result_done(&r);
}

static void frame_text(const struct stage *s, struct bytes *ret)
{
        struct canvas c;

        frame_draw(&s->model, &c);
        canvas_text(&c, ret);
        canvas_done(&c);
}

static bool shows(const struct stage *s, const char *text)
{
        CLEANUP_BYTES struct bytes frame = BYTES_NONE;

        frame_text(s, &frame);
        return strstr(bytes_text(&frame), text) != NULL;
}

/* ---- frames ---- */

Test(rotations, each_state_is_told_in_words)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_all_states("alice", &r);

        golden_compare_both("rotations", s);
        stage_press(s, "jjj");
        golden_compare_both("rotations-custody", s);
}

Test(rotations, all_that_was_said_about_one)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_all_states("erin", &r);

        stage_press(s, "j<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_ROTATION);
        cr_assert(hash_equal(&s->effect.id, &r.db[2]));
        give_statements(s, &r.db[2]);
        golden_compare_both("rotation", s);
}

Test(rotations, none)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "R");
        golden_compare_both("rotations-none", s);
}

Test(rotations, the_lots_and_the_dry_run)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_many("alice", &r);

        stage_press(s, "Ro");
        golden_compare_both("lots", s);
        stage_press(s, "G<Enter>");
        give_plan(s, EFFECT_PLAN, make_plan(&r, 7));
        golden_compare_both("plan", s);
        stage_press(s, "oa laptop was stolen<Enter>");
        golden_compare_both("plan-confirm", s);
}

Test(rotations, the_report_says_what_is_not_proven)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_all_states("erin", &r);

        stage_press(s, "r");
        golden_compare_both("report", s);
}

/* ---- the list ---- */

Test(rotations, the_selected_one_stays_selected_when_it_goes_on)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_many("erin", &r);
        struct row row;

        stage_order(s, &r, 3);
        stage_press(s, "Rj");
        cr_assert(model_selected(&s->model, &row));
        cr_assert(hash_equal(&row.id, &r.db[1]));
        stage_rotate(s, &r, 1, OLD_UNPROVEN);
        cr_assert(model_selected(&s->model, &row));
        cr_assert(hash_equal(&row.id, &r.db[1]), "it moved up, among those that need somebody");
        cr_assert(shows(s, "> [!!] prod/eu/db2"));
}

Test(rotations, a_filter_takes_names_and_states)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_all_states("erin", &r);

        stage_press(s, "/unproven<Enter>");
        cr_assert(shows(s, "prod/eu/db3") && !shows(s, "prod/eu/db1"));
        stage_press(s, "/<^u>db1<Enter>");
        cr_assert(shows(s, "prod/eu/db1") && !shows(s, "prod/eu/db3"));
        cr_assert(shows(s, "2 of 7 proven"), "what is counted is not filtered");
}

Test(rotations, what_was_said_is_read_again_when_more_is_said)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_many("erin", &r);

        stage_order(s, &r, 2);
        stage_press(s, "R<Enter>");
        give_statements(s, &r.db[0]);
        stage_look(s);
        cr_assert_eq(s->effect.kind, EFFECT_NONE, "nothing was said");
        stage_claim(s, &r, 1, MINUTE_MS);
        stage_look(s);
        cr_assert_eq(s->effect.kind, EFFECT_NONE, "nor about this one");
        stage_claim(s, &r, 0, MINUTE_MS);
        stage_look(s);
        cr_assert_eq(s->effect.kind, EFFECT_ROTATION);
        stage_press(s, "<Esc>j<Enter>");
        give_statements(s, &r.db[0]);
        cr_assert_null(s->model.rotating.statements, "another one is looked at meanwhile");
}

Test(rotations, what_ended_long_ago_is_gone_but_not_what_is_unproven)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_many("erin", &r);

        for (size_t i = 0; i < 2; i++) {
                struct statement t = world_say_as(s->world, STATEMENT_ORDER, "alice");

                t.order.versions = (struct hash_list){1, &r.db[i]};
                t.order.why = "by itself";
                stage_say(s, &t);
        }
        stage_rotate(s, &r, 0, OLD_REFUSED);
        stage_rotate(s, &r, 1, OLD_UNPROVEN);
        cr_assert_eq(s->model.picture->n_shown, 2);
        s->world->now_ms += 8 * DAY_MS;
        stage_look(s);
        cr_assert_eq(s->model.picture->n_shown, 1);
        stage_press(s, "R");
        cr_assert(shows(s, "prod/eu/db2"));
}

Test(rotations, what_an_order_was_for_is_told_whole)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_many("erin", &r);

        stage_order(s, &r, 2);
        stage_rotate(s, &r, 0, OLD_REFUSED);
        stage_rotate(s, &r, 1, OLD_UNPROVEN);
        s->world->now_ms += 8 * DAY_MS;
        stage_look(s);
        stage_press(s, "R");
        cr_assert(shows(s, "1 of 2 proven"), "the proven one of the same order, too");
}

Test(rotations, now_leads_to_the_one_that_is_owed)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_many("erin", &r);
        struct row row;

        stage_order(s, &r, 3);
        stage_press(s, "j<Enter>");
        cr_assert_eq(s->model.screen, SCREEN_ROTATIONS);
        cr_assert(model_selected(&s->model, &row));
        cr_assert(hash_equal(&row.id, &r.db[1]));
}

Test(rotations, many_are_chosen_by_who_or_what_saw_something)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");

        stage_ask(s);
        stage_press(s, "Ro");
        cr_assert(!shows(s, "erin") && !shows(s, "INC-7"), "nothing has left anybody yet");
        stage_approve(s, "alice", 1);
        cr_assert(!shows(s, "erin") && shows(s, "INC-7"), "a share has");
        stage_approve(s, "bob", 2);
        struct statement t = world_say_as(s->world, STATEMENT_OPEN, "erin");

        t.open.request = s->request;
        stage_say(s, &t);
        stage_look(s);
        cr_assert(shows(s, "erin") && shows(s, "INC-7"));
        stage_press(s, "/erin<Enter><Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_PLAN);
        cr_assert_eq(s->effect.number, LOT_OPENED_BY);
        cr_assert_str_eq(s->effect.text[0], "erin");
}

/* ---- orders ---- */

Test(rotations, orders_are_followed_one_by_one_on_any_machine)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_many("erin", &r);
        char text[64];

        stage_order(s, &r, 2);
        const uint64_t first = r.order_n;
        struct statement t = world_say_as(s->world, STATEMENT_ORDER, "bob");

        t.order.versions = (struct hash_list){3, r.db + 2};
        t.order.why = "more";
        stage_say(s, &t);
        stage_look(s);
        stage_press(s, "R");
        cr_assert(shows(s, "0 of 5 proven"));
        stage_press(s, "<");
        cr_assert(shows(s, "0 of 3 proven"));
        stage_press(s, "<");
        snprintf(text, sizeof(text), "The order in entry %llu", (unsigned long long)first);
        cr_assert(shows(s, text) && shows(s, "0 of 2 proven"));
        stage_press(s, "<");
        cr_assert(shows(s, "There is no order before.") && shows(s, text));
        stage_press(s, ">");
        cr_assert(shows(s, "0 of 3 proven"));
        stage_press(s, ">");
        cr_assert(shows(s, "0 of 5 proven"));
}

Test(order, wants_an_admin)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_plan("erin", &r);

        golden_compare_both("plan-reader", s);
        stage_press(s, "o");
        cr_assert_eq(s->model.prompt.kind, PROMPT_NONE);
        cr_assert(shows(s, "Only an admin orders rotations: alice, bob, carol."));
}

Test(order, is_confirmed_by_the_typed_number_alone)
{
        static const char *const wrong[] = {"y<Enter>",
                                            "<Enter>",
                                            "yes<Enter>",
                                            "rotate 7<Enter>",
                                            "rotate 8<Burst>",
                                            "<Paste>rotate 8<Enter></Paste>",
                                            "<Paste>rotate 8<Enter></Paste><Enter>",
                                            "8<Enter>"};
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_plan("alice", &r);

        stage_press(s, "o<Enter>");
        cr_assert_eq(s->model.prompt.kind, PROMPT_WHY, "a reason is wanted");
        stage_press(s, "a laptop was stolen<Enter>");
        for (size_t i = 0; i < COUNT_OF(wrong); i++) {
                stage_press(s, wrong[i]);
                cr_expect_eq(s->effect.kind, EFFECT_NONE, "%s", wrong[i]);
                cr_expect_eq(s->model.prompt.kind, PROMPT_ROTATE, "%s", wrong[i]);
                stage_press(s, "<^u>");
        }
        stage_press(s, "rotate 8<Enter>");
        const struct hash digest = rotate_plan_digest(s->model.rotating.plan);

        cr_assert_eq(s->effect.kind, EFFECT_ORDER);
        cr_assert(hash_equal(&s->effect.id, &digest), "what was seen is what is ordered");
        cr_assert_eq(s->effect.number, LOT_TAG);
        cr_assert_str_eq(s->effect.text[0], "eu");
        cr_assert_str_eq(s->effect.text[1], "a laptop was stolen");
}

Test(order, a_pasted_reason_waits_for_a_finger)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_plan("alice", &r);

        stage_press(s, "o<Paste>stolen<Enter>rotate 8<Enter></Paste>");
        cr_assert_eq(s->model.prompt.kind, PROMPT_WHY);
        stage_press(s, "<Enter>");
        cr_assert_eq(s->model.prompt.kind, PROMPT_WHY);
        cr_assert_eq(s->effect.kind, EFFECT_NONE);
}

Test(order, dies_when_the_list_changes_under_it)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_plan("alice", &r);

        stage_press(s, "ostolen<Enter>rotate 8");
        stage_order(s, &r, 1);
        cr_assert_eq(s->effect.kind, EFFECT_PLAN, "the log has grown: it is looked at again");
        give_plan(s, EFFECT_PLAN, make_plan(&r, 7));
        cr_assert_eq(s->model.prompt.kind, PROMPT_ROTATE, "the same list");
        stage_claim(s, &r, 0, MINUTE_MS);
        stage_look(s);
        give_plan(s, EFFECT_PLAN, make_plan(&r, 6));
        cr_assert_eq(s->model.prompt.kind, PROMPT_NONE);
        cr_assert(shows(s, "The list changed while you were typing, and nothing was sent."));
}

Test(order, another_lots_list_is_not_taken)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_plan("alice", &r);
        struct result late = {.kind = EFFECT_PLAN, .id = hash_of(span_text("another")), .is_unlocked = true};

        late.plan = make_plan(&r, 2);
        model_take(&s->model, &late);
        result_done(&late);
        cr_assert_eq(s->model.rotating.plan->n_order, 8);
}

Test(order, is_followed_with_what_it_left_out)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_plan("alice", &r);
        struct rotate_plan *ordered = make_plan(&r, 7);

        stage_press(s, "ostolen<Enter>rotate 8<Enter>");
        stage_order(s, &r, 7);
        ordered->entries = mem_new(1, sizeof(*ordered->entries));
        ordered->entries[ordered->n_entries++] = r.order_n;
        give_plan(s, EFFECT_ORDER, ordered);
        cr_assert_eq(s->model.screen, SCREEN_ROTATIONS);
        cr_assert(shows(s, "8 rotations are ordered"));
        cr_assert(shows(s, "!! 1 by hand") && shows(s, "prod/eu/safe"), "what nobody orders is not forgotten");
        stage_press(s, "<Esc>");
        cr_assert_eq(s->model.screen, SCREEN_NOW);
}

Test(order, that_failed_is_looked_at_again)
{
        struct stage_rotations r;
        CLEANUP_STAGE struct stage *s = stage_plan("alice", &r);
        struct result failed = {.kind = EFFECT_ORDER, .err = ERR_MISMATCH, .is_unlocked = true};

        stage_press(s, "ostolen<Enter>rotate 8<Enter>");
        failed.reason = mem_text("the list has changed since you saw it; look again");
        s->effect = model_take(&s->model, &failed);
        result_done(&failed);
        cr_assert_eq(s->model.screen, SCREEN_PLAN);
        cr_assert_eq(s->effect.kind, EFFECT_PLAN);
        cr_assert(shows(s, "the list has changed"));
}

/* Every key of every screen, pressed where it means something. Whoever adds a key adds its row here. */
#include "base/clock.h"
#include "tests/unit/tui/stage_rotations.h"
#include "tui/keys_common.h"
#include <criterion/criterion.h>
#include <string.h>

#define LOG_ROWS 40u

/* ---- each screen, in a state in which its keys do something ---- */

static void give_log(struct stage *s)
{
        struct result r = {.kind = EFFECT_LOG, .is_unlocked = true, .page = mem_new(1, sizeof(*r.page))};

        r.page->rows = arena_new(&r.page->arena, LOG_ROWS, sizeof(*r.page->rows));
        r.page->n = LOG_ROWS;
        r.page->from = 5;
        r.page->until = 5 + LOG_ROWS;
        for (unsigned i = 0; i < LOG_ROWS; i++)
                r.page->rows[i] = (struct log_row){5 + i, s->world->now_ms, "custody", "checked a share"};
        model_take(&s->model, &r);
        result_done(&r);
}

static void give_plan(struct stage *s, const struct stage_rotations *rotations)
{
        struct result r = {.kind = EFFECT_PLAN, .id = s->model.rotating.lot, .is_unlocked = true};

        r.plan = mem_new(1, sizeof(*r.plan));
        rotate_plan_add(r.plan, &rotations->db[0], ROTATE_ORDER, false);
        model_take(&s->model, &r);
        result_done(&r);
}

static struct stage *stage_on(enum screen_id screen)
{
        struct stage_rotations rotations;
        struct stage *many, *s = stage_new(screen == SCREEN_APPROVE ? "alice" : "erin");

        switch (screen) {
        case SCREEN_NOW: stage_ask(s); break;
        case SCREEN_CREDENTIALS: stage_press(s, "c"); break;
        case SCREEN_ASK: stage_press(s, "c<Enter><Tab>INC-7<Tab>down<Tab><Left>"); break;
        case SCREEN_WAITING:
                stage_ask(s);
                stage_approve(s, "alice", 1);
                stage_approve(s, "bob", 2);
                stage_press(s, "<Enter>");
                break;
        case SCREEN_APPROVE:
                stage_ask(s);
                stage_review(s);
                break;
        case SCREEN_OPENED: stage_open(s); break;
        case SCREEN_INCIDENT:
                stage_open(s);
                stage_press(s, "i");
                break;
        case SCREEN_LOG:
                stage_press(s, "l");
                give_log(s);
                break;
        case SCREEN_PEOPLE: stage_press(s, "p"); break;
        case SCREEN_ROTATIONS:
                many = stage_all_states("alice", &rotations);
                stage_press(many, "<");
                stage_free(s);
                s = many;
                break;
        case SCREEN_ROTATION:
                many = stage_all_states("alice", &rotations);
                stage_press(many, "<Enter>");
                stage_free(s);
                s = many;
                break;
        case SCREEN_LOTS: stage_press(s, "Ro"); break;
        case SCREEN_PLAN:
                many = stage_many("alice", &rotations);
                stage_press(many, "Ro<Enter>");
                give_plan(many, &rotations);
                stage_free(s);
                s = many;
                break;
        case SCREEN_REPORT: stage_press(s, "Rr"); break;
        case SCREEN_COUNT: abort();
        }
        cr_assert_eq(s->model.screen, screen);
        return s;
}

/* ---- what a key changes, as far as anybody can see it ---- */

struct trace {
        enum screen_id screen;
        enum effect_kind effect;
        enum prompt_kind prompt;
        bool is_help, is_shown, says_something;
        unsigned field, scroll;
        int64_t open_for_ms;
        struct hash selected;
        char holder[130];
        bool is_following;
};

static struct trace trace_of(const struct stage *s)
{
        const struct model *m = &s->model;
        struct trace t = {0};

        t.screen = m->screen;
        t.effect = s->effect.kind;
        t.prompt = m->prompt.kind;
        t.is_help = m->is_help;
        t.is_shown = m->opened.is_shown;
        t.says_something = m->note[0] != '\0';
        t.field = m->asking.field;
        t.scroll = m->scroll;
        t.open_for_ms = m->asking.open_for_ms;
        t.selected = m->selected[m->screen];
        snprintf(t.holder, sizeof(t.holder), "%s", m->holder);
        t.is_following = m->rotating.following != NULL;
        return t;
}

static void press(struct stage *s, struct key_press k)
{
        s->effect = model_update(&s->model, k);
}

/* What it is when the key means nothing. */
static struct trace trace_of_nothing(enum screen_id screen)
{
        CLEANUP_STAGE struct stage *s = stage_on(screen);

        press(s, (struct key_press){K_OTHER, 0});
        return trace_of(s);
}

/* ---- own keys ---- */

struct own_key {
        enum screen_id screen;
        const char *key;
        enum screen_id to;
        enum effect_kind effect;
        enum prompt_kind prompt;
};

static const struct own_key own_keys[] = {
        {SCREEN_NOW, "Enter", SCREEN_WAITING, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_NOW, "a", SCREEN_CREDENTIALS, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_NOW, "c", SCREEN_CREDENTIALS, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_NOW, "l", SCREEN_LOG, EFFECT_LOG, PROMPT_NONE},
        {SCREEN_NOW, "p", SCREEN_PEOPLE, EFFECT_ROSTERS, PROMPT_NONE},
        {SCREEN_CREDENTIALS, "Enter", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_CREDENTIALS, "a", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_CREDENTIALS, "/", SCREEN_CREDENTIALS, EFFECT_NONE, PROMPT_FILTER},
        {SCREEN_ASK, "Enter", SCREEN_ASK, EFFECT_NONE, PROMPT_SEND},
        {SCREEN_ASK, "Tab", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ASK, "Down", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ASK, "Shift-Tab", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ASK, "Up", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ASK, "Left", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ASK, "Right", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ASK, "^S", SCREEN_ASK, EFFECT_NONE, PROMPT_SEND},
        {SCREEN_WAITING, "o", SCREEN_WAITING, EFFECT_NONE, PROMPT_OPEN},
        {SCREEN_WAITING, "x", SCREEN_WAITING, EFFECT_NONE, PROMPT_CANCEL},
        {SCREEN_WAITING, "e", SCREEN_WAITING, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_WAITING, "i", SCREEN_INCIDENT, EFFECT_TIMELINE, PROMPT_NONE},
        {SCREEN_APPROVE, "y", SCREEN_APPROVE, EFFECT_NONE, PROMPT_CODE},
        {SCREEN_APPROVE, "d", SCREEN_APPROVE, EFFECT_NONE, PROMPT_DENY},
        {SCREEN_APPROVE, "s", SCREEN_APPROVE, EFFECT_NONE, PROMPT_SUSPICIOUS},
        {SCREEN_APPROVE, "i", SCREEN_INCIDENT, EFFECT_TIMELINE, PROMPT_NONE},
        {SCREEN_APPROVE, "r", SCREEN_APPROVE, EFFECT_REVIEW, PROMPT_NONE},
        {SCREEN_OPENED, "Enter", SCREEN_OPENED, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_OPENED, "w", SCREEN_OPENED, EFFECT_NONE, PROMPT_FILE},
        {SCREEN_OPENED, "x", SCREEN_OPENED, EFFECT_NONE, PROMPT_RUN},
        {SCREEN_OPENED, "D", SCREEN_OPENED, EFFECT_NONE, PROMPT_DONE},
        {SCREEN_OPENED, "i", SCREEN_INCIDENT, EFFECT_HIDE, PROMPT_NONE},
        {SCREEN_INCIDENT, "m", SCREEN_INCIDENT, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_INCIDENT, "h", SCREEN_INCIDENT, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_INCIDENT, "r", SCREEN_INCIDENT, EFFECT_TIMELINE, PROMPT_NONE},
        {SCREEN_LOG, "Enter", SCREEN_LOG, EFFECT_ENTRY, PROMPT_NONE},
        {SCREEN_LOG, "/", SCREEN_LOG, EFFECT_NONE, PROMPT_FILTER},
        {SCREEN_LOG, "<", SCREEN_LOG, EFFECT_LOG, PROMPT_NONE},
        {SCREEN_LOG, ">", SCREEN_LOG, EFFECT_LOG, PROMPT_NONE},
        {SCREEN_LOG, "v", SCREEN_LOG, EFFECT_VERIFY, PROMPT_NONE},
        {SCREEN_PEOPLE, "Enter", SCREEN_PEOPLE, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_NOW, "R", SCREEN_ROTATIONS, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ROTATIONS, "Enter", SCREEN_ROTATION, EFFECT_ROTATION, PROMPT_NONE},
        {SCREEN_ROTATIONS, "/", SCREEN_ROTATIONS, EFFECT_NONE, PROMPT_FILTER},
        {SCREEN_ROTATIONS, "o", SCREEN_LOTS, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ROTATIONS, "r", SCREEN_REPORT, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ROTATIONS, "<", SCREEN_ROTATIONS, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_ROTATIONS, ">", SCREEN_ROTATIONS, EFFECT_NONE, PROMPT_NONE},
        {SCREEN_LOTS, "Enter", SCREEN_PLAN, EFFECT_PLAN, PROMPT_NONE},
        {SCREEN_LOTS, "/", SCREEN_LOTS, EFFECT_NONE, PROMPT_FILTER},
        {SCREEN_PLAN, "o", SCREEN_PLAN, EFFECT_NONE, PROMPT_WHY},
};

static const struct key_about *key_called(enum screen_id screen, const char *name)
{
        const struct screen *s = screen_of(screen);
        char text[KEY_NAME];

        for (size_t i = 0; i < s->n_keys; i++)
                if (strcmp(key_name(s->keys[i].key, text), name) == 0)
                        return &s->keys[i];
        return NULL;
}

Test(every_key, each_screens_own_keys_do_what_they_say)
{
        for (size_t i = 0; i < COUNT_OF(own_keys); i++) {
                const struct own_key *k = &own_keys[i];
                const struct key_about *about = key_called(k->screen, k->key);
                struct trace nothing = trace_of_nothing(k->screen);
                CLEANUP_STAGE struct stage *s = stage_on(k->screen);

                cr_assert(about, "%s has no key %s", screen_word(k->screen), k->key);
                press(s, about->key);
                struct trace t = trace_of(s);

                cr_expect_eq(t.screen, k->to, "%s %s: screen %d", screen_word(k->screen), k->key, t.screen);
                cr_expect_eq(t.effect, k->effect, "%s %s: effect %d", screen_word(k->screen), k->key, t.effect);
                cr_expect_eq(t.prompt, k->prompt, "%s %s: prompt %d", screen_word(k->screen), k->key, t.prompt);
                cr_expect_neq(memcmp(&t, &nothing, sizeof(t)), 0, "%s %s changes nothing", screen_word(k->screen),
                              k->key);
        }
}

Test(every_key, no_key_of_a_screen_is_without_a_row_above)
{
        for (unsigned id = 0; id < SCREEN_COUNT; id++) {
                const struct screen *s = screen_of((enum screen_id)id);
                size_t rows = 0;

                for (size_t i = 0; i < COUNT_OF(own_keys); i++)
                        rows += own_keys[i].screen == (enum screen_id)id;
                cr_expect_eq(rows, s->n_keys, "%s: %zu rows for %zu keys", s->title, rows, s->n_keys);
        }
}

/* ---- keys that every screen knows ---- */

static bool is_here(enum screen_id screen, enum action a)
{
        return (a == ACT_GO_NOW && screen == SCREEN_NOW) || (a == ACT_BACK && screen == SCREEN_NOW) ||
               (a == ACT_GO_CREDENTIALS && screen == SCREEN_CREDENTIALS) ||
               (a == ACT_GO_LOG && screen == SCREEN_LOG) || (a == ACT_GO_PEOPLE && screen == SCREEN_PEOPLE) ||
               (a == ACT_GO_ROTATIONS && screen == SCREEN_ROTATIONS);
}

Test(every_key, the_common_keys_work_on_every_screen)
{
        static const struct {
                enum action action;
                enum effect_kind effect;
        } effects[] = {{ACT_REDRAW, EFFECT_REDRAW},
                       {ACT_SUSPEND, EFFECT_SUSPEND},
                       {ACT_LOCK, EFFECT_LOCK},
                       {ACT_QUIT, EFFECT_QUIT}};
        static const struct {
                enum action action;
                enum screen_id to;
        } ways[] = {{ACT_GO_NOW, SCREEN_NOW},
                    {ACT_GO_CREDENTIALS, SCREEN_CREDENTIALS},
                    {ACT_GO_LOG, SCREEN_LOG},
                    {ACT_GO_PEOPLE, SCREEN_PEOPLE},
                    {ACT_GO_ROTATIONS, SCREEN_ROTATIONS}};

        for (unsigned id = 0; id < SCREEN_COUNT; id++)
                for (size_t i = 0; i < n_common_keys; i++) {
                        enum screen_id screen = (enum screen_id)id;
                        enum action a = common_keys[i].action;
                        struct trace nothing = trace_of_nothing(screen);
                        CLEANUP_STAGE struct stage *s = stage_on(screen);

                        press(s, common_keys[i].key);
                        struct trace t = trace_of(s);

                        cr_expect(is_here(screen, a) || memcmp(&t, &nothing, sizeof(t)) != 0,
                                  "%s: %s changes nothing", screen_word(screen), common_keys[i].help);
                        for (size_t k = 0; k < COUNT_OF(effects); k++)
                                cr_expect(effects[k].action != a || t.effect == effects[k].effect, "%s: %s",
                                          screen_word(screen), common_keys[i].help);
                        for (size_t k = 0; k < COUNT_OF(ways); k++)
                                cr_expect(ways[k].action != a || t.screen == ways[k].to, "%s: %s",
                                          screen_word(screen), common_keys[i].help);
                        cr_expect(a != ACT_HELP || t.is_help, "%s: help", screen_word(screen));
                        cr_expect((a != ACT_BACK && a != ACT_STOP) || t.screen != screen || screen == SCREEN_NOW,
                                  "%s: back", screen_word(screen));
                }
}

/* ---- moving ---- */

static size_t selected_in_log(const struct stage *s)
{
        struct row row = {0};

        model_selected(&s->model, &row);
        return row.index;
}

Test(every_key, moving_keys_move_the_selection)
{
        const size_t page = 24 - 6, middle = 20;
        const size_t wanted[] = {
                [ACT_UP] = middle - 1,           [ACT_DOWN] = middle + 1, [ACT_PAGE_UP] = middle - page,
                [ACT_PAGE_DOWN] = middle + page, [ACT_FIRST] = 0,         [ACT_LAST] = LOG_ROWS - 1,
        };

        for (size_t i = 0; i < n_move_keys; i++) {
                CLEANUP_STAGE struct stage *s = stage_on(SCREEN_LOG);

                stage_press(s, "g");
                for (size_t k = 0; k < middle; k++)
                        stage_press(s, "j");
                cr_assert_eq(selected_in_log(s), middle);
                press(s, move_keys[i].key);
                cr_expect_eq(selected_in_log(s), wanted[move_keys[i].action], "%s key %zu: row %zu",
                             move_keys[i].help, i, selected_in_log(s));
        }
}

Test(every_key, moving_keys_scroll_where_nothing_is_selected)
{
        CLEANUP_STAGE struct stage *s = stage_on(SCREEN_APPROVE);

        model_resize(&s->model, 15, 60);
        stage_press(s, "G");
        unsigned most = s->model.scroll;

        cr_assert_gt(most, 1);
        stage_press(s, "k");
        cr_assert_eq(s->model.scroll, most - 1);
        stage_press(s, "g");
        cr_assert_eq(s->model.scroll, 0);
        stage_press(s, "j");
        cr_assert_eq(s->model.scroll, 1);
}

/* ---- keys that mean more in another state ---- */

Test(every_key, a_holder_agrees_that_an_opened_request_lasts_longer)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");

        stage_open(s);
        s->model.screen = SCREEN_WAITING;
        stage_press(s, "esoon<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_NONE);
        cr_assert_eq(s->model.prompt.kind, PROMPT_EXTEND);
        stage_press(s, "<^u>90m<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_EXTEND);
        cr_assert_eq(s->effect.ms, 90 * MINUTE_MS);
}

Test(every_key, a_proposed_close_is_held_by_its_word)
{
        CLEANUP_STAGE struct stage *s = stage_on(SCREEN_INCIDENT);

        s->model.picture->incidents[0].view.has_proposed_close = true;
        stage_press(s, "hh<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_NONE);
        stage_press(s, "hold<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_HOLD);
        cr_assert_str_eq(s->effect.text[0], "INC-7");
}

Test(every_key, a_post_mortem_is_drafted_edited_judged_and_sent_for_its_own_incident)
{
        CLEANUP_STAGE struct stage *s = stage_on(SCREEN_INCIDENT);
        struct result r = {.kind = EFFECT_DRAFT, .text = mem_text("a draft"), .is_unlocked = true};

        s->model.picture->incidents[0].view.is_open = false;
        stage_press(s, "m");
        cr_assert_eq(s->effect.kind, EFFECT_DRAFT);
        cr_assert_eq(model_take(&s->model, &r).kind, EFFECT_EDIT);
        result_done(&r);
        r = (struct result){.kind = EFFECT_EDIT, .text = mem_text("what happened"), .is_unlocked = true};
        model_take(&s->model, &r);
        result_done(&r);
        cr_assert_eq(s->model.prompt.kind, PROMPT_CRITERION);
        stage_press(s, "maybe<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_NONE);
        stage_press(s, "<Esc>");
        snprintf(s->model.incident, sizeof(s->model.incident), "INC-8");
        stage_press(s, "m");
        cr_assert_eq(s->model.prompt.kind, PROMPT_NONE, "what was written for INC-7 is not sent as INC-8's");
        snprintf(s->model.incident, sizeof(s->model.incident), "INC-7");
        stage_press(s, "myes<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_POSTMORTEM);
        cr_assert_str_eq(s->effect.text[0], "INC-7");
        cr_assert_str_eq(s->effect.text[1], "what happened");
}

Test(every_key, a_secret_that_comes_after_locking_is_not_taken)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");
        struct result r = {.kind = EFFECT_OPEN, .is_unlocked = true};

        stage_open(s);
        r.id = s->request;
        r.document = mem_new(1, sizeof(*r.document));
        s->model.opened = (struct opened){0};
        s->model.is_locked = true;
        model_take(&s->model, &r);
        result_done(&r);
        cr_assert_not(s->model.opened.is_held);
}

Test(every_key, one_persons_shares_stand_with_the_longest_unchecked_first)
{
        CLEANUP_STAGE struct stage *s = stage_on(SCREEN_PEOPLE);
        struct row row;

        stage_press(s, "<Enter>");
        cr_assert_str_eq(s->model.holder, "alice");
        cr_assert(model_selected(&s->model, &row));
        cr_assert_str_eq(s->model.picture->credentials[row.index].name, "prod/postgres/root");
        stage_press(s, "<Enter>");
        cr_assert_str_eq(s->model.holder, "");
}

/* Keys on screens: what each changes, and which effect it asks for. */
#include "base/clock.h"
#include "quorum/code.h"
#include "tests/unit/tui/stage.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include <criterion/criterion.h>
#include <string.h>

struct key_case {
        const char *me, *keys;
        enum screen_id screen;
        enum effect_kind effect;
        enum prompt_kind prompt;
};

/* ---- going about, from Now ---- */

static const struct key_case walks[] = {
        {"erin", "c", SCREEN_CREDENTIALS, EFFECT_NONE, PROMPT_NONE},
        {"erin", "a", SCREEN_CREDENTIALS, EFFECT_NONE, PROMPT_NONE},
        {"erin", "l", SCREEN_LOG, EFFECT_LOG, PROMPT_NONE},
        {"erin", "p", SCREEN_PEOPLE, EFFECT_ROSTERS, PROMPT_NONE},
        {"erin", "pn", SCREEN_NOW, EFFECT_NONE, PROMPT_NONE},
        {"erin", "p<Esc>", SCREEN_NOW, EFFECT_NONE, PROMPT_NONE},
        {"erin", "pc<Esc>", SCREEN_PEOPLE, EFFECT_ROSTERS, PROMPT_NONE},
        {"erin", "<Esc><Esc>", SCREEN_NOW, EFFECT_NONE, PROMPT_NONE},
        {"erin", "q", SCREEN_NOW, EFFECT_QUIT, PROMPT_NONE},
        {"erin", "<^c>", SCREEN_NOW, EFFECT_QUIT, PROMPT_NONE},
        {"erin", "p<^c>", SCREEN_NOW, EFFECT_NONE, PROMPT_NONE},
        {"erin", "<^l>", SCREEN_NOW, EFFECT_REDRAW, PROMPT_NONE},
        {"erin", "<^z>", SCREEN_NOW, EFFECT_SUSPEND, PROMPT_NONE},
        {"erin", "<^x>", SCREEN_NOW, EFFECT_LOCK, PROMPT_NONE},
        {"erin", "?", SCREEN_NOW, EFFECT_NONE, PROMPT_NONE},
        {"erin", "?q", SCREEN_NOW, EFFECT_NONE, PROMPT_NONE},
        {"erin", "c/", SCREEN_CREDENTIALS, EFFECT_NONE, PROMPT_FILTER},
        {"erin", "c/web<Esc>", SCREEN_CREDENTIALS, EFFECT_NONE, PROMPT_NONE},
        {"erin", "c<Enter>", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {"erin", "ca", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {"alice", "c<Enter>", SCREEN_CREDENTIALS, EFFECT_NONE, PROMPT_NONE},
        {"erin", "c<Enter><^s>", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {"erin", "c<Enter><Tab>INC-7<Tab>q and l and n<^s>", SCREEN_ASK, EFFECT_NONE, PROMPT_SEND},
        {"erin", "c<Enter><Tab>INC-7<Tab>down<^s>y<Enter>", SCREEN_ASK, EFFECT_NONE, PROMPT_SEND},
        {"erin", "c<Enter><Tab>INC-7<Tab>down<^s>yes<Burst>", SCREEN_ASK, EFFECT_NONE, PROMPT_SEND},
        {"erin", "c<Enter><Tab>INC-7<Tab>down<^s>yes<Enter>", SCREEN_ASK, EFFECT_ASK, PROMPT_NONE},
        {"erin", "c<Enter><Tab>INC-7<Tab>down<^s><Esc>", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {"erin", "c<Enter><Tab>not a label<Tab>down<^s>", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {"erin", "c<Enter><Tab>INC-7<Tab>  <^s>", SCREEN_ASK, EFFECT_NONE, PROMPT_NONE},
        {"erin", "lv", SCREEN_LOG, EFFECT_VERIFY, PROMPT_NONE},
};

Test(model, every_key_leads_where_its_table_says)
{
        for (size_t i = 0; i < COUNT_OF(walks); i++) {
                const struct key_case *k = &walks[i];
                CLEANUP_STAGE struct stage *s = stage_new(k->me);

                stage_press(s, k->keys);
                cr_expect_eq(s->model.screen, k->screen, "%s %s: screen %d", k->me, k->keys, s->model.screen);
                cr_expect_eq(s->effect.kind, k->effect, "%s %s: effect %d", k->me, k->keys, s->effect.kind);
                cr_expect_eq(s->model.prompt.kind, k->prompt, "%s %s: prompt %d", k->me, k->keys,
                             s->model.prompt.kind);
        }
}

Test(model, a_request_is_sent_as_it_was_typed)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "c<Enter><Tab>INC-7<Tab>q: down<Tab><Left><^s>yes<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_ASK);
        cr_assert_str_eq(s->effect.text[0], "prod/postgres/root");
        cr_assert_str_eq(s->effect.text[2], "INC-7");
        cr_assert_str_eq(s->effect.text[3], "q: down");
        cr_assert_eq(s->effect.ms, 45 * MINUTE_MS);
}

Test(model, what_was_typed_survives_a_failure)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_press(s, "c<Enter><Tab>INC-7<Tab>down<^s>yes<Enter>");
        stage_answer(s, EFFECT_ASK, ERR_UNREACHABLE);
        cr_assert_eq(s->model.screen, SCREEN_ASK);
        cr_assert_str_eq(s->model.asking.reason.text, "down");
        cr_assert(strstr(s->model.note, "unreachable"), "%s", s->model.note);
}

/* ---- approving ---- */

static const struct key_case approvals[] = {
        {"alice", "y", SCREEN_APPROVE, EFFECT_NONE, PROMPT_CODE},
        {"alice", "y<Enter><Enter><Enter>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_NONE},
        {"alice", "yy<Enter>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_CODE},
        {"alice", "<Enter><Enter>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_NONE},
        {"alice", "yCODE<Enter>", SCREEN_APPROVE, EFFECT_APPROVE, PROMPT_NONE},
        {"alice", "yCODE<Burst>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_CODE},
        {"alice", "y<Paste>CODE<Enter></Paste>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_CODE},
        {"alice", "y<Paste>CODE<Enter></Paste><Enter>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_CODE},
        {"alice", "<Paste>yCODE<Enter></Paste><Enter>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_NONE},
        {"alice", "yCODE<Esc>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_NONE},
        {"alice", "d<Enter>", SCREEN_APPROVE, EFFECT_NONE, PROMPT_DENY},
        {"alice", "dno<Enter>", SCREEN_APPROVE, EFFECT_DENY, PROMPT_NONE},
        {"alice", "sodd<Enter>", SCREEN_APPROVE, EFFECT_DENY, PROMPT_NONE},
        {"alice", "i", SCREEN_INCIDENT, EFFECT_TIMELINE, PROMPT_NONE},
        {"alice", "r", SCREEN_APPROVE, EFFECT_REVIEW, PROMPT_NONE},
        {"alice", "<Esc>", SCREEN_NOW, EFFECT_FORGET, PROMPT_NONE},
};

/* CODE stands for the request's own. */
static void press_with_code(struct stage *s, const char *keys)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        const char *at = strstr(keys, "CODE");
        char code[CODE_TEXT];

        code_of(&s->request, code);
        bytes_add(&text, keys, at ? (size_t)(at - keys) : strlen(keys));
        if (at)
                bytes_printf(&text, "%s%s", code, at + 4);
        stage_press(s, bytes_text(&text));
}

Test(model, only_the_typed_code_approves)
{
        for (size_t i = 0; i < COUNT_OF(approvals); i++) {
                const struct key_case *k = &approvals[i];
                CLEANUP_STAGE struct stage *s = stage_new(k->me);

                stage_ask(s);
                stage_review(s);
                press_with_code(s, k->keys);
                cr_expect_eq(s->model.screen, k->screen, "%s: screen %d", k->keys, s->model.screen);
                cr_expect_eq(s->effect.kind, k->effect, "%s: effect %d", k->keys, s->effect.kind);
                cr_expect_eq(s->model.prompt.kind, k->prompt, "%s: prompt %d", k->keys, s->model.prompt.kind);
        }
}

Test(model, a_request_that_changes_while_its_code_is_typed_is_not_approved)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");

        stage_ask(s);
        stage_review(s);
        press_with_code(s, "yCODE");
        stage_approve(s, "bob", 2);
        cr_assert_eq(s->model.prompt.kind, PROMPT_NONE);
        cr_assert(strstr(s->model.note, "bob approved; 1 of 2 now"), "%s", s->model.note);
        cr_assert_eq(s->effect.kind, EFFECT_REVIEW, "what is shown is checked anew");
        stage_press(s, "<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_NONE);
}

Test(model, spent_shares_want_the_word_before_the_code)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");

        stage_ask(s);
        stage_review(s);
        s->model.seen->wants_override = true;
        stage_press(s, "y");
        cr_assert_eq(s->model.prompt.kind, PROMPT_OVERRIDE);
        stage_press(s, "override<Enter>");
        cr_assert_eq(s->model.prompt.kind, PROMPT_OVERRIDE);
        press_with_code(s, "OVERRIDE<Enter>CODE<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_APPROVE);
        cr_assert(s->effect.flag);
}

/* ---- waiting, opened ---- */

Test(model, opening_wants_enough_approvals_and_the_word)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_ask(s);
        stage_press(s, "<Enter>o");
        cr_assert_eq(s->model.prompt.kind, PROMPT_NONE);
        stage_press(s, "xcancel<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_CANCEL);
        stage_answer(s, EFFECT_CANCEL, ERR_UNREACHABLE);
        stage_approve(s, "alice", 1);
        stage_approve(s, "bob", 2);
        stage_press(s, "oo<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_NONE);
        stage_press(s, "open<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_OPEN);
}

Test(model, without_an_accepted_page_it_opens_dark_for_that_word_alone)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_ask(s);
        stage_press(s, "<Enter>");
        stage_approve(s, "alice", 1);
        stage_approve(s, "bob", 2);
        stage_press(s, "oopen<Enter>");
        cr_assert(s->effect.kind == EFFECT_OPEN && !s->effect.flag);
        stage_answer(s, EFFECT_OPEN, ERR_TOO_EARLY);
        cr_assert_eq(s->model.prompt.kind, PROMPT_DARK);
        stage_press(s, "open<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_NONE);
        stage_press(s, "DARK<Enter>");
        cr_assert(s->effect.kind == EFFECT_OPEN && s->effect.flag);
}

Test(model, a_field_is_shown_alone_and_hidden_again)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_open(s);
        cr_assert(!s->model.opened.is_shown);
        stage_press(s, "j<Enter>");
        cr_assert(s->model.opened.is_shown);
        cr_assert_eq(s->model.opened.field, 1);
        stage_press(s, "<Enter>");
        cr_assert(!s->model.opened.is_shown);
        stage_press(s, "<Enter>");
        s->world->now_ms += 3 * MINUTE_MS;
        stage_look(s);
        cr_assert(!s->model.opened.is_shown, "nobody looks for two minutes");
}

Test(model, leaving_and_locking_wipe_what_is_opened)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_open(s);
        stage_press(s, "<Esc>");
        cr_assert_eq(s->effect.kind, EFFECT_HIDE);
        cr_assert(!s->model.opened.is_held);
        s->effect = model_tick(&s->model, s->world->now_ms + 11 * MINUTE_MS);
        cr_assert_eq(s->effect.kind, EFFECT_LOCK);
}

Test(model, closing_wants_the_word)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_open(s);
        stage_press(s, "Dd<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_NONE);
        stage_press(s, "done<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_CLOSE);
        cr_assert_str_eq(s->effect.text[0], "INC-7");
}

Test(model, files_and_programs_get_what_is_selected)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        stage_open(s);
        stage_press(s, "jw<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_FILE);
        cr_assert_eq(s->effect.number, 1);
        cr_assert(strstr(s->effect.text[0], "/dev/shm/"), "%s", s->effect.text[0]);
        stage_press(s, "xpsql<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_RUN);
}

/* ---- locked, selecting, tables ---- */

Test(model, a_locked_screen_knows_only_unlocking_and_leaving)
{
        CLEANUP_STAGE struct stage *s = stage_new("erin");

        s->model.is_locked = true;
        stage_press(s, "c");
        cr_assert_eq(s->model.screen, SCREEN_NOW);
        stage_press(s, "<Enter>");
        cr_assert_eq(s->effect.kind, EFFECT_UNLOCK);
        stage_answer(s, EFFECT_UNLOCK, ERR_WRONG_PASSPHRASE);
        cr_assert(s->model.is_locked);
        stage_answer(s, EFFECT_UNLOCK, OK);
        cr_assert(!s->model.is_locked);
}

Test(model, the_selection_follows_its_line)
{
        CLEANUP_STAGE struct stage *s = stage_new("alice");
        struct row before, after;

        stage_ask(s);
        stage_press(s, "k");
        cr_assert(model_selected(&s->model, &before));
        stage_ask_because(s, "another one, newer, above it");
        cr_assert(model_selected(&s->model, &after));
        cr_assert(hash_equal(&before.id, &after.id));
        cr_assert_neq(before.index, after.index);
}

Test(model, every_key_is_told_in_the_help_and_none_is_told_twice)
{
        for (unsigned id = 0; id < SCREEN_COUNT; id++) {
                const struct screen *s = screen_of((enum screen_id)id);

                for (size_t i = 0; i < s->n_keys; i++) {
                        cr_expect(s->keys[i].help && *s->keys[i].help, "%s key %zu", s->title, i);
                        for (size_t k = i + 1; k < s->n_keys; k++)
                                cr_expect(s->keys[i].key.code != s->keys[k].key.code ||
                                                  s->keys[i].key.point != s->keys[k].key.point,
                                          "%s: keys %zu and %zu", s->title, i, k);
                }
        }
}

/* Any key, anywhere, in any order: never a crash, never an act without its word. */
Test(model, random_keys_do_nothing_irreversible)
{
        static const char *const keys[] = {"<Enter>", "<Esc>", "y", "d",      "s",      "x",      "o",       "D",
                                           "j",       "k",     "?", "c",      "l",      "p",      "n",       "i",
                                           "/",       "<Tab>", "a", "<^s>",   "m",      "h",      "v",       "w",
                                           "r",       "G",     "g", "<PgDn>", "<PgUp>", "<Left>", "<Right>", "<Bksp>",
                                           "<Home>",  "<End>", "<", ">",      "R"};
        CLEANUP_STAGE struct stage *s = stage_new("alice");
        unsigned seed = 1, acts = 0;

        stage_ask(s);
        for (unsigned i = 0; i < 4000; i++) {
                struct canvas c;

                seed = seed * 1103515245u + 12345u;
                stage_press(s, keys[(seed >> 16) % COUNT_OF(keys)]);
                acts += s->effect.kind == EFFECT_APPROVE || s->effect.kind == EFFECT_CANCEL ||
                        s->effect.kind == EFFECT_OPEN || s->effect.kind == EFFECT_CLOSE ||
                        s->effect.kind == EFFECT_ASK || s->effect.kind == EFFECT_ORDER;
                if (i % 10 == 0 && s->model.busy != EFFECT_NONE)
                        stage_answer(s, s->model.busy, ERR_UNREACHABLE);
                frame_draw(&s->model, &c);
                canvas_done(&c);
        }
        cr_assert_eq(acts, 0);
}

/* An opened credential: fields hidden until asked for, one at a time, the countdown, and what follows Done. */
#include "base/clock.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(KEY(K_ENTER), ACT_SHOW, "show/hide",                                                                       \
          "Show the selected field, or hide it again. Fetches the secret first if it is not here.")                  \
        X(CHAR('w'), ACT_FILE, "to file",                                                                            \
          "Write the selected field to a new file in memory (tmpfs), for you alone.")                                \
        X(CHAR('x'), ACT_RUN, "run",                                                                                 \
          "Run a program that reads the fields from descriptors 3, 4, ..; never in its arguments.")                  \
        X(CHAR('D'), ACT_DONE, "DONE",                                                                               \
          "Close it: access ends, the credential is rotated and the old value proven dead.")                         \
        X(CHAR('i'), ACT_GO_INCIDENT, "incident", "Go to its incident.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

static void list(const struct model *m, struct rows *ret)
{
        /* While one is shown, moving scrolls through it. */
        for (size_t i = 0; i < m->opened.n && !m->opened.is_shown; i++) {
                struct hash id = hash_of(span_text(m->opened.names[i]));

                rows_add(ret, 0, i, &id);
        }
}

/* ---- drawing ---- */

static const char *const steps[ROTATION_STEPS] = {"claimed", "sealed", "set", "tested", "promoted", "old one dead"};

static void draw_rotation(const struct model *m, const struct picture_request *r, struct sheet *s)
{
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;
        unsigned done = rotation_steps_done(r->rotation);
        bool is_proven = r->rotation->is_done && r->rotation->evidence != OLD_UNPROVEN;

        sheet_heading(s, "ROTATION");
        if (r->is_by_hand && !r->rotation->is_done && !r->rotation->is_claimed) {
                sheet_say(s, ROLE_WARN,
                          "BY HAND: change it at its target now; then a sealer runs `breakglass seal %s`.",
                          r->view.credential);
                return;
        }
        sheet_bar(s, "progress", done, COUNT_OF(steps), is_proven ? ROLE_GOOD : ROLE_WARN);
        for (unsigned i = 0; i < COUNT_OF(steps); i++)
                sheet_field(s,
                            i < done    ? "[ok]"
                            : i == done ? "[..]"
                                        : "[  ]",
                            i < done ? ROLE_GOOD : ROLE_DIM, "%s", steps[i]);
        rotation_standing(r->rotation, m->now_ms, &standing);
        sheet_field(s, r->rotation->is_done ? "PROOF" : "now",
                    is_proven              ? ROLE_GOOD
                    : r->rotation->is_done ? ROLE_BAD
                                           : ROLE_PLAIN,
                    "%s", bytes_text(&standing));
}

static void draw_fields(const struct model *m, struct sheet *s)
{
        const struct opened *o = &m->opened;
        struct row selected = {0};
        bool any = model_selected(m, &selected);

        if (!o->is_held) {
                sheet_say(s, ROLE_PLAIN,
                          m->busy == EFFECT_OPEN ? "Opening: checking every share, joining them ..."
                                                 : "The fields are not in memory. Enter fetches them again.");
                return;
        }
        if (o->said[0])
                sheet_say(s, ROLE_BAD, "%s", o->said);
        for (size_t i = 0; i < o->n; i++)
                sheet_row(s, any && selected.index == i, ROLE_PLAIN, "%-20s %s", o->names[i],
                          o->is_totp[i] ? "hidden; Enter shows its one-time codes" : "hidden; Enter shows it");
}

static void draw_shown(const struct model *m, struct sheet *s)
{
        const struct opened *o = &m->opened;

        sheet_field(s, "field", ROLE_TITLE, "%s%s, shown now; Enter hides it",
                    o->is_totp[o->field] ? "one-time code of " : "", o->names[o->field]);
        if (o->lines[o->field])
                sheet_hole(s, o->lines[o->field]);
        else
                sheet_say(s, ROLE_WARN,
                          "%zu bytes that a terminal can't show well: w writes them to a file, x hands them to a "
                          "program.",
                          o->lens[o->field]);
}

static void draw_time(const struct model *m, const struct picture_request *r, struct sheet *s)
{
        int64_t left_ms = r->view.access_until_ms - m->now_ms;
        char left[32], time[WHEN_TEXT];

        countdown(left_ms, left);
        if (s->height >= 18 && !m->opened.is_shown)
                sheet_large(s, left);
        sheet_field(s, "time left", left_ms < 5 * MINUTE_MS ? ROLE_BAD : ROLE_GOOD,
                    "%s, until %s. D when you are done.", left, when(r->view.access_until_ms, m->now_ms, time));
}

static void draw(const struct model *m, struct sheet *s)
{
        const struct picture_request *r = model_request(m);
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;
        char name[NAME_TEXT];

        if (!r) {
                sheet_say(s, ROLE_PLAIN, "Reading the log ...");
                return;
        }
        sheet_say(s, ROLE_TITLE, "%s: %s", request_name(&r->view, name), r->view.credential);
        if (r->view.state == REQUEST_OPENED) {
                draw_time(m, r, s);
                sheet_heading(s, "FIELDS");
                if (m->opened.is_held && m->opened.is_shown)
                        draw_shown(m, s);
                else
                        draw_fields(m, s);
                return;
        }
        request_standing(&r->view, m->now_ms, &standing);
        sheet_field(s, "state", ROLE_TITLE, "%s", bytes_text(&standing));
        if (r->rotation && r->view.approvals_ever > 0)
                draw_rotation(m, r, s);
        if (r->view.has_incident && r->view.opened_at_ms)
                sheet_say(s, ROLE_PLAIN, "Next: i goes to %s, where the post-mortem is written.", r->view.incident);
}

/* ---- keys ---- */

static struct effect show(struct model *m, const struct picture_request *r)
{
        struct row row;

        if (r->view.state != REQUEST_OPENED)
                return EFFECT(EFFECT_NONE);
        if (!m->opened.is_held)
                return model_begin(m, EFFECT(EFFECT_OPEN, .id = m->request));
        if (m->opened.is_shown) {
                m->opened.is_shown = false;
                m->scroll = 0;
                return EFFECT(EFFECT_NONE);
        }
        if (!model_selected(m, &row))
                return EFFECT(EFFECT_NONE);
        m->opened.is_shown = true;
        m->opened.field = row.index;
        m->opened.shown_at_ms = m->now_ms;
        return EFFECT(EFFECT_NONE);
}

static struct effect hand_over(struct model *m, enum action a, const struct picture_request *r)
{
        struct row row = {.index = m->opened.field};
        char path[512];

        if (!m->opened.is_held || (!m->opened.is_shown && !model_selected(m, &row))) {
                model_note(m, ROLE_WARN, "The fields are not in memory: Enter fetches them.");
                return EFFECT(EFFECT_NONE);
        }
        m->opened.is_shown = false;
        m->opened.field = row.index;
        model_ask(m, a == ACT_FILE ? PROMPT_FILE : PROMPT_RUN, NULL);
        if (a == ACT_FILE) {
                snprintf(path, sizeof(path), "%s/R%llu.%s", m->folder, (unsigned long long)r->view.n,
                         m->opened.names[row.index]);
                input_set(&m->prompt.input, path);
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        const struct picture_request *r = model_request(m);

        if (!r)
                return EFFECT(EFFECT_NONE);
        switch ((int)a) {
        case ACT_SHOW: return show(m, r);
        case ACT_FILE:
        case ACT_RUN: return hand_over(m, a, r);
        case ACT_DONE:
                if (r->view.state != REQUEST_OPENED)
                        model_note(m, ROLE_PLAIN, "It is closed already.");
                else
                        model_ask(m, PROMPT_DONE, &m->request);
                return EFFECT(EFFECT_NONE);
        case ACT_GO_INCIDENT:
                snprintf(m->incident, sizeof(m->incident), "%s", r->view.incident);
                return model_go(m, SCREEN_INCIDENT);
        default: return EFFECT(EFFECT_NONE);
        }
}

static struct effect hand_over_now(struct model *m, enum effect_kind kind)
{
        m->sent = m->prompt.input;
        model_end_prompt(m);
        if (m->sent.n == 0)
                return EFFECT(EFFECT_NONE);
        return EFFECT(kind, .text = {m->sent.text}, .number = m->opened.field);
}

static struct effect confirm(struct model *m)
{
        const struct picture_request *r = model_request(m);

        if (m->prompt.kind == PROMPT_FILE)
                return hand_over_now(m, EFFECT_FILE);
        if (m->prompt.kind == PROMPT_RUN)
                return hand_over_now(m, EFFECT_RUN);
        if (!r || !model_typed(m, "done"))
                return EFFECT(EFFECT_NONE);
        model_end_prompt(m);
        m->opened.is_shown = false;
        return model_begin(
                m, EFFECT(EFFECT_CLOSE, .id = m->request, .text = {r->view.has_incident ? r->view.incident : NULL}));
}

const struct screen screen_opened = {
        .title = "Opened",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .list = list,
        .update = update,
        .confirm = confirm,
        .draw = draw,
};

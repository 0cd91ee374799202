/* The dry run of many rotations: the exact list, what would be ordered, what not and why. Ordering wants a reason and
 * the number of them, typed. */
#include "base/utf8.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(CHAR('o'), ACT_ORDER, "ORDER them",                                                                        \
          "Order all of these rotations: a reason, then their number, is typed first.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

static struct effect plan(struct model *m)
{
        struct rotating *to = &m->rotating;

        to->is_planning = true;
        to->planned_size = m->picture ? m->picture->size : 0;
        return EFFECT(EFFECT_PLAN, .id = to->lot, .number = to->kind, .text = {to->name});
}

static struct effect enter(struct model *m)
{
        rotate_plan_free(m->rotating.plan);
        m->rotating.plan = NULL;
        return plan(m);
}

static struct effect news(struct model *m)
{
        const struct rotating *r = &m->rotating;

        return r->is_planning || r->planned_size == m->picture->size ? EFFECT(EFFECT_NONE) : plan(m);
}

static void list(const struct model *m, struct rows *ret)
{
        const struct rotate_plan *p = m->rotating.plan;

        /* First what would be done, then what would not. */
        for (unsigned pass = 0; p && pass < 2; pass++)
                for (size_t i = 0; i < p->n; i++)
                        if (p->one[i].is_ordered != pass)
                                rows_add(ret, pass, i, &p->one[i].version);
}

/* ---- drawing ---- */

static void draw_one(const struct model *m, const struct rotate_one *one, bool is_selected, struct sheet *s)
{
        const struct picture_version *v =
                sheet_is_away(s) && !is_selected ? NULL : picture_version_of(m->picture, &one->version);
        bool is_by_hand = one->way == ROTATE_BY_HAND;
        const char *words = rotate_one_words(one);

        if (!v) {
                s->y++;
                return;
        }
        sheet_row(s, is_selected,
                  is_by_hand        ? ROLE_BAD
                  : one->is_ordered ? ROLE_PLAIN
                                    : ROLE_DIM,
                  "%s %s version %llu%s%s%s%s",
                  is_by_hand        ? "[!!]"
                  : one->is_ordered ? "[..]"
                                    : "[  ]",
                  v->credential, (unsigned long long)v->number, *words ? ": " : "", words,
                  one->way == ROTATE_UNDER_WAY && v->standing ? ": " : "",
                  one->way == ROTATE_UNDER_WAY && v->standing ? v->standing : "");
}

static void draw_list(const struct model *m, struct sheet *s)
{
        static const char *const headings[] = {"WOULD BE ORDERED", "WOULD NOT BE ORDERED"};
        struct row selected = {0};
        bool any = model_selected(m, &selected);
        unsigned pass = COUNT_OF(headings);
        struct rows rows = {0};

        list(m, &rows);
        for (size_t i = 0; i < rows.n; i++) {
                if (rows.row[i].kind != pass)
                        sheet_heading(s, headings[pass = rows.row[i].kind]);
                draw_one(m, &m->rotating.plan->one[rows.row[i].index], any && selected.index == rows.row[i].index, s);
        }
        rows_done(&rows);
}

static void draw(const struct model *m, struct sheet *s)
{
        CLEANUP_BYTES struct bytes what = BYTES_NONE, summary = BYTES_NONE;
        const struct rotate_plan *p = m->rotating.plan;

        lot_words(m->rotating.kind, m->rotating.name, &what);
        sheet_say(s, ROLE_TITLE, "Dry run: %s", bytes_text(&what));
        if (!p) {
                sheet_say(s, ROLE_PLAIN, "Looking ...");
                return;
        }
        rotate_say_plan(p, &summary);
        sheet_say(s, ROLE_PLAIN, "%s", bytes_text(&summary));
        if (!m->picture->is_admin)
                sheet_say(s, ROLE_WARN, "You are no admin: one of %s can order it.", m->picture->admins);
        else if (p->n_order > 0)
                sheet_say(s, ROLE_DIM, "Nothing is ordered yet: o does.");
        draw_list(m, s);
}

/* ---- keys ---- */

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        const struct rotate_plan *p = m->rotating.plan;

        if (a != ACT_ORDER || !p)
                return EFFECT(EFFECT_NONE);
        if (!m->picture->is_admin)
                model_note(m, ROLE_WARN, "Only an admin orders rotations: %s.", m->picture->admins);
        else if (p->n == 0)
                model_note(m, ROLE_WARN, "No credential's current version is meant by that.");
        else if (p->n_order == 0)
                model_note(m, ROLE_WARN, "Nothing is left to order: %zu due already, %zu by hand.",
                           p->n - p->n_by_hand, p->n_by_hand);
        else {
                model_ask(m, PROMPT_WHY, NULL);
                m->prompt.input = m->rotating.why;
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm_why(struct model *m)
{
        size_t points = 0;

        if (!utf8_valid(span_text(m->prompt.input.text), &points) || points == 0 || points > TEXT_MAX) {
                model_note(m, ROLE_WARN, "A reason of 1 to %u characters is wanted: this has %zu.",
                           (unsigned)TEXT_MAX, points);
                return EFFECT(EFFECT_NONE);
        }
        m->rotating.why = m->prompt.input;
        model_ask(m, PROMPT_ROTATE, NULL);
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm(struct model *m)
{
        struct rotating *r = &m->rotating;
        char word[ROTATE_WORD];

        if (m->prompt.kind == PROMPT_WHY)
                return confirm_why(m);
        if (!r->plan || !model_typed(m, rotate_word(r->plan, word)))
                return EFFECT(EFFECT_NONE);
        model_end_prompt(m);
        return model_begin(m, EFFECT(EFFECT_ORDER, .id = rotate_plan_digest(r->plan), .number = r->kind,
                                     .text = {r->name, r->why.text}));
}

const struct screen screen_plan = {
        .title = "Dry run",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .list = list,
        .enter = enter,
        .update = update,
        .confirm = confirm,
        .draw = draw,
        .news = news,
};

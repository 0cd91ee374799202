/* What a whole lot of rotations is chosen by. Choosing orders nothing: the dry run comes next. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(KEY(K_ENTER), ACT_ENTER, "dry run",                                                                        \
          "Show exactly what would be rotated, and what would not. Orders nothing.")                                 \
        X(CHAR('/'), ACT_FILTER, "filter", "Show only those with these letters; Esc shows all.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

static const char *const headings[] = {
        [LOT_OPENED_BY] = "WHAT SOMEBODY OPENED (current values)",
        [LOT_INCIDENT] = "WHAT WAS OPENED IN AN INCIDENT (current values)",
        [LOT_POLICY] = "WHAT IS UNDER A POLICY",
        [LOT_TAG] = "WHAT HAS A TAG",
};

static void list(const struct model *m, struct rows *ret)
{
        const char *text = m->filter[SCREEN_LOTS].text;

        for (size_t i = 0; i < m->picture->n_lots; i++) {
                const struct picture_lot *lot = &m->picture->lots[i];

                if (!*text || strcasestr(lot->kind == LOT_ALL ? "everything" : lot->name, text))
                        rows_add(ret, lot->kind, i, &lot->id);
        }
}

static void draw_lot(const struct picture_lot *lot, bool is_selected, struct sheet *s)
{
        if (lot->kind == LOT_ALL)
                sheet_row(s, is_selected, ROLE_PLAIN, "EVERYTHING there is");
        else if (lot->kind == LOT_INCIDENT && strlen(lot->name) == HASH_HEX)
                sheet_row(s, is_selected, ROLE_PLAIN, "without incident: request %.12s", lot->name);
        else
                sheet_row(s, is_selected, ROLE_PLAIN, "%s", lot->name);
}

static void draw(const struct model *m, struct sheet *s)
{
        struct row selected = {0};
        bool any = model_selected(m, &selected);
        unsigned kind = LOT_ALL;
        struct rows rows = {0};

        sheet_say(s, ROLE_DIM,
                  "Change a whole lot at once, after a leak or a stolen laptop. The next screen only shows it.");
        list(m, &rows);
        for (size_t i = 0; i < rows.n; i++) {
                const struct picture_lot *lot = &m->picture->lots[rows.row[i].index];
                bool is_selected = any && selected.index == rows.row[i].index;

                if (lot->kind != kind)
                        sheet_heading(s, headings[kind = lot->kind]);
                draw_lot(lot, is_selected, s);
        }
        if (rows.n == 0)
                sheet_say(s, ROLE_PLAIN, "Nothing fits the filter; Esc shows all.");
        rows_done(&rows);
}

static struct effect choose(struct model *m)
{
        struct rotating *to = &m->rotating;
        struct row row;

        if (!model_selected(m, &row))
                return EFFECT(EFFECT_NONE);
        const struct picture_lot *lot = &m->picture->lots[row.index];

        m->selected[SCREEN_LOTS] = lot->id;
        to->lot = lot->id;
        to->kind = lot->kind;
        snprintf(to->name, sizeof(to->name), "%s", lot->name);
        return model_go(m, SCREEN_PLAN);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        if (a == ACT_ENTER)
                return choose(m);
        if (a == ACT_FILTER) {
                model_ask(m, PROMPT_FILTER, NULL);
                m->prompt.input = m->filter[SCREEN_LOTS];
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm(struct model *m)
{
        model_end_prompt(m);
        return EFFECT(EFFECT_NONE);
}

const struct screen screen_lots = {
        .title = "Rotate many",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .list = list,
        .update = update,
        .confirm = confirm,
        .draw = draw,
};

/* Every rotation that is due, under way or ended lately, live and from the log alone: how far it is, what it waits
 * for, what is proven. */
#include "base/clock.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/rotations.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(KEY(K_ENTER), ACT_ENTER, "look",                                                                           \
          "Look at the selected one: why, what is next, and all that was said about it, with times.")                \
        X(CHAR('/'), ACT_FILTER, "filter", "Show only those whose name or state has these letters; Esc shows all.")  \
        X(CHAR('o'), ACT_ORDER, "order",                                                                             \
          "Rotate many: choose by person, incident, policy or tag. A dry run comes first.")                          \
        X(CHAR('r'), ACT_REPORT, "report", "What is proven and what is not, one by one.")                            \
        X(CHAR('<'), ACT_LESS, NULL, "Only what the order before was for.")                                          \
        X(CHAR('>'), ACT_MORE, NULL, "Only what the next order was for; behind the last one, everything.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

/* ---- the list ---- */

struct listing {
        const struct picture *picture;
        const char *filter;
        struct rows *rows;
};

static void add(void *context, const struct picture_version *v)
{
        const struct listing *l = context;

        if (!*l->filter || strcasestr(v->credential, l->filter) || strcasestr(rotate_state_word(v->state), l->filter))
                rows_add(l->rows, rotation_group_of(v->state), (size_t)(v - l->picture->versions), &v->id);
}

static void list(const struct model *m, struct rows *ret)
{
        struct listing l = {m->picture, m->filter[SCREEN_ROTATIONS].text, ret};

        rotations_each(m, add, &l);
}

/* ---- one line ---- */

static const char *mark_of(enum rotate_state s, enum role *ret)
{
        switch (rotation_group_of(s)) {
        case GROUP_PEOPLE: *ret = ROLE_BAD; return "[!!]";
        case GROUP_PROVEN: *ret = ROLE_GOOD; return "[ok]";
        case GROUP_WAITING: *ret = ROLE_WARN; return "[  ]";
        case GROUP_WORK:
        case ROTATION_GROUPS: break;
        }
        *ret = ROLE_PLAIN;
        return "[..]";
}

/* A long name's end tells more than its beginning. */
static const char *fit_name(const char *name, int width, char ret[NAME_MAX_CHARS + 8])
{
        size_t n = strlen(name), room = (size_t)width;

        snprintf(ret, NAME_MAX_CHARS + 8, "%s%s", n > room ? ".." : "", n > room ? name + n - room + 2 : name);
        return ret;
}

static void say_wait(const struct picture_version *v, struct bytes *ret)
{
        const struct rotation_view *r = &v->rotation;
        char time[TIME_TEXT];

        if (r->is_promoted && r->must_wait)
                bytes_printf(ret, "in use until %.5s", time_format(r->wait_until_ms, time) + 11);
        else if (v->missing)
                bytes_printf(ret, "custody %s", v->missing);
        else
                bytes_add_text(ret, "waits for a rotator");
}

static void say_outcome(const struct model *m, const struct picture_version *v, struct bytes *ret)
{
        const struct rotation_view *r = &v->rotation;
        char time[DURATION_TEXT];

        switch (v->state) {
        case ROTATE_REFUSED:
        case ROTATE_REPLACED:
                bytes_printf(ret, "%s, took %s", evidence_word(r->evidence),
                             duration_for_people(r->said_at_ms - r->begun_at_ms, time));
                break;
        case ROTATE_UNPROVEN: bytes_add_text(ret, "UNPROVEN, may work"); break;
        case ROTATE_IS_BY_HAND: bytes_add_text(ret, "BY HAND: no rotator"); break;
        case ROTATE_IN_TROUBLE:
                bytes_printf(ret, "%s", r->is_claimed ? r->claimed_by : "no rotator has it now");
                break;
        case ROTATE_WAITING: say_wait(v, ret); break;
        case ROTATE_AT_WORK:
                bytes_printf(ret, "%s, %s", r->claimed_by, duration_for_people(m->now_ms - r->begun_at_ms, time));
                break;
        case ROTATE_STATES: break;
        }
}

static void draw_line(const struct model *m, const struct picture_version *v, bool is_selected, struct sheet *s)
{
        CLEANUP_BYTES struct bytes step = BYTES_NONE, outcome = BYTES_NONE;
        char name[NAME_MAX_CHARS + 8];
        bool is_wide = s->width >= 80;
        int width = is_wide ? 22 : 18;
        enum role role;
        const char *mark = mark_of(v->state, &role);
        const char *reason = v->rotation.reason == NOT_DUE ? "-" : rotation_reason_word(v->rotation.reason);

        rotation_step(&v->rotation, &step);
        say_outcome(m, v, &outcome);
        sheet_row(s, is_selected, role, "%s %-*s %-*s%-11s %s", mark, width, fit_name(v->credential, width, name),
                  is_wide ? 9 : 0, is_wide ? reason : "", bytes_text(&step), bytes_text(&outcome));
}

static void draw_one(const struct model *m, const struct picture_version *v, bool is_selected, struct sheet *s)
{
        if (sheet_is_away(s) && !is_selected) {
                s->y++;
                return;
        }
        draw_line(m, v, is_selected, s);
}

/* ---- all ---- */

static void draw_head(const struct model *m, size_t n_fitting, struct sheet *s)
{
        struct rotate_count c = rotations_count(m);
        CLEANUP_BYTES struct bytes scope = BYTES_NONE, words = BYTES_NONE;
        bool is_bad = c.of[ROTATE_IN_TROUBLE] + c.of[ROTATE_UNPROVEN] + c.of[ROTATE_IS_BY_HAND] > 0;
        size_t proven = rotate_count_proven(&c);

        rotations_say_scope(m, &scope);
        sheet_say(s, ROLE_DIM, "%s %s", bytes_text(&scope), m->rotating.following ? "(>: all)" : "(<: one order)");
        if (c.n == 0)
                return;
        rotate_say_progress(&c, &words);
        if (s->height >= 18)
                sheet_bar(s, "proven", (unsigned)proven, (unsigned)c.n, is_bad ? ROLE_BAD : ROLE_GOOD);
        sheet_say(s, is_bad ? ROLE_BAD : proven == c.n ? ROLE_GOOD : ROLE_PLAIN, "%s", bytes_text(&words));
        if (m->filter[SCREEN_ROTATIONS].n)
                sheet_say(s, ROLE_DIM, "%zu of %zu, filtered by \"%s\"", n_fitting, c.n,
                          m->filter[SCREEN_ROTATIONS].text);
}

static void draw(const struct model *m, struct sheet *s)
{
        static const char *const headings[] = {"NEED SOMEBODY", "UNDER WAY", "WAITING", "PROVEN"};
        struct row selected = {0};
        bool any = model_selected(m, &selected);
        unsigned group = ROTATION_GROUPS;
        struct rows rows = {0};

        list(m, &rows);
        draw_head(m, rows.n, s);
        for (size_t i = 0; i < rows.n; i++) {
                if (rows.row[i].kind != group)
                        sheet_heading(s, headings[group = rows.row[i].kind]);
                draw_one(m, &m->picture->versions[rows.row[i].index], any && selected.index == rows.row[i].index, s);
        }
        if (rows.n == 0)
                sheet_say(s, ROLE_PLAIN,
                          m->filter[SCREEN_ROTATIONS].n ? "Nothing fits the filter; Esc shows all."
                                                        : "No rotation is due, under way or ended lately.");
        rows_done(&rows);
}

/* ---- keys ---- */

static struct effect look(struct model *m)
{
        struct row row;

        if (!model_selected(m, &row))
                return EFFECT(EFFECT_NONE);
        m->selected[SCREEN_ROTATIONS] = m->rotating.told = row.id;
        return model_go(m, SCREEN_ROTATION);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        switch ((int)a) {
        case ACT_ENTER: return look(m);
        case ACT_FILTER:
                model_ask(m, PROMPT_FILTER, NULL);
                m->prompt.input = m->filter[SCREEN_ROTATIONS];
                break;
        case ACT_ORDER: return model_go(m, SCREEN_LOTS);
        case ACT_REPORT: return model_go(m, SCREEN_REPORT);
        case ACT_LESS:
        case ACT_MORE:
                if (!rotations_follow(m, a == ACT_LESS))
                        model_note(m, ROLE_PLAIN,
                                   a == ACT_LESS ? "There is no order before."
                                                 : "This is everything that is due, under way or ended lately.");
                break;
        default: break;
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm(struct model *m)
{
        model_end_prompt(m);
        return EFFECT(EFFECT_NONE);
}

const struct screen screen_rotations = {
        .title = "Rotations",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .list = list,
        .update = update,
        .confirm = confirm,
        .draw = draw,
};

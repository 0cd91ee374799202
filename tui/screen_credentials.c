/* What can be opened: a list with a filter, and all about the selected one. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(KEY(K_ENTER), ACT_ASK, "ask for it", "Ask for the selected credential.")                                   \
        X(CHAR('a'), ACT_ASK, NULL, "The same.")                                                                     \
        X(CHAR('/'), ACT_FILTER, "filter",                                                                           \
          "Show only those whose name, use or policy has these letters; Esc shows all.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

static bool fits(const struct picture_credential *c, const char *text)
{
        return !*text || strcasestr(c->name, text) || strcasestr(c->opens_what, text) || strcasestr(c->policy, text);
}

static void list(const struct model *m, struct rows *ret)
{
        const char *text = m->filter[SCREEN_CREDENTIALS].text;

        for (size_t i = 0; i < m->picture->n_credentials; i++)
                if (fits(&m->picture->credentials[i], text))
                        rows_add(ret, 0, i, &m->picture->credentials[i].id);
}

/* ---- drawing ---- */

static const char *readiness(const struct picture_credential *c, enum role *ret)
{
        *ret = c->ready == READY_YES ? ROLE_PLAIN : c->ready == READY_SHAKY ? ROLE_WARN : ROLE_BAD;
        return c->ready == READY_YES ? "[ok]" : c->ready == READY_SHAKY ? "[! ]" : "[!!]";
}

/* "alice 3 days ago, bob NEVER" */
static void draw_custody(const struct model *m, const struct picture_credential *c, struct sheet *s)
{
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        char ago[DURATION_TEXT];

        for (size_t i = 0; i < c->n_custody; i++) {
                const struct picture_custody *h = &c->custody[i];

                bytes_printf(&line, "%s%s %s%s%s", i ? ", " : "", h->holder,
                             h->checked_at_ms ? duration_for_people(m->now_ms - h->checked_at_ms, ago) : "NEVER",
                             h->checked_at_ms ? " ago" : "", h->is_eligible ? "" : " (may no longer)");
        }
        if (c->n_custody > 0)
                sheet_field(s, "  checked", ROLE_PLAIN, "%s", bytes_text(&line));
}

static void draw_detail(const struct model *m, const struct picture_credential *c, struct sheet *s)
{
        char time[WHEN_TEXT], open_for[DURATION_TEXT], request_for[DURATION_TEXT];

        sheet_field(s, "  opens", ROLE_PLAIN, "%s", c->opens_what);
        sheet_field(s, "  policy", ROLE_PLAIN, "%s: %u of %s; asked for at most %s, opens for %s", c->policy, c->need,
                    c->holders, duration_for_people(c->request_for_ms, request_for),
                    duration_for_people(c->open_for_ms, open_for));
        sheet_field(s, "  opened", ROLE_PLAIN, "%s", when(c->last_opened_ms, m->now_ms, time));
        if (c->number == 0)
                sheet_field(s, "  readiness", ROLE_BAD, "nothing is sealed yet: `breakglass seal %s`", c->name);
        else
                sheet_field(s, "  readiness", c->ready == READY_YES ? ROLE_GOOD : ROLE_WARN,
                            "version %llu, %u of %u holders checked their share within 90 days, %u needed%s",
                            (unsigned long long)c->number, c->n_fresh, c->n_eligible, c->need,
                            c->is_outdated ? "; OUTDATED by its policy" : "");
        draw_custody(m, c, s);
        if (c->rotation || c->is_by_hand)
                sheet_field(s, "  rotation", ROLE_WARN, "%s%s", c->rotation ? c->rotation : "",
                            c->is_by_hand ? (c->rotation ? "; by hand" : "by hand: no machine changes it") : "");
        if (!c->may_ask)
                sheet_field(s, "  you", ROLE_DIM, "may not ask for it");
}

static void draw(const struct model *m, struct sheet *s)
{
        struct row selected = {0};
        bool any = model_selected(m, &selected);
        struct rows rows = {0};

        list(m, &rows);
        if (m->filter[SCREEN_CREDENTIALS].n)
                sheet_say(s, ROLE_DIM, "%zu of %zu, filtered by \"%s\"", rows.n, m->picture->n_credentials,
                          m->filter[SCREEN_CREDENTIALS].text);
        for (size_t i = 0; i < rows.n; i++) {
                const struct picture_credential *c = &m->picture->credentials[rows.row[i].index];
                bool is_selected = any && rows.row[i].index == selected.index;
                enum role role;
                const char *ready = readiness(c, &role);

                if (c->number == 0)
                        sheet_row(s, is_selected, role, "%-5s%-28s nothing sealed: %s", ready, c->name,
                                  c->opens_what);
                else
                        sheet_row(s, is_selected, role, "%-5s%-28s %u of %u  %s", ready, c->name, c->need,
                                  c->n_eligible, c->opens_what);
                if (is_selected) {
                        draw_detail(m, c, s);
                        s->focus_to = s->y;
                }
        }
        if (rows.n == 0)
                sheet_say(s, ROLE_PLAIN,
                          m->picture->n_credentials ? "Nothing fits the filter; Esc shows all."
                                                    : "The roster has no credentials yet.");
        rows_done(&rows);
}

/* ---- keys ---- */

static struct effect ask(struct model *m)
{
        const struct picture_credential *c;
        struct row row;

        if (!model_selected(m, &row))
                return EFFECT(EFFECT_NONE);
        c = &m->picture->credentials[row.index];
        m->selected[SCREEN_CREDENTIALS] = c->id;
        if (!c->may_ask)
                model_note(m, ROLE_WARN, "The policy %s does not let you ask for it; its requesters may.", c->policy);
        else if (c->number == 0)
                model_note(m, ROLE_WARN, "Nothing is sealed as %s yet.", c->name);
        else {
                if (strcmp(m->asking.credential, c->name) != 0)
                        m->asking = (struct asking){0};
                snprintf(m->asking.credential, sizeof(m->asking.credential), "%s", c->name);
                return model_go(m, SCREEN_ASK);
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        if (a == ACT_ASK)
                return ask(m);
        if (a == ACT_FILTER) {
                model_ask(m, PROMPT_FILTER, NULL);
                m->prompt.input = m->filter[SCREEN_CREDENTIALS];
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm(struct model *m)
{
        model_end_prompt(m);
        return EFFECT(EFFECT_NONE);
}

const struct screen screen_credentials = {
        .title = "Credentials",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .list = list,
        .update = update,
        .confirm = confirm,
        .draw = draw,
};

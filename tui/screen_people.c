/* People and readiness: who checked their shares when, which pages get out. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"

static void list(const struct model *m, struct rows *ret)
{
        for (size_t i = 0; i < m->picture->n_people; i++)
                rows_add(ret, 0, i, &m->picture->people[i].id);
}

static void draw_channels(const struct model *m, struct sheet *s)
{
        char accepted[WHEN_TEXT], failed[WHEN_TEXT];

        sheet_heading(s, "PAGES");
        for (size_t i = 0; i < m->picture->n_channels; i++) {
                const struct channel_view *c = &m->picture->channels[i];
                bool fails = c->last_failed_ms > c->last_accepted_ms;

                sheet_field(s, c->channel, fails ? ROLE_BAD : ROLE_GOOD, "%slast accepted %s%s%s",
                            fails ? "[!!] " : "[ok] ", when(c->last_accepted_ms, m->now_ms, accepted),
                            fails ? ", FAILED " : "", fails ? when(c->last_failed_ms, m->now_ms, failed) : "");
        }
        if (m->picture->n_channels == 0)
                sheet_say(s, ROLE_WARN, "[!!] The log shows no page that was ever sent.");
}

static void draw_person(const struct model *m, const struct picture_person *p, bool is_selected, struct sheet *s)
{
        const char *mark = p->held == 0 ? "    " : p->never + p->stale == 0 ? "[ok]" : p->fresh ? "[! ]" : "[!!]";
        enum role role = p->held && p->never + p->stale ? ROLE_WARN : ROLE_PLAIN;
        char ago[DURATION_TEXT];

        if (p->held)
                sheet_row(s, is_selected, role, "%s %-16s %s; %u share%s, %u fresh, %u stale, %u NEVER checked", mark,
                          p->name, p->roles, p->held, p->held == 1 ? "" : "s", p->fresh, p->stale, p->never);
        else
                sheet_row(s, is_selected, role, "%s %-16s %s", mark, p->name, p->roles);
        if (!is_selected)
                return;
        if (p->team || p->zone)
                sheet_field(s, "", ROLE_DIM, "team %s, zone %s", p->team ? p->team : "-", p->zone ? p->zone : "-");
        if (p->oldest_ms)
                sheet_field(s, "", ROLE_DIM, "oldest check %s ago",
                            duration_for_people(m->now_ms - p->oldest_ms, ago));
        if (p->never)
                sheet_field(s, "", ROLE_DIM, "they check their shares by running breakglass once");
        s->focus_to = s->y;
}

static void draw(const struct model *m, struct sheet *s)
{
        struct row selected = {0};
        bool any = model_selected(m, &selected);

        sheet_say(s, ROLE_DIM, "Roster %llu. fresh: checked within 90 days", (unsigned long long)m->picture->roster);
        sheet_heading(s, "PEOPLE");
        for (size_t i = 0; i < m->picture->n_people; i++)
                draw_person(m, &m->picture->people[i], any && selected.index == i, s);
        draw_channels(m, s);
}

const struct screen screen_people = {
        .title = "People",
        .list = list,
        .draw = draw,
};

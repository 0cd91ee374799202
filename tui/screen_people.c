/* People and readiness: who checked their shares when, which pages get out, how the roster changed. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(KEY(K_ENTER), ACT_SHOW, "shares",                                                                          \
          "Show the selected person's shares one by one, the longest unchecked first; again shows everybody.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

/* ---- the list: everybody, or one person's shares ---- */

static const struct picture_custody *custody_of(const struct picture_credential *c, const char *holder)
{
        for (size_t i = 0; i < c->n_custody; i++)
                if (strcmp(c->custody[i].holder, holder) == 0)
                        return &c->custody[i];
        return NULL;
}

struct held {
        int64_t checked_at_ms;
        size_t credential;
};

static int longest_unchecked_first(const void *a, const void *b)
{
        const struct held *x = a, *y = b;

        if (x->checked_at_ms != y->checked_at_ms)
                return x->checked_at_ms < y->checked_at_ms ? -1 : 1;
        return x->credential < y->credential ? -1 : 1;
}

static void list_shares(const struct model *m, struct rows *ret)
{
        const struct picture *p = m->picture;
        struct held *held = mem_new(p->n_credentials + 1, sizeof(*held));
        size_t n = 0;

        for (size_t i = 0; i < p->n_credentials; i++) {
                const struct picture_custody *c = custody_of(&p->credentials[i], m->holder);

                if (c)
                        held[n++] = (struct held){c->checked_at_ms, i};
        }
        qsort(held, n, sizeof(*held), longest_unchecked_first);
        for (size_t i = 0; i < n; i++)
                rows_add(ret, 0, held[i].credential, &p->credentials[held[i].credential].id);
        free(held);
}

static void list(const struct model *m, struct rows *ret)
{
        if (m->holder[0]) {
                list_shares(m, ret);
                return;
        }
        for (size_t i = 0; i < m->picture->n_people; i++)
                rows_add(ret, 0, i, &m->picture->people[i].id);
}

/* ---- drawing ---- */

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

/* The newest first. */
static void draw_rosters(const struct model *m, struct sheet *s)
{
        char time[TIME_TEXT];

        sheet_heading(s, "ROSTER CHANGES (UTC)");
        if (!m->rosters)
                sheet_say(s, ROLE_PLAIN, "Reading the log ...");
        for (size_t i = m->rosters ? m->rosters->n : 0; i-- > 0;) {
                const struct log_row *r = &m->rosters->rows[i];

                time_format(r->at_ms, time);
                time[10] = '\0';
                sheet_field(s, time, ROLE_PLAIN, "%s (entry %llu)", r->words, (unsigned long long)r->n);
        }
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

static void draw_shares(const struct model *m, struct sheet *s)
{
        struct row selected = {0};
        bool any = model_selected(m, &selected);
        struct rows rows = {0};
        char ago[DURATION_TEXT];

        list(m, &rows);
        sheet_say(s, ROLE_TITLE, "%s holds a share of %zu credential%s", m->holder, rows.n, rows.n == 1 ? "" : "s");
        for (size_t i = 0; i < rows.n; i++) {
                const struct picture_credential *c = &m->picture->credentials[rows.row[i].index];
                const struct picture_custody *h = custody_of(c, m->holder);
                bool is_fresh = h->checked_at_ms && m->now_ms - h->checked_at_ms <= 90 * DAY_MS;

                sheet_row(s, any && selected.index == rows.row[i].index, is_fresh ? ROLE_PLAIN : ROLE_WARN,
                          "%s %-28s version %llu, checked %s%s%s", is_fresh ? "[ok]" : "[! ]", c->name,
                          (unsigned long long)c->number,
                          h->checked_at_ms ? duration_for_people(m->now_ms - h->checked_at_ms, ago) : "NEVER",
                          h->checked_at_ms ? " ago" : "", h->is_eligible ? "" : "; may no longer use it");
        }
        rows_done(&rows);
}

static void draw(const struct model *m, struct sheet *s)
{
        struct row selected = {0};
        bool any = model_selected(m, &selected);

        if (m->holder[0]) {
                draw_shares(m, s);
                return;
        }
        sheet_say(s, ROLE_DIM, "Roster %llu. fresh: checked within 90 days", (unsigned long long)m->picture->roster);
        sheet_heading(s, "PEOPLE");
        for (size_t i = 0; i < m->picture->n_people; i++)
                draw_person(m, &m->picture->people[i], any && selected.index == i, s);
        draw_channels(m, s);
        draw_rosters(m, s);
}

/* ---- keys ---- */

static struct effect enter(struct model *m)
{
        m->holder[0] = '\0';
        return EFFECT(EFFECT_ROSTERS);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        struct row row;

        if (a != ACT_SHOW)
                return EFFECT(EFFECT_NONE);
        if (m->holder[0]) {
                m->selected[SCREEN_PEOPLE] = hash_of(span_text(m->holder));
                m->holder[0] = '\0';
        } else if (model_selected(m, &row)) {
                snprintf(m->holder, sizeof(m->holder), "%s", m->picture->people[row.index].name);
                m->last_row[SCREEN_PEOPLE] = 0;
        }
        return EFFECT(EFFECT_NONE);
}

const struct screen screen_people = {
        .title = "People",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .list = list,
        .enter = enter,
        .update = update,
        .draw = draw,
};

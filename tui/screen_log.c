/* The log in words: browse, filter, one entry in full, verify all of it. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(KEY(K_ENTER), ACT_SHOW, "details",                                                                         \
          "Show the entry in full, with what its signature says; again hides it.")                                   \
        X(CHAR('/'), ACT_FILTER, "filter", "Show only entries with these words; Enter looks through the whole log.") \
        X(CHAR('<'), ACT_LESS, "older", "Older entries.")                                                            \
        X(CHAR('>'), ACT_MORE, "newest", "The newest entries.")                                                      \
        X(CHAR('v'), ACT_VERIFY, "verify", "Verify the own copy: every signature, the order, every rule.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

static struct effect load(struct model *m, uint64_t until)
{
        return EFFECT(EFFECT_LOG, .number = until, .text = {m->filter[SCREEN_LOG].text});
}

static struct effect enter(struct model *m)
{
        free(m->entry);
        m->entry = NULL;
        m->selected[SCREEN_LOG] = (struct hash){0};
        m->last_row[SCREEN_LOG] = SIZE_MAX;
        return load(m, UINT64_MAX);
}

/* Entries never move: their number is their identity. */
static struct hash id_of(uint64_t n)
{
        struct hash id = {0};

        n++;
        memcpy(id.b, &n, sizeof(n));
        return id;
}

static void list(const struct model *m, struct rows *ret)
{
        for (size_t i = 0; m->log && i < m->log->n; i++) {
                struct hash id = id_of(m->log->rows[i].n);

                rows_add(ret, 0, i, &id);
        }
}

/* ---- drawing ---- */

static void draw(const struct model *m, struct sheet *s)
{
        struct row selected = {0};
        bool any = model_selected(m, &selected);

        sheet_say(s, ROLE_DIM, "%llu entries, head %s", (unsigned long long)m->picture->size, m->picture->head);
        if (!m->log) {
                sheet_say(s, ROLE_PLAIN, "Reading the log ...");
                return;
        }
        if (m->filter[SCREEN_LOG].n)
                sheet_say(s, ROLE_DIM, "filtered by \"%s\"", m->filter[SCREEN_LOG].text);
        if (m->log->n == 0)
                sheet_say(s, ROLE_PLAIN, "No entry fits.");
        for (size_t i = 0; i < m->log->n; i++) {
                const struct log_row *r = &m->log->rows[i];
                bool is_selected = any && selected.index == i;
                char time[TIME_TEXT];

                time_format(r->at_ms, time);
                time[16] = '\0';
                time[10] = ' ';
                sheet_row(s, is_selected, ROLE_PLAIN, "%5llu %s %s", (unsigned long long)r->n, time + 5, r->words);
                if (is_selected && m->entry) {
                        CLEANUP_FREE char *text = mem_text(m->entry);
                        char *save = NULL;

                        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                                sheet_field(s, "", ROLE_DIM, "%s", line);
                        s->focus_to = s->y;
                }
        }
}

/* ---- keys ---- */

static struct effect details(struct model *m)
{
        struct row row;

        if (m->entry) {
                free(m->entry);
                m->entry = NULL;
                return EFFECT(EFFECT_NONE);
        }
        if (!model_selected(m, &row))
                return EFFECT(EFFECT_NONE);
        m->selected[SCREEN_LOG] = row.id;
        return EFFECT(EFFECT_ENTRY, .number = m->log->rows[row.index].n);
}

static void drop_entry(struct model *m)
{
        free(m->entry);
        m->entry = NULL;
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        switch ((int)a) {
        case ACT_SHOW: return details(m);
        case ACT_FILTER:
                drop_entry(m);
                model_ask(m, PROMPT_FILTER, NULL);
                m->prompt.input = m->filter[SCREEN_LOG];
                return EFFECT(EFFECT_NONE);
        case ACT_LESS:
                drop_entry(m);
                if (!m->log || m->log->from == 0) {
                        model_note(m, ROLE_PLAIN, "This is the beginning of the log.");
                        return EFFECT(EFFECT_NONE);
                }
                m->last_row[SCREEN_LOG] = SIZE_MAX;
                return load(m, m->log->from);
        case ACT_MORE:
                drop_entry(m);
                m->last_row[SCREEN_LOG] = SIZE_MAX;
                return load(m, UINT64_MAX);
        case ACT_VERIFY: m->n_verified = 0; return model_begin(m, EFFECT(EFFECT_VERIFY));
        default: return EFFECT(EFFECT_NONE);
        }
}

static struct effect confirm(struct model *m)
{
        model_end_prompt(m);
        m->last_row[SCREEN_LOG] = SIZE_MAX;
        return load(m, UINT64_MAX);
}

const struct screen screen_log = {
        .title = "Log",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .list = list,
        .enter = enter,
        .update = update,
        .confirm = confirm,
        .draw = draw,
};

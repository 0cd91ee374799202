/* One rotation: why, how far, what is next, and all that was said about it. */
#include "base/clock.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

static struct effect read_statements(struct model *m)
{
        const struct picture_version *v = picture_version_of(m->picture, &m->rotating.told);

        m->rotating.told_said_ms = v ? v->rotation.said_at_ms : 0;
        return EFFECT(EFFECT_ROTATION, .id = m->rotating.told);
}

static struct effect enter(struct model *m)
{
        log_page_free(m->rotating.statements);
        m->rotating.statements = NULL;
        return read_statements(m);
}

static struct effect news(struct model *m)
{
        const struct picture_version *v = picture_version_of(m->picture, &m->rotating.told);

        return v && v->rotation.said_at_ms != m->rotating.told_said_ms ? read_statements(m) : EFFECT(EFFECT_NONE);
}

/* ---- drawing ---- */

static void draw_times(const struct model *m, const struct rotation_view *r, struct sheet *s)
{
        char time[WHEN_TEXT];

        if (r->begun_at_ms)
                sheet_field(s, "begun", ROLE_PLAIN, "%s", when(r->begun_at_ms, m->now_ms, time));
        if (r->is_done)
                sheet_field(s, "ended", ROLE_PLAIN, "%s", when(r->said_at_ms, m->now_ms, time));
        else if (r->is_claimed)
                sheet_field(s, "by", ROLE_PLAIN, "%s, until %s", r->claimed_by,
                            when(r->claimed_until_ms, m->now_ms, time));
        if (r->is_promoted && r->must_wait)
                sheet_field(s, "in use", ROLE_WARN, "an opening of the old value lives until %s",
                            when(r->wait_until_ms, m->now_ms, time));
}

static void draw_details(const struct model *m, const struct picture_version *v, struct sheet *s)
{
        CLEANUP_BYTES struct bytes stage = BYTES_NONE, why = BYTES_NONE;
        const struct rotation_view *r = &v->rotation;

        bytes_add_text(&why, r->reason == NOT_DUE ? "nothing but people" : rotation_reason_words(r->reason));
        if (r->has_order)
                bytes_printf(&why, " (entry %llu)", (unsigned long long)r->order_n);
        sheet_field(s, "why", ROLE_PLAIN, "%s", bytes_text(&why));
        draw_times(m, r, s);
        rotation_stage(r, &stage);
        sheet_field(s, "now", v->state == ROTATE_UNPROVEN ? ROLE_BAD : ROLE_PLAIN, "%s", bytes_text(&stage));
        if (v->missing)
                sheet_field(s, "custody", ROLE_WARN, "%s", v->missing);
        if (v->state == ROTATE_UNPROVEN)
                sheet_field(s, "next", ROLE_WARN,
                            "try the old value yourself; then an admin says `breakglass rotate --done`");
        if (v->state == ROTATE_IS_BY_HAND)
                sheet_field(s, "next", ROLE_WARN,
                            "change it at its target, `breakglass seal`, then `breakglass rotate --done`");
}

/* Today's have seconds, older ones their day. */
static void draw_statements(const struct model *m, struct sheet *s)
{
        const struct log_page *page = m->rotating.statements;
        char time[TIME_TEXT], today[TIME_TEXT];

        if (!page)
                sheet_say(s, ROLE_PLAIN, "Reading the log ...");
        time_format(m->now_ms, today);
        for (size_t i = 0; page && i < page->n; i++) {
                bool is_today = strncmp(time_format(page->rows[i].at_ms, time), today, 10) == 0;

                time[10] = ' ';
                time[is_today ? 19 : 16] = '\0';
                sheet_field(s, time + (is_today ? 11 : 5), ROLE_DIM, "%s", page->rows[i].words);
        }
}

static void draw(const struct model *m, struct sheet *s)
{
        const struct picture_version *v = picture_version_of(m->picture, &m->rotating.told);

        if (!v) {
                sheet_say(s, ROLE_PLAIN, "The log has no such version.");
                return;
        }
        sheet_say(s, ROLE_TITLE, "%s version %llu: %s", v->credential, (unsigned long long)v->number,
                  rotate_state_word(v->state));
        sheet_bar(s, "progress", rotation_steps_done(&v->rotation), ROTATION_STEPS,
                  rotate_is_proven(v->state) ? ROLE_GOOD : ROLE_WARN);
        draw_details(m, v, s);
        sheet_heading(s, "ALL THAT WAS SAID (UTC)");
        draw_statements(m, s);
}

const struct screen screen_rotation = {
        .title = "Rotation",
        .enter = enter,
        .draw = draw,
        .news = news,
};

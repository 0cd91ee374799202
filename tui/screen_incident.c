/* One incident: its time line from the log, and the post-mortem. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(CHAR('m'), ACT_POSTMORTEM, "post-mortem",                                                                  \
          "Write the post-mortem in your editor, with a draft from the log, and send it.")                           \
        X(CHAR('h'), ACT_HOLD, "hold", "Stop a close that was proposed from outside.")                               \
        X(CHAR('r'), ACT_REVIEW, "reload", "Read the time line again.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

static struct effect load(struct model *m)
{
        return EFFECT(EFFECT_TIMELINE, .text = {m->incident});
}

static struct effect enter(struct model *m)
{
        log_page_free(m->timeline);
        m->timeline = NULL;
        return load(m);
}

static bool is_written(const struct model *m)
{
        return m->postmortem && strcmp(m->incident, m->written_of) == 0;
}

/* ---- drawing ---- */

static void draw_standing(const struct model *m, const struct incident_view *v, struct sheet *s)
{
        char time[WHEN_TEXT];

        sheet_field(s, "requests", ROLE_PLAIN, "%u, %u opened, %u with access now", v->requests, v->opened, v->live);
        if (v->has_proposed_close)
                sheet_field(s, "close", ROLE_WARN, "proposed for %s; h holds it open",
                            when(v->proposed_deadline_ms, m->now_ms, time));
        if (v->is_open)
                sheet_field(s, "state", ROLE_WARN, "open");
        else
                sheet_field(s, "state", ROLE_GOOD, "closed %s", when(v->last_ended_at_ms, m->now_ms, time));
        if (v->has_postmortem)
                sheet_field(s, "post-mortem", ROLE_GOOD, "written; criterion met: %s",
                            criterion_word(v->criterion_met));
        else if (is_written(m))
                sheet_field(s, "post-mortem", ROLE_WARN, "written, NOT SENT: m sends it");
        else if (v->owes_postmortem)
                sheet_field(s, "post-mortem", v->is_overdue ? ROLE_BAD : ROLE_WARN, "owed by %s: m writes it",
                            when(v->postmortem_due_ms, m->now_ms, time));
        else
                sheet_field(s, "post-mortem", ROLE_DIM, "not owed%s",
                            v->opened ? " yet: something is still open" : "");
}

static void draw_timeline(const struct model *m, struct sheet *s)
{
        char time[TIME_TEXT];

        sheet_heading(s, "TIME LINE (UTC)");
        if (!m->timeline)
                sheet_say(s, ROLE_PLAIN, "Reading the log ...");
        for (size_t i = 0; m->timeline && i < m->timeline->n; i++) {
                time_format(m->timeline->rows[i].at_ms, time);
                time[19] = '\0';
                time[10] = ' ';
                sheet_field(s, time + 11, ROLE_PLAIN, "%s", m->timeline->rows[i].words);
        }
}

static void draw(const struct model *m, struct sheet *s)
{
        const struct picture_incident *i = picture_incident_of(m->picture, m->incident);
        bool is_label = strlen(m->incident) != HASH_HEX;

        if (!i) {
                sheet_say(s, ROLE_PLAIN, "The log has no incident %s.", m->incident);
                return;
        }
        sheet_say(s, ROLE_TITLE, is_label ? "Incident %s" : "Without incident: request %.12s", m->incident);
        draw_standing(m, &i->view, s);
        draw_timeline(m, s);
}

/* ---- keys ---- */

static struct effect write_postmortem(struct model *m, const struct picture_incident *i)
{
        if (!i || i->view.is_open)
                model_note(m, ROLE_WARN, "Close it first: the post-mortem comes when everything has ended.");
        else if (i->view.has_postmortem)
                model_note(m, ROLE_PLAIN,
                           "It has its post-mortem already; one more would be a second entry: use "
                           "`breakglass postmortem`.");
        else if (is_written(m))
                model_ask(m, PROMPT_CRITERION, NULL);
        else if (m->postmortem)
                model_note(m, ROLE_WARN, "The post-mortem of %s is written, but not sent: send that one first.",
                           m->written_of);
        else {
                snprintf(m->written_of, sizeof(m->written_of), "%s", m->incident);
                return model_begin(m, EFFECT(EFFECT_DRAFT, .text = {m->written_of}));
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        const struct picture_incident *i = picture_incident_of(m->picture, m->incident);

        switch ((int)a) {
        case ACT_POSTMORTEM: return write_postmortem(m, i);
        case ACT_HOLD:
                if (i && i->view.has_proposed_close)
                        model_ask(m, PROMPT_HOLD, NULL);
                else
                        model_note(m, ROLE_PLAIN, "Nobody proposes to close it.");
                return EFFECT(EFFECT_NONE);
        case ACT_REVIEW: return load(m);
        default: return EFFECT(EFFECT_NONE);
        }
}

static struct effect confirm_criterion(struct model *m)
{
        static const enum criterion all[] = {CRITERION_YES, CRITERION_NO, CRITERION_DRILL};

        for (size_t i = 0; i < COUNT_OF(all); i++) {
                if (strcmp(m->prompt.input.text, criterion_word(all[i])) != 0)
                        continue;
                model_end_prompt(m);
                return model_begin(
                        m, EFFECT(EFFECT_POSTMORTEM, .text = {m->written_of, m->postmortem}, .number = all[i]));
        }
        input_clear(&m->prompt.input);
        model_note(m, ROLE_WARN, "The answer is yes, no or drill. Esc keeps the text for later.");
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm(struct model *m)
{
        if (m->prompt.kind == PROMPT_CRITERION)
                return confirm_criterion(m);
        if (!model_typed(m, "hold"))
                return EFFECT(EFFECT_NONE);
        model_end_prompt(m);
        return model_begin(m, EFFECT(EFFECT_HOLD, .text = {m->incident}));
}

const struct screen screen_incident = {
        .title = "Incident",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .enter = enter,
        .update = update,
        .confirm = confirm,
        .draw = draw,
};

/* Asking: four fields with sensible defaults, the written emergency in full, and who will be paged. */
#include "base/clock.h"
#include "quorum/statement.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(KEY(K_ENTER), ACT_ENTER, "next", "To the next field; behind the last one, to sending.")                    \
        X(KEY(K_TAB), ACT_NEXT, NULL, "To the next field.")                                                          \
        X(KEY(K_DOWN), ACT_NEXT, NULL, "To the next field.")                                                         \
        X(KEY(K_BACK_TAB), ACT_PREVIOUS, NULL, "To the field before.")                                               \
        X(KEY(K_UP), ACT_PREVIOUS, NULL, "To the field before.")                                                     \
        X(KEY(K_LEFT), ACT_LESS, NULL, "Another emergency, less time; in a text, the cursor.")                       \
        X(KEY(K_RIGHT), ACT_MORE, "change", "Another emergency, more time; in a text, the cursor.")                  \
        X(CTRL('s'), ACT_SEND, "send", "Look at who is paged, then send.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

static const struct picture_credential *credential(const struct model *m)
{
        return picture_credential_of(m->picture, m->asking.credential);
}

static const struct picture_emergency *emergency(const struct model *m)
{
        return picture_emergency_of(m->picture, m->asking.emergency);
}

static struct effect enter(struct model *m)
{
        const struct picture_credential *c = credential(m);

        if (!c || m->asking.open_for_ms)
                return EFFECT(EFFECT_NONE);
        m->asking.open_for_ms = c->open_for_ms;
        if (c->n_emergencies > 0)
                snprintf(m->asking.emergency, sizeof(m->asking.emergency), "%s",
                         m->picture->emergencies[c->emergencies[0]].id);
        return EFFECT(EFFECT_NONE);
}

/* ---- drawing ---- */

static void draw_emergency(const struct model *m, const struct picture_credential *c, struct sheet *s)
{
        const struct picture_emergency *e = emergency(m);

        sheet_choice(s, "emergency", m->asking.emergency, c->n_emergencies > 1 ? "Left and Right pick another" : "",
                     m->asking.field == ASK_EMERGENCY);
        if (!e)
                return;
        sheet_field(s, "", ROLE_PLAIN, "%s", e->means);
        if (e->example)
                sheet_field(s, "", ROLE_DIM, "like: %s", e->example);
        if (e->not_this)
                sheet_field(s, "", ROLE_DIM, "NOT: %s", e->not_this);
}

static void draw_consequences(const struct model *m, const struct picture_credential *c, struct sheet *s)
{
        CLEANUP_BYTES struct bytes channels = BYTES_NONE;

        for (size_t i = 0; i < m->picture->n_channels; i++) {
                const struct channel_view *v = &m->picture->channels[i];

                bytes_printf(&channels, "%s%s%s", i ? ", " : "", v->channel,
                             v->last_failed_ms > v->last_accepted_ms ? " (FAILED last time)" : "");
        }
        sheet_gap(s);
        sheet_field(s, "asks", ROLE_TITLE, "%s; %u of them must approve", c->holders, c->need);
        if (channels.n)
                sheet_field(s, "pages", ROLE_PLAIN, "everybody on call, by %s", bytes_text(&channels));
        else
                sheet_field(s, "pages", ROLE_WARN,
                            "the log shows no page that was ever sent: call the holders yourself");
        for (size_t i = 0; i < m->picture->n_debts; i++)
                sheet_field(s, "owed", ROLE_WARN, "%s owes its post-mortem, overdue; approvers see that you saw this",
                            m->picture->debts[i]);
}

static void draw(const struct model *m, struct sheet *s)
{
        const struct picture_credential *c = credential(m);
        char time[DURATION_TEXT], most[DURATION_TEXT];
        char hint[DURATION_TEXT + 32];

        if (!c) {
                sheet_say(s, ROLE_BAD, "The roster has %s no more.", m->asking.credential);
                return;
        }
        sheet_field(s, "credential", ROLE_TITLE, "%s: %s", c->name, c->opens_what);
        sheet_gap(s);
        draw_emergency(m, c, s);
        sheet_input(s, "incident", &m->asking.incident, m->asking.field == ASK_INCIDENT);
        sheet_input(s, "reason", &m->asking.reason, m->asking.field == ASK_REASON);
        snprintf(hint, sizeof(hint), "once opened, at most %s", duration_for_people(c->open_for_ms, most));
        sheet_choice(s, "access for", duration_for_people(m->asking.open_for_ms, time), hint,
                     m->asking.field == ASK_TIME);
        draw_consequences(m, c, s);
}

/* ---- keys ---- */

static void change_emergency(struct model *m, const struct picture_credential *c, bool more)
{
        size_t at = 0;

        for (size_t i = 0; i < c->n_emergencies; i++)
                if (strcmp(m->picture->emergencies[c->emergencies[i]].id, m->asking.emergency) == 0)
                        at = i;
        if (c->n_emergencies == 0)
                return;
        at = (at + (more ? 1 : c->n_emergencies - 1)) % c->n_emergencies;
        snprintf(m->asking.emergency, sizeof(m->asking.emergency), "%s",
                 m->picture->emergencies[c->emergencies[at]].id);
}

/* Quarters of an hour, at most the policy's. */
static void change_time(struct model *m, const struct picture_credential *c, bool more)
{
        int64_t step = 15 * MINUTE_MS, t = m->asking.open_for_ms;

        t = more ? (t / step + 1) * step : ((t + step - 1) / step - 1) * step;
        m->asking.open_for_ms = t < step             ? (step < c->open_for_ms ? step : c->open_for_ms)
                                : t > c->open_for_ms ? c->open_for_ms
                                                     : t;
}

static struct input *text_field(struct model *m)
{
        return m->asking.field == ASK_INCIDENT ? &m->asking.incident
               : m->asking.field == ASK_REASON ? &m->asking.reason
                                               : NULL;
}

static bool is_complete(struct model *m)
{
        const struct picture_emergency *e = emergency(m);
        size_t points = 0;

        if (!e)
                model_note(m, ROLE_WARN, "The policy lists no emergency: nobody can ask for this.");
        else if (m->asking.incident.n == 0 && e->needs_incident) {
                m->asking.field = ASK_INCIDENT;
                model_note(m, ROLE_WARN, "%s wants an incident, like INC-7.", e->id);
        } else if (m->asking.incident.n && !label_is_valid(m->asking.incident.text)) {
                m->asking.field = ASK_INCIDENT;
                model_note(m, ROLE_WARN, "An incident is letters, digits and . _ / - (like INC-7).");
        } else if (strspn(m->asking.reason.text, " ") == m->asking.reason.n) {
                m->asking.field = ASK_REASON;
                model_note(m, ROLE_WARN, "Say why: the approvers read it.");
        } else if (!utf8_valid(span_text(m->asking.reason.text), &points) || points > REASON_MAX) {
                m->asking.field = ASK_REASON;
                model_note(m, ROLE_WARN, "At most %u characters: this has %zu.", (unsigned)REASON_MAX, points);
        } else
                return true;
        return false;
}

static struct effect want_to_send(struct model *m)
{
        if (is_complete(m))
                model_ask(m, PROMPT_SEND, NULL);
        return EFFECT(EFFECT_NONE);
}

static struct effect change(struct model *m, bool more, struct key_press k)
{
        const struct picture_credential *c = credential(m);

        if (text_field(m))
                input_take(text_field(m), k);
        else if (c && m->asking.field == ASK_EMERGENCY)
                change_emergency(m, c, more);
        else if (c)
                change_time(m, c, more);
        return EFFECT(EFFECT_NONE);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        switch ((int)a) {
        case ACT_ENTER:
                if (k.point == 0 && m->asking.field + 1 == ASK_FIELDS)
                        return want_to_send(m);
                m->asking.field += m->asking.field + 1 < ASK_FIELDS;
                return EFFECT(EFFECT_NONE);
        case ACT_NEXT: m->asking.field = (m->asking.field + 1) % ASK_FIELDS; return EFFECT(EFFECT_NONE);
        case ACT_PREVIOUS:
                m->asking.field = (m->asking.field + ASK_FIELDS - 1) % ASK_FIELDS;
                return EFFECT(EFFECT_NONE);
        case ACT_LESS: return change(m, false, k);
        case ACT_MORE: return change(m, true, k);
        case ACT_SEND: return want_to_send(m);
        default: break;
        }
        if (text_field(m))
                input_take(text_field(m), k);
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm(struct model *m)
{
        if (!model_typed(m, "yes"))
                return EFFECT(EFFECT_NONE);
        model_end_prompt(m);
        return model_begin(
                m, EFFECT(EFFECT_ASK,
                          .text = {m->asking.credential, m->asking.emergency,
                                   m->asking.incident.n ? m->asking.incident.text : NULL, m->asking.reason.text},
                          .ms = m->asking.open_for_ms));
}

static bool is_typing(const struct model *m)
{
        return m->asking.field == ASK_INCIDENT || m->asking.field == ASK_REASON;
}

const struct screen screen_ask = {
        .title = "Ask",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .enter = enter,
        .update = update,
        .confirm = confirm,
        .draw = draw,
        .is_typing = is_typing,
};

/* Questions below a screen. One that is about a request dies when that request changes. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/words.h"
#include <string.h>

struct effect prompt_update(struct model *m, struct key_press k);

static struct standing standing_of(const struct picture_request *r)
{
        if (!r)
                return (struct standing){0};
        return (struct standing){true,         r->view.state,     r->view.end,      r->n_approvals,
                                 r->n_denials, r->view.approvals, r->view.threshold};
}

static bool same_standing(const struct standing *a, const struct standing *b)
{
        return a->is_there == b->is_there && a->state == b->state && a->end == b->end &&
               a->n_approvals == b->n_approvals && a->n_denials == b->n_denials && a->approvals == b->approvals &&
               a->threshold == b->threshold;
}

void standing_difference(const struct standing *before, const struct picture_request *now, int64_t now_ms,
                         struct bytes *ret)
{
        struct standing after = standing_of(now);

        if (same_standing(before, &after))
                return;
        if (!now) {
                bytes_add_text(ret, "the log has it no more");
                return;
        }
        for (size_t i = before->n_approvals; i < now->n_approvals; i++)
                bytes_printf(ret, "%s approved; ", now->approvals[i].approver);
        for (size_t i = before->n_denials; i < now->n_denials; i++)
                bytes_printf(ret, "%s %s: %s; ", now->denials[i].denier,
                             now->denials[i].is_suspicious ? "finds it SUSPICIOUS" : "says no",
                             now->denials[i].reason);
        if (after.approvals != before->approvals || after.threshold != before->threshold)
                bytes_printf(ret, "%u of %u now; ", after.approvals, after.threshold);
        if (after.state != before->state || after.end != before->end) {
                bytes_add_text(ret, "it ");
                request_standing(&now->view, now_ms, ret);
                bytes_add_text(ret, "; ");
        }
        if (ret->n > 2)
                ret->n -= 2;
}

void model_ask(struct model *m, enum prompt_kind kind, const struct hash *about)
{
        m->prompt = (struct prompt){.kind = kind};
        if (!about)
                return;
        m->prompt.about = *about;
        m->prompt.stood = standing_of(picture_request_of(m->picture, about));
}

void model_end_prompt(struct model *m)
{
        m->prompt = (struct prompt){0};
}

bool model_typed(struct model *m, const char *word)
{
        if (strcmp(m->prompt.input.text, word) == 0)
                return true;
        model_note(m, ROLE_WARN, "Nothing was done: type the word %s, then Enter. Esc leaves it.", word);
        input_clear(&m->prompt.input);
        return false;
}

static bool wants_words(enum prompt_kind kind)
{
        return kind == PROMPT_WHY || kind == PROMPT_DENY || kind == PROMPT_SUSPICIOUS || kind == PROMPT_FILTER;
}

/* Enter that did not come from a finger. */
static struct effect refuse_paste(struct model *m)
{
        m->prompt.input.was_pasted = false;
        if (wants_words(m->prompt.kind)) {
                model_note(m, ROLE_WARN, "That came with a line break: look at it, then press Enter yourself.");
                return EFFECT(EFFECT_NONE);
        }
        input_clear(&m->prompt.input);
        model_note(m, ROLE_WARN, "That came all at once, with a line break: type it, then press Enter yourself.");
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm(struct model *m, struct key_press k)
{
        const struct screen *s = screen_of(m->screen);

        if (m->in_paste) {
                m->prompt.input.was_pasted = true;
                if (wants_words(m->prompt.kind))
                        input_take(&m->prompt.input, (struct key_press){K_CHAR, ' '});
                return EFFECT(EFFECT_NONE);
        }
        if (k.point != 0 || m->prompt.input.was_pasted)
                return refuse_paste(m);
        return s->confirm ? s->confirm(m) : EFFECT(EFFECT_NONE);
}

static void filter(struct model *m)
{
        m->filter[m->screen] = m->prompt.input;
        m->last_row[m->screen] = 0;
        m->scroll = 0;
}

static struct effect leave(struct model *m)
{
        if (m->prompt.kind == PROMPT_FILTER) {
                input_clear(&m->filter[m->screen]);
                const struct screen *s = screen_of(m->screen);

                model_end_prompt(m);
                return s->confirm ? s->confirm(m) : EFFECT(EFFECT_NONE);
        }
        model_end_prompt(m);
        return EFFECT(EFFECT_NONE);
}

struct effect prompt_update(struct model *m, struct key_press k)
{
        switch ((int)k.code) {
        case K_ENTER: return confirm(m, k);
        case K_ESC: return leave(m);
        case K_UP:
        case K_DOWN:
        case K_PAGE_UP:
        case K_PAGE_DOWN: model_move(m, key_action(screen_of(m->screen), k)); return EFFECT(EFFECT_NONE);
        default: break;
        }
        if (k.code == K_CTRL && !m->in_paste && k.point == 'c')
                return leave(m);
        if (k.code == K_CTRL && !m->in_paste && k.point == 'z')
                return EFFECT(EFFECT_SUSPEND);
        if (k.code == K_CTRL && !m->in_paste && k.point == 'l')
                return EFFECT(EFFECT_REDRAW);
        if (input_take(&m->prompt.input, k) && m->prompt.kind == PROMPT_FILTER)
                filter(m);
        return EFFECT(EFFECT_NONE);
}

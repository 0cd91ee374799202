/* Questions below a screen. One that is about a request dies when that request changes. */
#include "tui/frame.h"
#include "tui/keys_common.h"
#include <string.h>

struct effect prompt_update(struct model *m, struct key_press k);

uint64_t request_mark(const struct picture_request *r)
{
        if (!r)
                return 1;
        return ((uint64_t)r->view.state << 48) ^ ((uint64_t)r->view.end << 44) ^ ((uint64_t)r->n_approvals << 24) ^
               ((uint64_t)r->view.approvals << 16) ^ ((uint64_t)r->n_denials << 8) ^ r->view.threshold;
}

void model_ask(struct model *m, enum prompt_kind kind, const struct hash *about)
{
        m->prompt = (struct prompt){.kind = kind};
        if (!about)
                return;
        m->prompt.about = *about;
        m->prompt.mark = request_mark(picture_request_of(m->picture, about));
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
        return kind == PROMPT_DENY || kind == PROMPT_SUSPICIOUS || kind == PROMPT_FILTER;
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

/* What the world answers: news of the log, results of jobs, time. */
#include "base/clock.h"
#include "tui/frame.h"
#include "tui/words.h"
#include <string.h>

#define SHOWN_FOR_MS (2 * MINUTE_MS)

/* ---- news ---- */

/* Somebody is about to answer; what they answer to must still be what they read. */
static void check_prompt(struct model *m)
{
        CLEANUP_BYTES struct bytes changed = BYTES_NONE;
        const struct picture_request *r;
        char name[NAME_TEXT] = "That request";

        if (m->prompt.kind == PROMPT_NONE || hash_is_zero(&m->prompt.about))
                return;
        r = picture_request_of(m->picture, &m->prompt.about);
        standing_difference(&m->prompt.stood, r, m->now_ms, &changed);
        if (changed.n == 0)
                return;
        model_end_prompt(m);
        if (r)
                request_name(&r->view, name);
        model_note(m, ROLE_BAD, "%s changed while you were typing, and nothing was sent: %s. Look again.", name,
                   bytes_text(&changed));
}

/* What was reviewed is read again when the request moves on. */
static struct effect check_case(struct model *m)
{
        const struct picture_request *r = m->seen ? picture_request_of(m->picture, &m->seen->request.id) : NULL;

        if (m->screen != SCREEN_APPROVE || !r || m->has_receipt || m->is_reviewing || m->busy != EFFECT_NONE)
                return EFFECT(EFFECT_NONE);
        if (r->view.state == m->seen->request.state && r->view.approvals == m->seen->request.approvals &&
            r->view.denials == m->seen->request.denials)
                return EFFECT(EFFECT_NONE);
        return model_review(m);
}

static bool is_open(const struct model *m)
{
        const struct picture_request *r = model_request(m);

        return r && r->view.state == REQUEST_OPENED;
}

static struct effect hide(struct model *m)
{
        m->opened = (struct opened){0};
        return EFFECT(EFFECT_HIDE);
}

/* The new picture; what was opened goes when its access does. */
static struct effect take_picture(struct model *m, struct result *r)
{
        if (r->kind == EFFECT_NONE) {
                m->is_away = r->is_away;
                m->is_alarm = r->is_alarm;
                snprintf(m->link_reason, sizeof(m->link_reason), "%s", r->link_reason ? r->link_reason : "");
        }
        if (!r->picture)
                return EFFECT(EFFECT_NONE);
        picture_free(m->picture);
        m->picture = r->picture;
        r->picture = NULL;
        check_prompt(m);
        return m->opened.is_held && !is_open(m) ? hide(m) : EFFECT(EFFECT_NONE);
}

/* The log has grown, or something of one's own was done: what a screen shows of it is read again. */
static struct effect read_again(struct model *m)
{
        const struct screen *s = screen_of(m->screen);
        struct effect e = check_case(m);

        return e.kind == EFFECT_NONE && s->news && m->picture && !m->is_locked ? s->news(m) : e;
}

static struct effect take_news(struct model *m, struct result *r)
{
        struct effect e = take_picture(m, r);

        return e.kind != EFFECT_NONE ? e : read_again(m);
}

/* ---- results ---- */

static void note_failure(struct model *m, const struct result *r)
{
        const char *reason = r->reason && *r->reason ? r->reason : NULL;

        if (reason)
                model_note(m, ROLE_BAD, "%s: %s (%s)", err_word(r->err), err_sentence(r->err), reason);
        else
                model_note(m, ROLE_BAD, "%s: %s", err_word(r->err), err_sentence(r->err));
}

static struct effect take_asked(struct model *m, const struct result *r)
{
        m->request = r->id;
        m->n_trail = 0;
        m->asking = (struct asking){0};
        return model_go(m, SCREEN_WAITING);
}

static struct effect take_review(struct model *m, struct result *r)
{
        if (m->screen != SCREEN_APPROVE || !hash_equal(&r->id, &m->request))
                return EFFECT(EFFECT_FORGET);
        seen_case_free(m->seen);
        m->seen = r->seen;
        r->seen = NULL;
        m->has_receipt = false;
        return EFFECT(EFFECT_NONE);
}

static void show_receipt(struct model *m)
{
        m->has_receipt = true;
        m->scroll = 0;
}

static void take_approved(struct model *m, const struct result *r)
{
        show_receipt(m);
        model_note(m, ROLE_GOOD, "Approved: entry %llu of the log. Your share is on its way, sealed to %s alone.",
                   (unsigned long long)r->n, m->seen ? m->seen->request.requester : "the requester");
}

static void take_denied(struct model *m, const struct result *r)
{
        show_receipt(m);
        model_note(m, ROLE_GOOD, "Denied: entry %llu of the log. The requester and everybody on call are told.",
                   (unsigned long long)r->n);
}

static void take_document(struct model *m, const struct result *r)
{
        const struct document *d = r->document;

        if (m->is_locked)
                return;
        m->opened = (struct opened){.is_held = true, .n = d->n_fields};
        for (size_t i = 0; i < d->n_fields; i++) {
                memcpy(m->opened.names[i], d->field[i].name, sizeof(m->opened.names[i]));
                m->opened.lens[i] = d->field[i].len;
        }
        snprintf(m->opened.said, sizeof(m->opened.said), "%s", r->text ? r->text : "");
        if (m->screen != SCREEN_OPENED) {
                model_end_prompt(m);
                m->trail[m->n_trail < COUNT_OF(m->trail) ? m->n_trail++ : m->n_trail - 1] = m->screen;
                m->screen = SCREEN_OPENED;
                m->scroll = 0;
        }
        m->request = r->id;
}

static void take_text(char **to, struct result *r)
{
        free(*to);
        *to = r->text;
        r->text = NULL;
}

static void take_page(struct log_page **to, struct result *r)
{
        log_page_free(*to);
        *to = r->page;
        r->page = NULL;
}

static void note_close(struct model *m, const struct result *r)
{
        if (r->handed > 0)
                model_note(m, ROLE_GOOD,
                           "Closed (entry %llu). %u secret%s handed, sealed, to the rotator, to prove the old value "
                           "dead.",
                           (unsigned long long)r->n, r->handed, r->handed == 1 ? " was" : "s were");
        else
                model_note(m, ROLE_GOOD, "Closed (entry %llu).", (unsigned long long)r->n);
}

static void note_extend(struct model *m, const struct result *r)
{
        model_note(m, ROLE_GOOD, "Said (entry %llu); it counts when enough holders say the same.",
                   (unsigned long long)r->n);
}

/* ---- many rotations ---- */

static void take_statements(struct model *m, struct result *r)
{
        if (hash_equal(&r->id, &m->rotating.told))
                take_page(&m->rotating.statements, r);
}

/* Who is about to confirm must have seen the very list. */
static void take_plan(struct model *m, struct result *r)
{
        struct rotating *to = &m->rotating;
        bool asks = m->prompt.kind == PROMPT_WHY || m->prompt.kind == PROMPT_ROTATE;
        struct hash before = to->plan ? rotate_plan_digest(to->plan) : (struct hash){0};

        if (!hash_equal(&r->id, &to->lot))
                return; /* another lot is looked at by now */
        rotate_plan_free(to->plan);
        to->plan = r->plan;
        r->plan = NULL;
        struct hash after = rotate_plan_digest(to->plan);

        if (!asks || hash_equal(&before, &after))
                return;
        model_end_prompt(m);
        model_note(m, ROLE_BAD, "The list changed while you were typing, and nothing was sent. Look again.");
}

static struct effect take_order(struct model *m, struct result *r)
{
        CLEANUP_BYTES struct bytes words = BYTES_NONE;

        rotate_plan_free(m->rotating.following);
        m->rotating.following = r->plan;
        r->plan = NULL;
        rotate_say_ordered(m->rotating.following, &words);
        if (m->screen == SCREEN_PLAN) {
                m->screen = SCREEN_NOW;
                m->n_trail = 0;
                struct effect e = model_go(m, SCREEN_ROTATIONS);

                model_note(m, ROLE_GOOD, "%s", bytes_text(&words));
                return e;
        }
        model_note(m, ROLE_GOOD, "%s R shows how they go.", bytes_text(&words));
        return EFFECT(EFFECT_NONE);
}

/* ---- post-mortems ---- */

static bool is_writing(const struct model *m)
{
        return m->screen == SCREEN_INCIDENT && strcmp(m->incident, m->written_of) == 0 && !m->is_locked &&
               m->prompt.kind == PROMPT_NONE;
}

static struct effect take_draft(struct model *m, struct result *r)
{
        if (!is_writing(m))
                return EFFECT(EFFECT_NONE); /* gone elsewhere meanwhile: m asks for it again */
        take_text(&m->draft, r);
        return EFFECT(EFFECT_EDIT);
}

static void take_written(struct model *m, struct result *r)
{
        take_text(&m->postmortem, r);
        model_ask(m, PROMPT_CRITERION, NULL);
}

static void take_postmortem(struct model *m, const struct result *r)
{
        free(m->postmortem);
        m->postmortem = NULL;
        model_note(m, ROLE_GOOD, "The post-mortem of %s is in the log (entry %llu).", m->written_of,
                   (unsigned long long)r->n);
}

/* ---- all of them ---- */

static struct effect take_success(struct model *m, struct result *r)
{
        unsigned long long n = r->n;

        switch ((int)r->kind) {
        case EFFECT_ASK: return take_asked(m, r);
        case EFFECT_REVIEW: return take_review(m, r);
        case EFFECT_ORDER: return take_order(m, r);
        case EFFECT_DRAFT: return take_draft(m, r);
        case EFFECT_APPROVE: take_approved(m, r); break;
        case EFFECT_DENY: take_denied(m, r); break;
        case EFFECT_CANCEL: model_note(m, ROLE_GOOD, "Cancelled (entry %llu).", n); break;
        case EFFECT_OPEN: take_document(m, r); break;
        case EFFECT_CLOSE: note_close(m, r); break;
        case EFFECT_HOLD: model_note(m, ROLE_GOOD, "Held open (entry %llu).", n); break;
        case EFFECT_EXTEND: note_extend(m, r); break;
        case EFFECT_TIMELINE: take_page(&m->timeline, r); break;
        case EFFECT_LOG: take_page(&m->log, r); break;
        case EFFECT_ROSTERS: take_page(&m->rosters, r); break;
        case EFFECT_ROTATION: take_statements(m, r); break;
        case EFFECT_PLAN: take_plan(m, r); break;
        case EFFECT_ENTRY: take_text(&m->entry, r); break;
        case EFFECT_VERIFY: model_note(m, ROLE_GOOD, "%s", r->text); break;
        case EFFECT_EDIT: take_written(m, r); break;
        case EFFECT_POSTMORTEM: take_postmortem(m, r); break;
        case EFFECT_FILE: model_note(m, ROLE_GOOD, "Written, for you alone: %s", r->text ? r->text : ""); break;
        case EFFECT_RUN: model_note(m, ROLE_GOOD, "The program ended with %llu.", n); break;
        default: break;
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect take_failure(struct model *m, struct result *r)
{
        note_failure(m, r);
        if (r->kind == EFFECT_VERIFY && r->text)
                model_note(m, ROLE_BAD, "%s", r->text);
        if (r->kind == EFFECT_APPROVE && r->err == ERR_MISMATCH && m->screen == SCREEN_APPROVE)
                return model_review(m);
        if (r->kind == EFFECT_PLAN || r->kind == EFFECT_ORDER)
                m->rotating.planned_size = 0; /* what is shown may be no more: the next picture asks anew */
        if (r->kind == EFFECT_OPEN && r->err == ERR_TOO_EARLY && m->screen == SCREEN_WAITING)
                model_ask(m, PROMPT_DARK, &r->id);
        return EFFECT(EFFECT_NONE);
}

struct effect model_take(struct model *m, struct result *r)
{
        struct effect e = EFFECT(EFFECT_NONE);

        if (r->kind == EFFECT_NONE)
                return take_news(m, r);
        if (r->kind == EFFECT_VERIFY && r->err == OK && !r->text) {
                m->n_verified = r->n;
                return e; /* it goes on */
        }
        if (m->busy == r->kind)
                m->busy = EFFECT_NONE;
        if (r->kind == EFFECT_PLAN)
                m->rotating.is_planning = false;
        if (r->kind == EFFECT_REVIEW && hash_equal(&r->id, &m->request))
                m->is_reviewing = false;
        /* The picture first: what the result is about may be in it alone. */
        if (r->picture)
                e = take_picture(m, r);
        if (r->kind == EFFECT_UNLOCK) {
                m->is_locked = r->err != OK;
                if (r->err != OK)
                        note_failure(m, r);
                return e;
        }
        struct effect then = r->err == OK ? take_success(m, r) : take_failure(m, r);

        if (then.kind == EFFECT_NONE)
                then = e;
        return then.kind != EFFECT_NONE ? then : read_again(m);
}

struct effect model_tick(struct model *m, int64_t now_ms)
{
        m->now_ms = now_ms;
        if (m->key_at_ms == 0)
                m->key_at_ms = now_ms;
        if (m->opened.is_shown && now_ms - m->opened.shown_at_ms > SHOWN_FOR_MS) {
                m->opened.is_shown = false;
                model_note(m, ROLE_PLAIN, "Hidden again after two minutes.");
        }
        if (!m->is_locked && m->busy == EFFECT_NONE && now_ms - m->key_at_ms > m->lock_after_ms)
                return EFFECT(EFFECT_LOCK);
        return EFFECT(EFFECT_NONE);
}

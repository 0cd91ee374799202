/* A request on its way: who was asked, who answered, the code to read out, and the one next step. */
#include "base/clock.h"
#include "quorum/code.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define KEYS(X)                                                                                                      \
        X(CHAR('o'), ACT_OPEN, "open",                                                                               \
          "Break the glass, once enough have approved: everybody is paged, the clock starts.")                       \
        X(CHAR('x'), ACT_CANCEL, "give up", "Cancel the request.")                                                   \
        X(CHAR('e'), ACT_EXTEND, NULL, "As a holder, agree that an opened one lasts longer.")                        \
        X(CHAR('i'), ACT_GO_INCIDENT, "incident", "Go to its incident.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

/* ---- drawing ---- */

static void draw_code(const struct picture_request *r, struct sheet *s)
{
        char code[CODE_TEXT];

        code_of(&r->view.id, code);
        sheet_gap(s);
        sheet_large(s, code);
        sheet_gap(s);
        sheet_say(s, ROLE_TITLE, "Call them and read out the code %s. By voice only: not into chat, not into a page.",
                  code);
}

static void draw_answers(const struct model *m, const struct picture_request *r, struct sheet *s)
{
        char ago[DURATION_TEXT];

        for (size_t i = 0; i < r->n_approvals; i++)
                sheet_field(s, "[ok]", r->approvals[i].is_valid ? ROLE_GOOD : ROLE_WARN, "%s approved %s ago%s",
                            r->approvals[i].approver, duration_for_people(m->now_ms - r->approvals[i].at_ms, ago),
                            r->approvals[i].is_valid ? "" : ", no longer valid");
        for (size_t i = 0; i < r->n_denials; i++)
                sheet_field(s, r->denials[i].is_suspicious ? "[!!]" : "[no]", ROLE_BAD, "%s %s: %s",
                            r->denials[i].denier, r->denials[i].is_suspicious ? "finds it SUSPICIOUS" : "says no",
                            r->denials[i].reason);
        if (r->asked && r->view.approvals < r->view.threshold)
                sheet_field(s, "[..]", ROLE_PLAIN, "asked, no answer yet: %s", r->asked);
}

static void draw_pages(const struct model *m, struct sheet *s)
{
        char ago[DURATION_TEXT];

        for (size_t i = 0; i < m->picture->n_channels; i++) {
                const struct channel_view *c = &m->picture->channels[i];

                if (c->last_failed_ms > c->last_accepted_ms)
                        sheet_field(s, "pages", ROLE_BAD, "%s FAILED %s ago: call people yourself", c->channel,
                                    duration_for_people(m->now_ms - c->last_failed_ms, ago));
                else if (c->last_accepted_ms)
                        sheet_field(s, "pages", ROLE_PLAIN, "%s took the last one %s ago", c->channel,
                                    duration_for_people(m->now_ms - c->last_accepted_ms, ago));
        }
}

/* "in 40 s to carol (again), sre-leads" */
static void draw_next_page(const struct model *m, const struct picture_request *r, struct sheet *s)
{
        char left[32];

        if (r->next_page && r->next_page_ms > m->now_ms)
                sheet_field(s, "next page", ROLE_PLAIN, "in %s to %s", countdown(r->next_page_ms - m->now_ms, left),
                            r->next_page);
        else if (r->next_page)
                sheet_field(s, "next page", ROLE_PLAIN, "now to %s", r->next_page);
}

static void draw_advice(const struct model *m, const struct picture_request *r, struct sheet *s)
{
        if (m->now_ms - r->view.at_ms > 2 * MINUTE_MS && r->view.state == REQUEST_WAITING)
                sheet_say(s, ROLE_WARN,
                          "Nobody answers? Call %s by phone, one after the other: any %u of all holders will do. "
                          "Pages go on by themselves.",
                          r->asked ? r->asked : "the holders",
                          r->view.threshold -
                                  (r->view.approvals < r->view.threshold ? r->view.approvals : r->view.threshold));
}

static void draw_standing(const struct model *m, const struct picture_request *r, struct sheet *s)
{
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;
        char left[32];

        switch (r->view.state) {
        case REQUEST_WAITING:
                sheet_bar(s, "approvals", r->view.approvals, r->view.threshold, ROLE_WARN);
                sheet_field(s, "ends in", ROLE_PLAIN, "%s", countdown(r->view.expires_at_ms - m->now_ms, left));
                return;
        case REQUEST_READY:
                sheet_bar(s, "approvals", r->view.approvals, r->view.threshold, ROLE_GOOD);
                sheet_field(s, "READY", ROLE_GOOD, "%s",
                            r->is_mine ? "press o to open it. The clock starts then, not before."
                                       : "its requester can open it");
                return;
        case REQUEST_OPENED:
        case REQUEST_ENDED: request_standing(&r->view, m->now_ms, &standing);
        }
        sheet_field(s, "state", ROLE_TITLE, "%s", bytes_text(&standing));
}

static void draw(const struct model *m, struct sheet *s)
{
        const struct picture_request *r = model_request(m);
        char name[NAME_TEXT];

        if (!r) {
                sheet_say(s, ROLE_PLAIN, "Reading the log ...");
                return;
        }
        sheet_say(s, ROLE_TITLE, "%s: %s ask%s for %s", request_name(&r->view, name),
                  r->is_mine ? "you" : r->view.requester, r->is_mine ? "" : "s", r->view.credential);
        sheet_say(s, ROLE_DIM, "%s: %s", request_incident(&r->view), r->view.reason);
        if (r->is_mine && r->view.state == REQUEST_WAITING)
                draw_code(r, s);
        sheet_gap(s);
        draw_standing(m, r, s);
        draw_answers(m, r, s);
        if (r->view.state == REQUEST_WAITING) {
                draw_next_page(m, r, s);
                draw_pages(m, s);
                draw_advice(m, r, s);
        }
        if (r->is_mine && r->view.state == REQUEST_WAITING)
                sheet_say(s, ROLE_DIM, "You may close this terminal: the request goes on, and Now shows it again.");
}

/* ---- keys ---- */

static struct effect want_to_open(struct model *m, const struct picture_request *r)
{
        if (!r->is_mine)
                model_note(m, ROLE_WARN, "Only %s can open it.", r->view.requester);
        else if (r->view.state == REQUEST_OPENED)
                return model_go(m, SCREEN_OPENED);
        else if (r->view.state == REQUEST_WAITING)
                model_note(m, ROLE_WARN, "Not yet: %u of %u have approved.", r->view.approvals, r->view.threshold);
        else if (r->view.state == REQUEST_ENDED)
                model_note(m, ROLE_WARN, "It has ended: ask anew.");
        else {
                model_ask(m, PROMPT_OPEN, &r->view.id);
                model_note(m, ROLE_WARN,
                           "Opening starts the clock and pages everybody; afterwards the credential is changed.");
        }
        return EFFECT(EFFECT_NONE);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        const struct picture_request *r = model_request(m);

        if (!r)
                return EFFECT(EFFECT_NONE);
        switch ((int)a) {
        case ACT_OPEN: return want_to_open(m, r);
        case ACT_GO_INCIDENT:
                snprintf(m->incident, sizeof(m->incident), "%s", r->view.incident);
                return model_go(m, SCREEN_INCIDENT);
        case ACT_CANCEL:
                if (r->is_mine && (r->view.state == REQUEST_WAITING || r->view.state == REQUEST_READY))
                        model_ask(m, PROMPT_CANCEL, &r->view.id);
                else
                        model_note(m, ROLE_WARN,
                                   r->is_mine ? "It can not be given up any more." : "It is not yours.");
                return EFFECT(EFFECT_NONE);
        case ACT_EXTEND:
                if (r->view.state == REQUEST_OPENED)
                        model_ask(m, PROMPT_EXTEND, NULL);
                else
                        model_note(m, ROLE_WARN, "Only what is open can last longer.");
                return EFFECT(EFFECT_NONE);
        default: return EFFECT(EFFECT_NONE);
        }
}

static struct effect confirm_time(struct model *m)
{
        int64_t open_for_ms = 0;

        if (duration_parse(m->prompt.input.text, &open_for_ms) != OK) {
                err_forget();
                model_note(m, ROLE_WARN, "A time is like 90m or 2h: how long in all, from the opening on.");
                return EFFECT(EFFECT_NONE);
        }
        model_end_prompt(m);
        return model_begin(m, EFFECT(EFFECT_EXTEND, .id = m->request, .ms = open_for_ms));
}

static struct effect confirm(struct model *m)
{
        enum prompt_kind kind = m->prompt.kind;
        bool dark = kind == PROMPT_DARK;

        if (kind == PROMPT_EXTEND)
                return confirm_time(m);
        if (!model_typed(m, dark ? "DARK" : kind == PROMPT_OPEN ? "open" : "cancel"))
                return EFFECT(EFFECT_NONE);
        model_end_prompt(m);
        if (kind == PROMPT_CANCEL)
                return model_begin(m, EFFECT(EFFECT_CANCEL, .id = m->request));
        return model_begin(m, EFFECT(EFFECT_OPEN, .id = m->request, .flag = dark));
}

const struct screen screen_waiting = {
        .title = "Request",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .update = update,
        .confirm = confirm,
        .draw = draw,
};

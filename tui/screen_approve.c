/* What an approver sees and does. Everything shown comes from bytes that were verified for this very look; the code
 * itself is never on this screen: it comes by voice. */
#include "quorum/code.h"
#include "quorum/statement.h"
#include "tui/frame.h"
#include "tui/keys_common.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define CODE_TRIES   3u
#define REASON_LINES 12u /* enough for REASON_MAX characters at 60 columns; escaped ones can take more */

#define KEYS(X)                                                                                                      \
        X(CHAR('y'), ACT_APPROVE, "approve", "Approve: you type the code that the requester reads out to you.")      \
        X(CHAR('d'), ACT_DENY, "deny", "Say no, with a reason that everybody reads.")                                \
        X(CHAR('s'), ACT_SUSPICIOUS, "suspicious", "Say no and ring the alarm: this may be an attack.")              \
        X(CHAR('i'), ACT_GO_INCIDENT, NULL, "Go to its incident.")                                                   \
        X(CHAR('r'), ACT_REVIEW, NULL, "Check everything once more.")

static const struct key_about keys[] = {KEYS(KEY_ABOUT)};

static struct effect enter(struct model *m)
{
        if (m->seen && hash_equal(&m->seen->request.id, &m->request))
                return EFFECT(EFFECT_NONE);
        seen_case_free(m->seen);
        m->seen = NULL;
        m->has_receipt = m->override = false;
        return model_review(m);
}

/* ---- drawing: one labelled line each ---- */

static void draw_times(const struct model *m, const struct seen_case *c, struct sheet *s)
{
        char time[WHEN_TEXT], duration[DURATION_TEXT], now[TIME_TEXT];

        sheet_field(s, "asked", ROLE_PLAIN, "%s", when(c->request.made_at_ms, m->now_ms, time));
        sheet_field(s, "expires", ROLE_PLAIN, "%s", when(c->request.expires_at_ms, m->now_ms, time));
        sheet_field(s, "now", ROLE_PLAIN, "%s", time_format(m->now_ms, now));
        sheet_field(s, "access for", ROLE_PLAIN, "%s once opened",
                    duration_for_people(c->request.open_for_ms, duration));
}

static void draw_answers(const struct seen_case *c, struct sheet *s)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;

        for (size_t i = 0; i < c->n_approvals; i++)
                bytes_printf(&names, "%s%s", i ? ", " : ": ", c->approvals[i]);
        sheet_field(s, "approvals", ROLE_PLAIN, "%u of %u%s", c->request.approvals, c->request.threshold,
                    bytes_text(&names));
        if (c->opens_it)
                sheet_field(s, "", ROLE_WARN, "YOURS IS THE LAST ONE NEEDED: approving opens it");
        for (size_t i = 0; i < c->n_denials; i++)
                sheet_field(s, c->has_suspicion ? "[!!] denied" : "[no] denied", ROLE_BAD, "%s", c->denials[i]);
        sheet_field(s, "in 24 h", c->requests_24h ? ROLE_WARN : ROLE_PLAIN, "%u other request%s by %s",
                    c->requests_24h, c->requests_24h == 1 ? "" : "s", c->request.requester);
        sheet_field(s, "owes", c->debts ? ROLE_WARN : ROLE_PLAIN, "%u post-mortem%s", c->debts,
                    c->debts == 1 ? "" : "s");
}

static void draw_case(const struct model *m, const struct seen_case *c, struct sheet *s)
{
        char name[NAME_TEXT];

        sheet_say(s, ROLE_TITLE, "%s: somebody asks you to break glass", request_name(&c->request, name));
        sheet_field(s, "who", ROLE_TITLE, "%s", c->who);
        sheet_field(s, "credential", ROLE_TITLE, "%s, version %llu", c->request.credential,
                    (unsigned long long)c->version);
        sheet_field(s, "opens", ROLE_PLAIN, "%s", c->opens_what);
        sheet_field(s, "emergency", ROLE_PLAIN, "%s: %s", c->request.emergency, c->emergency);
        if (c->example)
                sheet_field(s, "", ROLE_DIM, "like: %s", c->example);
        if (c->not_this)
                sheet_field(s, "", ROLE_DIM, "NOT: %s", c->not_this);
        sheet_field(s, "incident", ROLE_PLAIN, "%s", request_incident(&c->request));
        sheet_box(s, "reason", ROLE_TITLE, REASON_LINES, c->request.reason);
        if (m->has_receipt)
                return;
        draw_times(m, c, s);
        draw_answers(c, s);
        if (c->wants_override)
                sheet_field(s, "SPENT", ROLE_BAD,
                            "%u other holder%s given a share of this version to another request. With yours, enough "
                            "shares "
                            "would lie about to open it although no single request had enough approvals. Safer: "
                            "deny, and let "
                            "it be rotated. If this cannot wait, approving asks you to override; the log says that "
                            "you did.",
                            c->others_spent, c->others_spent == 1 ? " has" : "s have");
        sheet_field(s, "your share", ROLE_DIM,
                    "number %u, checked; it goes, sealed to this request's key, to %s alone", c->my_index,
                    c->request.requester);
        sheet_say(s, ROLE_WARN, "Approve only if you are talking to %s right now and believe the reason.",
                  c->request.requester);
}

static void draw_receipt(const struct model *m, struct sheet *s)
{
        const struct picture_request *r = model_request(m);
        CLEANUP_BYTES struct bytes standing = BYTES_NONE;

        if (!r)
                return;
        request_standing(&r->view, m->now_ms, &standing);
        sheet_field(s, "RECEIPT", ROLE_GOOD, "you have answered. It has %u of %u now: %s", r->view.approvals,
                    r->view.threshold, bytes_text(&standing));
        sheet_gap(s);
}

static void draw(const struct model *m, struct sheet *s)
{
        if (!m->seen) {
                sheet_say(s, ROLE_PLAIN,
                          m->is_reviewing ? "Checking request, version, earlier approvals and your share ..."
                                          : "This cannot be approved; the line below says why. d still denies it.");
                return;
        }
        if (m->has_receipt)
                draw_receipt(m, s);
        draw_case(m, m->seen, s);
}

/* ---- keys ---- */

static struct effect want_to_approve(struct model *m)
{
        if (!m->seen)
                model_note(m, ROLE_WARN, "Nothing that was checked is on this screen: r checks again.");
        else if (m->has_receipt)
                model_note(m, ROLE_PLAIN, "You have answered already.");
        else
                model_ask(m, m->seen->wants_override && !m->override ? PROMPT_OVERRIDE : PROMPT_CODE, &m->request);
        return EFFECT(EFFECT_NONE);
}

static struct effect update(struct model *m, enum action a, struct key_press k)
{
        const struct picture_request *r = model_request(m);

        switch ((int)a) {
        case ACT_APPROVE: return want_to_approve(m);
        case ACT_DENY:
        case ACT_SUSPICIOUS:
                if (r && r->view.state == REQUEST_ENDED)
                        model_note(m, ROLE_PLAIN, "It has ended.");
                else
                        model_ask(m, a == ACT_DENY ? PROMPT_DENY : PROMPT_SUSPICIOUS, &m->request);
                return EFFECT(EFFECT_NONE);
        case ACT_GO_INCIDENT:
                if (!r)
                        return EFFECT(EFFECT_NONE);
                snprintf(m->incident, sizeof(m->incident), "%s", r->view.incident);
                return model_go(m, SCREEN_INCIDENT);
        case ACT_REVIEW: return model_review(m);
        default: return EFFECT(EFFECT_NONE);
        }
}

static struct effect confirm_code(struct model *m)
{
        unsigned tries = m->prompt.tries + 1;

        if (code_matches(&m->request, m->prompt.input.text)) {
                model_end_prompt(m);
                return model_begin(m, EFFECT(EFFECT_APPROVE, .id = m->request, .flag = m->override));
        }
        input_clear(&m->prompt.input);
        m->prompt.tries = tries;
        if (tries < CODE_TRIES) {
                model_note(m, ROLE_BAD, "That is not this request's code. Ask the requester to read it out again.");
                return EFFECT(EFFECT_NONE);
        }
        model_end_prompt(m);
        model_note(
                m, ROLE_BAD,
                "%u wrong codes: make sure whom you are talking to, and about which request. d denies, s rings the "
                "alarm.",
                CODE_TRIES);
        return EFFECT(EFFECT_NONE);
}

static struct effect confirm_denial(struct model *m)
{
        bool suspicious = m->prompt.kind == PROMPT_SUSPICIOUS;
        size_t points = 0;

        if (strspn(m->prompt.input.text, " ") == m->prompt.input.n) {
                model_note(m, ROLE_WARN, "Say why: a few words are enough. Esc leaves it.");
                return EFFECT(EFFECT_NONE);
        }
        if (!utf8_valid(span_text(m->prompt.input.text), &points) || points > REASON_MAX) {
                model_note(m, ROLE_WARN, "At most %u characters.", (unsigned)REASON_MAX);
                return EFFECT(EFFECT_NONE);
        }
        m->sent = m->prompt.input;
        model_end_prompt(m);
        return model_begin(m, EFFECT(EFFECT_DENY, .id = m->request, .text = {m->sent.text}, .flag = suspicious));
}

static struct effect confirm(struct model *m)
{
        switch ((int)m->prompt.kind) {
        case PROMPT_OVERRIDE:
                if (!model_typed(m, "OVERRIDE"))
                        return EFFECT(EFFECT_NONE);
                m->override = true;
                model_ask(m, PROMPT_CODE, &m->request);
                return EFFECT(EFFECT_NONE);
        case PROMPT_CODE: return confirm_code(m);
        default: return confirm_denial(m);
        }
}

const struct screen screen_approve = {
        .title = "Approve",
        .keys = keys,
        .n_keys = COUNT_OF(keys),
        .enter = enter,
        .update = update,
        .confirm = confirm,
        .draw = draw,
};

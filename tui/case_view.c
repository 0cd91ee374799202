#include "tui/case_view.h"
#include "quorum/code.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

/* ---- the screen: one labelled line each, from the verified bytes ---- */

static void show_person(const struct case_view *v, const char *name)
{
        const struct person *p = roster_person(ledger_roster(v->ledger), name);

        say_field("who", "%s%s%s%s%s", name, p && p->team ? ", team " : "", p && p->team ? p->team : "",
                  p && p->zone ? ", " : "", p && p->zone ? p->zone : "");
}

static void show_times(const struct case_view *v, const struct request_view *r)
{
        char time[WHEN_TEXT], duration[DURATION_TEXT], now[TIME_TEXT];

        say_field("asked", "%s", when(r->made_at_ms, v->clock_ms, time));
        say_field("expires", "%s", when(r->expires_at_ms, v->clock_ms, time));
        say_field("now", "%s", time_format(v->clock_ms, now));
        say_field("access for", "%s once opened", duration_for_people(r->open_for_ms, duration));
        if (v->is_offline)
                say_field("", "NO CLOCK IS TRUSTED HERE: nothing is refused for time; ask when they asked");
        if (r->state == REQUEST_OPENED)
                say_field("OPENED", "already, %s", when(r->opened_at_ms, v->clock_ms, time));
}

static void show_approvals(const struct case_view *v, const struct approval_case *c)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;
        const struct ledger *l = v->ledger;

        for (size_t i = 0; i < ledger_approvals(l, c->request.index); i++) {
                struct approval_view a;

                ledger_approval_at(l, c->request.index, i, v->now_ms, &a);
                bytes_printf(&names, "%s%s%s%s", i ? ", " : " (", a.approver, a.is_valid ? "" : ", no longer valid",
                             a.is_override ? ", by override" : "");
        }
        say_field("approvals", "%u of %u%s%s", c->request.approvals, c->request.threshold, bytes_text(&names),
                  names.n ? ")" : "");
        if (v->is_offline)
                say_field("", "what others answer can't be seen here: YOURS MAY BE THE LAST ONE NEEDED");
        else if (c->opens_it)
                say_field("", "YOURS IS THE LAST ONE NEEDED: approving opens it");
        for (size_t i = 0; i < ledger_denials(l, c->request.index); i++) {
                struct denial_view d;

                ledger_denial_at(l, c->request.index, i, &d);
                say_field(d.is_suspicious ? "SUSPICIOUS" : "denied", "by %s: %s", d.denier, d.reason);
        }
}

static void show_emergency(const struct emergency *m)
{
        say_field("emergency", "%s: %s", m->id, m->means);
        if (m->example)
                say_field("", "for example: %s", m->example);
        if (m->not_this)
                say_field("", "NOT: %s", m->not_this);
}

void case_show(const struct case_view *v, const struct approval_case *c)
{
        char name[NAME_TEXT];

        if (v->is_offline)
                say("RECOVERY: somebody asks you to break glass, without a broker");
        else
                say("%s: somebody asks you to break glass", request_name(&c->request, name));
        printf("\n");
        show_person(v, c->request.requester);
        say_field("credential", "%s, version %llu", c->request.credential,
                  (unsigned long long)c->version.fields->number);
        say_field("opens", "%s", c->credential->opens_what);
        show_emergency(c->emergency);
        say_field("incident", "%s", request_incident(&c->request));
        say_field("reason", "%s", c->request.reason);
        show_times(v, &c->request);
        show_approvals(v, c);
        say_field("in 24 h", "%u other request%s by %s", c->requests_24h, c->requests_24h == 1 ? "" : "s",
                  c->request.requester);
        say_field("owes", "%u overdue post-mortem%s", c->debts, c->debts == 1 ? "" : "s");
        printf("\n");
}

void case_show_spent(const struct approval_case *c)
{
        say("SPENT SHARES: %u other holder%s given a share of this version to another request. Together with "
            "yours, "
            "enough shares would lie with requesters to open it although no single request had enough approvals.",
            c->others_spent, c->others_spent == 1 ? " has" : "s have");
        say("Safer: deny, let those requests end and the version be rotated. If this emergency cannot wait, "
            "override; the log "
            "says that you did.");
        printf("\n");
}

/* ---- the confirmation ---- */

enum err case_confirm_override(struct cli *cli, const struct confirming *a)
{
        CLEANUP_BYTES struct bytes typed = BYTES_NONE;
        bool pasted = false;
        enum err e;

        if (a->override)
                return OK;
        if (a->code || cli->json || cli->no_input || !prompt_possible())
                return ERR_SPENT_LIMIT;
        if ((e = prompt_line("To override, type OVERRIDE: ", &typed, &pasted)) != OK)
                return e;
        return !pasted && span_is(bytes_span(&typed), "OVERRIDE") ? OK : err_because(ERR_ABORTED, "not overridden");
}

static enum err ask_code(const struct hash *request)
{
        for (unsigned i = 0; i < CLI_TRIES; i++) {
                CLEANUP_BYTES struct bytes typed = BYTES_NONE;
                bool pasted = false;
                enum err e =
                        prompt_line("The code that the requester reads out to you (XXXX-XXXX): ", &typed, &pasted);

                if (e != OK)
                        return e;
                if (pasted)
                        note("That was pasted with more than one line: type the code, as you hear it.");
                else if (code_matches(request, bytes_text(&typed)))
                        return OK;
                else
                        note("That is not this request's code. Ask the requester to read it out again.");
        }
        return err_because(ERR_ABORTED, "%u wrong codes: make sure whom you are talking to, and about which request",
                           CLI_TRIES);
}

enum err case_confirm_code(struct cli *cli, const struct confirming *a, const struct approval_case *c)
{
        if (a->code)
                return code_matches(&c->request.id, a->code)
                               ? OK
                               : err_because(
                                         ERR_ABORTED,
                                         "that is not this request's code; ask the requester to read it out again");
        /* Nothing is confirmed that was not shown. */
        if (cli->json || cli->no_input || !prompt_possible())
                return err_because(ERR_USAGE, "nobody can type the code here; --code XXXX-XXXX gives it");
        say("Approve only if you are talking to %s now and believe the reason. ^C stops; `breakglass deny` refuses.",
            c->request.requester);
        return ask_code(&c->request.id);
}

void case_show_code(const char *code)
{
        printf("\n      CODE    %.1s %.1s %.1s %.1s - %.1s %.1s %.1s %.1s        (%s)\n\n", code, code + 1, code + 2,
               code + 3, code + 5, code + 6, code + 7, code + 8, code);
        say("Read the code out, by voice, to each approver: they type it to approve. Not into chat, not into a "
            "page.");
}

#include "quorum/code.h"
#include "tui/commands.h"
#include "tui/options.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

struct approving {
        const char *code;
        bool override;
};

/* ---- the screen: one labelled line each, from the verified bytes ---- */

static void show_person(const struct cli *cli, const char *name)
{
        const struct person *p = roster_person(ledger_roster(cli_ledger(cli)), name);

        say_field("who", "%s%s%s%s%s", name, p && p->team ? ", team " : "", p && p->team ? p->team : "",
                  p && p->zone ? ", " : "", p && p->zone ? p->zone : "");
}

static void show_times(const struct cli *cli, const struct request_view *r)
{
        char time[WHEN_TEXT], duration[DURATION_TEXT], now[TIME_TEXT];

        say_field("asked", "%s", when(r->made_at_ms, cli_now(cli), time));
        say_field("expires", "%s", when(r->expires_at_ms, cli_now(cli), time));
        say_field("now", "%s", time_format(cli_now(cli), now));
        say_field("access for", "%s once opened", duration_for_people(r->open_for_ms, duration));
        if (r->state == REQUEST_OPENED)
                say_field("OPENED", "already, %s", when(r->opened_at_ms, cli_now(cli), time));
}

static void show_approvals(const struct cli *cli, const struct approval_case *c)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;
        const struct ledger *l = cli_ledger(cli);

        for (size_t i = 0; i < ledger_approvals(l, c->request.index); i++) {
                struct approval_view a;

                ledger_approval_at(l, c->request.index, i, cli_now(cli), &a);
                bytes_printf(&names, "%s%s%s%s", i ? ", " : " (", a.approver, a.is_valid ? "" : ", no longer valid",
                             a.is_override ? ", by override" : "");
        }
        say_field("approvals", "%u of %u%s%s", c->request.approvals, c->request.threshold, bytes_text(&names),
                  names.n ? ")" : "");
        if (c->opens_it)
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

static void show_case(const struct cli *cli, const struct approval_case *c)
{
        char name[NAME_TEXT];

        say("%s: somebody asks you to break glass", request_name(&c->request, name));
        printf("\n");
        show_person(cli, c->request.requester);
        say_field("credential", "%s, version %llu", c->request.credential,
                  (unsigned long long)c->version.fields->number);
        say_field("opens", "%s", c->credential->opens_what);
        show_emergency(c->emergency);
        say_field("incident", "%s", request_incident(&c->request));
        say_field("reason", "%s", c->request.reason);
        show_times(cli, &c->request);
        show_approvals(cli, c);
        say_field("in 24 h", "%u other request%s by %s", c->requests_24h, c->requests_24h == 1 ? "" : "s",
                  c->request.requester);
        say_field("owes", "%u overdue post-mortem%s", c->debts, c->debts == 1 ? "" : "s");
        printf("\n");
}

static void show_spent(const struct approval_case *c)
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

static enum err confirm_override(struct cli *cli, const struct approving *a)
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

static enum err confirm_code(struct cli *cli, const struct approving *a, const struct approval_case *c)
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

/* ---- the act ---- */

static void tell(const struct cli *cli, const struct hash *request, uint64_t n)
{
        struct request_view r;
        char name[NAME_TEXT];

        if (!ledger_request_by_id(cli_ledger(cli), request, cli_now(cli), &r))
                return;
        request_name(&r, name);
        if (cli->json)
                say_json(json_pack("{s:s, s:I, s:i, s:i, s:s}", "request", name, "n", (json_int_t)n, "approvals",
                                   (int)r.approvals, "need", (int)r.threshold, "state", request_state_word(r.state)));
        else if (r.approvals >= r.threshold)
                say("You approved %s (entry %llu): %u of %u. %s can open it now.", name, (unsigned long long)n,
                    r.approvals, r.threshold, r.requester);
        else
                say("You approved %s (entry %llu): %u of %u.", name, (unsigned long long)n, r.approvals, r.threshold);
}

static enum err approve(struct cli *cli, const struct approving *a, const char *text)
{
        CLEANUP_SECRET struct secret scalar = SECRET_NONE;
        struct request_view r;
        struct approval_case c;
        uint64_t n = 0;
        enum err e;

        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = act_find_request(cli->client, text, &r)) != OK)
                return e;
        struct hash id = r.id;

        if ((e = act_review(cli->client, &id, &c, &scalar)) != OK)
                return e;
        if (c.i_have_approved)
                return err_because(ERR_DUPLICATE, "you have approved it already");
        if (!cli->json)
                show_case(cli, &c);
        if (c.wants_override && !cli->json)
                show_spent(&c);
        if (c.wants_override && (e = confirm_override(cli, a)) != OK)
                return e;
        if ((e = confirm_code(cli, a, &c)) != OK)
                return e;
        if ((e = act_approve(cli->client, &c, &scalar, c.wants_override, &n)) != OK)
                return e;
        secret_wipe(&scalar);
        tell(cli, &id, n);
        return OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct approving a = {0};
        const struct option_about own[] = {
                {"code", OPTION_TEXT, &a.code, "XXXX-XXXX",
                 "the code as the requester read it out, instead of typing it"},
                {"override", OPTION_FLAG, &a.override, NULL,
                 "approve although enough shares would be spent over several requests"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_approve, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the REQUEST (like R17)")) != OK)
                return e;
        return approve(cli, &a, args.text[0]);
}

const struct command command_approve = {
        .name = "approve",
        .synopsis = "REQUEST [--code XXXX-XXXX] [--override]",
        .help = "Check a request yourself, see it, and give your share to its requester.",
        .run = run,
};

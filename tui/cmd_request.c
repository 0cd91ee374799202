#include "quorum/code.h"
#include "tui/case_view.h"
#include "tui/commands.h"
#include "tui/follow.h"
#include "tui/options.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

#define DEBTS_MAX 32u

struct asking {
        struct ask ask;
        struct texts acknowledged;
        bool wait;
        const struct credential *credential;
        const struct policy *policy;
        struct version_view version;
        struct bytes emergency, incident, reason; /* typed */
};

static void asking_done(struct asking *a)
{
        bytes_done(&a->emergency);
        bytes_done(&a->incident);
        bytes_done(&a->reason);
}

/* ---- what is missing is asked for ---- */

static bool may_ask(const struct cli *cli)
{
        return !cli->no_input && prompt_possible();
}

static enum err list_emergencies(const struct cli *cli, const struct policy *p, enum err e)
{
        const struct roster *r = ledger_roster(cli_ledger(cli));

        note("The emergencies of this policy:");
        for (size_t i = 0; i < p->emergencies.n; i++) {
                const struct emergency *m = roster_emergency(r, p->emergencies.name[i]);

                note("  %s  %s%s%s", m->id, m->means, m->not_this ? ". Not: " : "", m->not_this ? m->not_this : "");
        }
        return e;
}

static enum err ask_text(const char *question, struct bytes *typed, const char **ret)
{
        enum err e;

        if ((e = prompt_line(question, typed, NULL)) != OK)
                return e;
        *ret = typed->n ? bytes_text(typed) : NULL;
        return OK;
}

static enum err want_emergency(struct cli *cli, struct asking *a)
{
        const struct roster *r = ledger_roster(cli_ledger(cli));
        enum err e;

        if (!a->ask.emergency) {
                list_emergencies(cli, a->policy, OK);
                if (!may_ask(cli))
                        return err_because(ERR_USAGE, "--emergency is missing");
                if ((e = ask_text("Which emergency is it? ", &a->emergency, &a->ask.emergency)) != OK)
                        return e;
        }
        if (!a->ask.emergency || !name_list_has(&a->policy->emergencies, a->ask.emergency))
                return list_emergencies(cli, a->policy, ERR_EMERGENCY);
        if (a->ask.incident || !roster_emergency(r, a->ask.emergency)->needs_incident)
                return OK;
        if (may_ask(cli) && (e = ask_text("Its incident (like INC-7): ", &a->incident, &a->ask.incident)) != OK)
                return e;
        return a->ask.incident
                       ? OK
                       : err_because(ERR_USAGE, "emergency %s needs an incident: --incident INC-7", a->ask.emergency);
}

static enum err want_reason(struct cli *cli, struct asking *a)
{
        enum err e;

        if (!a->ask.reason && may_ask(cli) &&
            (e = ask_text("Why (the approvers read this): ", &a->reason, &a->ask.reason)) != OK)
                return e;
        return options_want_words(a->ask.reason, "--reason (the approvers read it)", REASON_MAX);
}

static bool is_acknowledged(const struct asking *a, const char *incident)
{
        for (size_t i = 0; i < a->acknowledged.n; i++)
                if (strcmp(a->acknowledged.text[i], incident) == 0)
                        return true;
        return false;
}

/* Owed post-mortems are acknowledged by typing the incident's name: read, not waved through. */
static enum err acknowledge(struct cli *cli, struct asking *a, const char *incident)
{
        CLEANUP_BYTES struct bytes question = BYTES_NONE, typed = BYTES_NONE;
        enum err e;

        if (is_acknowledged(a, incident))
                return OK;
        note("Incident %s owes its post-mortem, and it is overdue. Approvers see this.", incident);
        if (!may_ask(cli))
                return err_because(ERR_USAGE, "acknowledge it with --acknowledge %s", incident);
        bytes_add_text(&question, "Type the incident's name to acknowledge that: ");
        if ((e = prompt_line(bytes_text(&question), &typed, NULL)) != OK)
                return e;
        return span_is(bytes_span(&typed), incident) ? OK
                                                     : err_because(ERR_ABORTED, "%s was not acknowledged", incident);
}

static enum err want_acknowledgements(struct cli *cli, struct asking *a, const char *debts[])
{
        size_t n = act_debts(cli->client, debts, DEBTS_MAX);
        enum err e;

        for (size_t i = 0; i < n; i++)
                if ((e = acknowledge(cli, a, debts[i])) != OK)
                        return e;
        a->ask.acknowledges = debts;
        a->ask.n_acknowledges = n;
        return OK;
}

/* ---- before and after ---- */

static enum err look_up(struct cli *cli, struct asking *a)
{
        const struct roster *r = ledger_roster(cli_ledger(cli));

        a->credential = roster_credential(r, a->ask.credential);
        if (!a->credential)
                return err_because(ERR_NOT_FOUND, "the roster has no credential %s", a->ask.credential);
        a->policy = roster_policy_of(r, a->ask.credential);
        if (!client_me(cli->client) || !name_list_has(&a->policy->requesters, client_me(cli->client)))
                return err_because(ERR_NOT_ALLOWED, "you are no requester of policy %s", a->policy->name);
        if (!ledger_current_version(cli_ledger(cli), a->ask.credential, &a->version))
                return err_because(ERR_NOT_FOUND, "nothing is sealed as %s yet", a->ask.credential);
        return OK;
}

static void channel_names(struct cli *cli, struct bytes *ret)
{
        const struct ledger *l = cli_ledger(cli);

        for (size_t i = 0; i < ledger_channels(l); i++) {
                struct channel_view c;

                ledger_channel_at(l, i, &c);
                bytes_printf(ret, "%s%s%s", i ? ", " : "", c.channel,
                             c.last_failed_ms > c.last_accepted_ms ? " (FAILED last time)" : "");
        }
}

static void tell_before(struct cli *cli, const struct asking *a)
{
        CLEANUP_BYTES struct bytes holders = BYTES_NONE, channels = BYTES_NONE;

        eligible_names(cli_ledger(cli), &a->version, client_me(cli->client), &holders);
        channel_names(cli, &channels);
        note("%s: %s. Asking %s; %u of them must approve.", a->ask.credential, a->credential->opens_what,
             bytes_text(&holders), ledger_threshold(cli_ledger(cli), &a->version));
        if (channels.n)
                note("Everybody on call is paged by %s.", bytes_text(&channels));
        else
                note("No page is on record yet: if nobody reacts, call the holders yourself.");
}

static void tell_json(const struct cli *cli, const struct asking *a, const struct request_view *r, const char *code)
{
        json_t *asked = json_array();
        char name[NAME_TEXT], id[HASH_HEX + 1];

        for (unsigned i = 0; i < a->version.fields->n_shares; i++) {
                const char *holder = a->version.fields->shares[i].holder;

                if (ledger_is_eligible(cli_ledger(cli), &a->version, holder) && strcmp(holder, r->requester) != 0)
                        json_array_append_new(asked, json_string(holder));
        }
        hash_to_hex(&r->id, id);
        say_json(json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:o}", "request", request_name(r, name),
                           "n", (json_int_t)r->n, "id", id, "code", code, "credential", r->credential, "incident",
                           r->incident, "need", (int)r->threshold, "expires_at", (json_int_t)r->expires_at_ms,
                           "open_for_ms", (json_int_t)r->open_for_ms, "asked", asked));
}

static void tell(const struct cli *cli, const struct request_view *r, const char *code, bool waits)
{
        char name[NAME_TEXT], time[WHEN_TEXT];

        request_name(r, name);
        printf("\n");
        say("%s asks for %s.", name, r->credential);
        case_show_code(code);
        say_field("until", "%s", when(r->expires_at_ms, cli_now(cli), time));
        if (!waits) {
                say_field("watch", "breakglass status");
                say_field("then", "breakglass open %s", name);
        }
        say_field("give up", "breakglass cancel %s", name);
}

static enum err ask(struct cli *cli, struct asking *a)
{
        const char *debts[DEBTS_MAX];
        char code[CODE_TEXT];
        struct request_view r;
        struct hash id;
        enum err e;

        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = look_up(cli, a)) != OK)
                return e;
        if ((e = want_emergency(cli, a)) != OK)
                return e;
        if ((e = want_reason(cli, a)) != OK)
                return e;
        if ((e = want_acknowledgements(cli, a, debts)) != OK)
                return e;
        tell_before(cli, a);
        if ((e = act_request(cli->client, &a->ask, &id, NULL)) != OK)
                return e;
        if (!ledger_request_by_id(cli_ledger(cli), &id, cli_now(cli), &r))
                return err_because(ERR_INTERNAL, "the request is not in the log that was just read");
        code_of(&id, code);
        /* The views of before the request are stale now. */
        if ((e = look_up(cli, a)) != OK)
                return e;
        if (cli->json)
                tell_json(cli, a, &r, code);
        else
                tell(cli, &r, code, a->wait);
        return a->wait ? follow_request(cli, &id) : OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct asking a = {0};
        const struct option_about own[] = {
                {"emergency", OPTION_TEXT, &a.ask.emergency, "E1",
                 "which of the roster's written emergencies this is"},
                {"incident", OPTION_TEXT, &a.ask.incident, "INC-7", "the incident it belongs to"},
                {"reason", OPTION_TEXT, &a.ask.reason, "TEXT", "what for, in words that approvers read"},
                {"for", OPTION_TIME, &a.ask.open_for_ms, "TIME",
                 "how long access lasts, like 30m (at most the policy's)"},
                {"acknowledge", OPTION_LIST, &a.acknowledged, "INC",
                 "an incident whose post-mortem is overdue (several times)"},
                {"wait", OPTION_FLAG, &a.wait, NULL, "follow it until it is ready, denied or expired"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_request, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the CREDENTIAL")) != OK)
                return e;
        if ((e = options_want_name(args.text[0], "credential")) != OK)
                return e;
        if (a.ask.reason && (e = options_want_words(a.ask.reason, "--reason", REASON_MAX)) != OK)
                return e;
        if (a.ask.incident && !label_is_valid(a.ask.incident))
                return err_because(ERR_USAGE, "an incident is letters, digits and . _ / - (like INC-7)");
        a.ask.credential = args.text[0];
        e = ask(cli, &a);
        asking_done(&a);
        return e;
}

const struct command command_request = {
        .name = "request",
        .synopsis = "CREDENTIAL --emergency E1 --incident INC-7 --reason TEXT [--for TIME] [--wait]",
        .help = "Ask for a credential; prints the code that approvers must hear from you.",
        .run = run,
};

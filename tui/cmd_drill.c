/* A rehearsal with everything real: asked, paged, approved, opened, closed, rotated; only nothing is shown. */
#include "quorum/code.h"
#include "tui/case_view.h"
#include "tui/commands.h"
#include "tui/drill_report.h"
#include "tui/follow.h"
#include "tui/options.h"
#include "tui/pending.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>
#include <time.h>

#define DRILL_REASON "DRILL, no emergency: approve only if this person is on the phone and reads you the code"
#define DEBTS_MAX    32u

struct drill {
        struct ask ask;
        bool is_sure;
        char incident[32];
        struct hash request, version;
        bool by_hand; /* no machine rotates it */
};

/* ---- before ---- */

static enum err choose_emergency(struct drill *d, const struct policy *p)
{
        if (!d->ask.emergency && p->emergencies.n == 1)
                d->ask.emergency = p->emergencies.name[0];
        if (!d->ask.emergency)
                return err_because(ERR_USAGE, "policy %s knows several emergencies: name one with --emergency",
                                   p->name);
        return OK;
}

static void choose_incident(struct drill *d, int64_t now_ms)
{
        time_t now_s = (time_t)(now_ms / SECOND_MS);
        struct tm utc;

        if (d->ask.incident)
                return;
        gmtime_r(&now_s, &utc);
        strftime(d->incident, sizeof(d->incident), "DRILL-%Y%m%d-%H%M%S", &utc);
        d->ask.incident = d->incident;
}

static enum err look_up(struct cli *cli, struct drill *d)
{
        const struct policy *p = roster_policy_of(ledger_roster(cli_ledger(cli)), d->ask.credential);
        struct version_view v;
        enum err e;

        if (!p)
                return err_because(ERR_NOT_FOUND, "the roster has no credential %s", d->ask.credential);
        if (!ledger_current_version(cli_ledger(cli), d->ask.credential, &v))
                return err_because(ERR_NOT_FOUND, "nothing is sealed as %s yet", d->ask.credential);
        if ((e = choose_emergency(d, p)) != OK)
                return e;
        choose_incident(d, cli_now(cli));
        d->version = v.id;
        d->by_hand = rotation_is_by_hand(cli_ledger(cli), d->ask.credential);
        return OK;
}

/* It pages people, and costs a value: nothing for a slip of the finger. */
static enum err confirm(struct cli *cli, const struct drill *d)
{
        CLEANUP_BYTES struct bytes question = BYTES_NONE, typed = BYTES_NONE;
        bool is_pasted = false;
        enum err e;

        note("This drill is real: it pages people as an emergency does, opens %s without showing it, and has it "
             "rotated%s.",
             d->ask.credential, d->by_hand ? " BY HAND, for no machine does it" : "");
        if (d->is_sure)
                return OK;
        if (cli->no_input || !prompt_possible())
                return err_because(ERR_USAGE, "nobody can be asked: say --yes");
        bytes_printf(&question, "Type the credential's name to begin: ");
        if ((e = prompt_line(bytes_text(&question), &typed, &is_pasted)) != OK)
                return e;
        return !is_pasted && span_is(bytes_span(&typed), d->ask.credential)
                       ? OK
                       : err_because(ERR_ABORTED, "that was not %s", d->ask.credential);
}

/* ---- the parts ---- */

static enum err ask(struct cli *cli, struct drill *d)
{
        const char *debts[DEBTS_MAX];
        char code[CODE_TEXT], name[NAME_TEXT];
        struct request_view r;
        enum err e;

        d->ask.n_acknowledges = act_debts(cli->client, debts, DEBTS_MAX);
        d->ask.acknowledges = debts;
        if ((e = act_request(cli->client, &d->ask, &d->request, NULL)) != OK)
                return e;
        if (!ledger_request_by_id(cli_ledger(cli), &d->request, cli_now(cli), &r))
                return err_because(ERR_INTERNAL, "the request is not in the log that was just read");
        code_of(&d->request, code);
        if (cli->json) {
                say_json(json_pack("{s:s, s:s, s:s, s:s}", "request", request_name(&r, name), "code", code,
                                   "credential", r.credential, "incident", r.incident));
        } else {
                say("%s asks for %s, incident %s.", request_name(&r, name), r.credential, r.incident);
                case_show_code(code);
        }
        fflush(stdout);
        return follow_request(cli, &d->request);
}

static void say_bad_share(void *context, const char *holder, enum err e)
{
        (void)context;
        note("bad-share: holder=%s: this share does not hold (%s); tell them and an admin", holder, err_word(e));
}

static enum err open_unseen(struct cli *cli, const struct drill *d)
{
        CLEANUP_DOCUMENT struct document opened = {0};
        enum err e = act_open(cli->client, &d->request, false, say_bad_share, NULL, &opened);

        if (e == OK && !cli->json)
                say("It opens: %zu field%s, all as sealed. Nothing of it is shown.", opened.n_fields,
                    opened.n_fields == 1 ? "" : "s");
        return e;
}

static enum err close_and_rotate(struct cli *cli, const struct drill *d)
{
        unsigned handed = 0;
        enum err e = act_close_request(cli->client, &d->request, &handed, NULL);

        if (e != OK || d->by_hand)
                return e;
        return follow_rotations(cli, &d->version, 1);
}

/* ---- after ---- */

static void tell_line(const char *line, size_t n)
{
        const char *tab = memchr(line, '\t', n);

        if (tab) {
                CLEANUP_FREE char *label = mem_text_n(line, (size_t)(tab - line));
                say_field(label, "%.*s", (int)(n - (size_t)(tab - line) - 1), tab + 1);
        }
}

static void tell(const struct bytes *report)
{
        const char *line = bytes_text(report);

        for (const char *end; (end = strchr(line, '\n')); line = end + 1)
                tell_line(line, (size_t)(end - line));
}

/* What the drill showed is its post-mortem. */
static enum err report(struct cli *cli, const struct drill *d)
{
        CLEANUP_DRILL_REPORT struct drill_report r = {0};
        CLEANUP_BYTES struct bytes words = BYTES_NONE, text = BYTES_NONE;
        enum err e;

        if ((e = drill_report_make(cli, &d->request, &r)) != OK)
                return e;
        drill_report_write(&r, &words);
        bytes_printf(&text, "A drill, no emergency.\n\n%s", bytes_text(&words));
        for (size_t i = 0; i < text.n; i++)
                if (text.p[i] == '\t')
                        text.p[i] = ' ';
        if (cli->json)
                say_json(drill_report_json(&r));
        else
                tell(&words);
        return r.opened_ms ? act_postmortem(cli->client, d->ask.incident, CRITERION_DRILL, bytes_text(&text), NULL)
                           : OK;
}

static enum err play(struct cli *cli, struct drill *d)
{
        enum err e;

        if ((e = ask(cli, d)) != OK)
                return e;
        if ((e = open_unseen(cli, d)) != OK)
                return e;
        return close_and_rotate(cli, d);
}

static enum err drill(struct cli *cli, struct drill *d)
{
        enum err e, said;

        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = look_up(cli, d)) != OK)
                return e;
        if ((e = confirm(cli, d)) != OK)
                return e;
        e = play(cli, d);
        if (hash_is_zero(&d->request))
                return e;
        /* A drill that failed has shown something, too. */
        CLEANUP_FREE char *reason = mem_text(err_reason());

        said = report(cli, d);
        return e != OK ? err_because(e, "%s", reason) : said;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct drill d = {.ask.reason = DRILL_REASON};
        const struct option_about own[] = {
                {"emergency", OPTION_TEXT, &d.ask.emergency, "E1",
                 "as which emergency (needless where there is one)"},
                {"incident", OPTION_TEXT, &d.ask.incident, "INC", "under which incident (DRILL- and the time)"},
                {"yes", OPTION_FLAG, &d.is_sure, NULL, "begin without asking"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_drill, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the CREDENTIAL")) != OK)
                return e;
        if ((e = options_want_name(args.text[0], "credential")) != OK)
                return e;
        if (d.ask.incident && !label_is_valid(d.ask.incident))
                return err_because(ERR_USAGE, "an incident is letters, digits and . _ / - (like INC-7)");
        d.ask.credential = args.text[0];
        return drill(cli, &d);
}

const struct command command_drill = {
        .name = "drill",
        .synopsis = "CREDENTIAL [--emergency E1] [--incident INC] [--yes]",
        .help = "Rehearse a whole opening with a real credential, shown to nobody; reports how long each part took.",
        .run = run,
};

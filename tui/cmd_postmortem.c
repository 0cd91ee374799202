#include "tui/commands.h"
#include "tui/editor.h"
#include "tui/history.h"
#include "tui/options.h"
#include "tui/postmortem.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/words.h"
#include <fcntl.h>
#include <string.h>

struct drafting {
        const struct ledger *ledger;
        const char *incident;
        struct bytes text;
};

static bool add_line(void *context, const struct history_entry *entry)
{
        struct drafting *d = context;
        CLEANUP_BYTES struct bytes words = BYTES_NONE;
        char time[TIME_TEXT];

        if (!history_is_about(d->ledger, entry->statement, d->incident))
                return true;
        describe_statement(d->ledger, entry->statement, &words);
        bytes_printf(&d->text, "%s  ", time_format(entry->at_ms, time));
        text_escape(bytes_span(&words), &d->text);
        bytes_add_byte(&d->text, '\n');
        return true;
}

/* What the criterion was, as the roster has it now, for every emergency that the incident's requests named. */
static void add_criteria(struct drafting *d, const struct roster *r)
{
        for (size_t k = 0; k < r->n_emergencies; k++) {
                bool is_named = false;

                for (size_t i = 0; i < ledger_requests(d->ledger) && !is_named; i++) {
                        struct request_view v;

                        ledger_request_at(d->ledger, i, ledger_last_at(d->ledger), &v);
                        is_named = strcmp(v.incident, d->incident) == 0 &&
                                   strcmp(v.emergency, r->emergencies[k].id) == 0;
                }
                if (is_named)
                        bytes_printf(&d->text, "%s: %s\n", r->emergencies[k].id, r->emergencies[k].means);
        }
}

/* "R17 (prod/postgres/root): asked by erin; bob, carol approved, the last needed one after 5 min; opened …". */
static void add_figures_of(struct drafting *d, const struct request_view *v)
{
        char name[NAME_TEXT], time[DURATION_TEXT];

        bytes_printf(&d->text, "%s (%s): asked by %s", request_name(v, name), v->credential, v->requester);
        for (size_t i = 0; i < ledger_approvals(d->ledger, v->index); i++) {
                struct approval_view a;

                ledger_approval_at(d->ledger, v->index, i, v->at_ms, &a);
                bytes_printf(&d->text, "; approved by %s", a.approver);
                if (v->end != END_OFFLINE)
                        bytes_printf(&d->text, " after %s", duration_for_people(a.at_ms - v->at_ms, time));
        }
        if (v->end == END_OFFLINE)
                bytes_add_text(&d->text, "; opened OFFLINE, at a time that no log knows");
        if (v->opened_at_ms && v->end != END_OFFLINE)
                bytes_printf(&d->text, "; opened after %s", duration_for_people(v->opened_at_ms - v->at_ms, time));
        if (v->opened_at_ms && v->ended_at_ms && v->end != END_OFFLINE)
                bytes_printf(&d->text, ", for %s", duration_for_people(v->ended_at_ms - v->opened_at_ms, time));
        bytes_add_text(&d->text, ".\n");
}

static void add_figures(struct drafting *d)
{
        for (size_t i = 0; i < ledger_requests(d->ledger); i++) {
                struct request_view v;

                ledger_request_at(d->ledger, i, ledger_last_at(d->ledger), &v);
                if (strcmp(v.incident, d->incident) == 0)
                        add_figures_of(d, &v);
        }
}

/* A draft that a tired person only has to fill in. */
static enum err write_draft(const struct cli *cli, struct drafting *d)
{
        enum err e;

        bytes_printf(&d->text,
                     "Post-mortem of %s\n\nWhat happened, and why the usual way in was not enough:\n\n\n"
                     "Was it the emergency that it was called?\n",
                     d->incident);
        add_criteria(d, ledger_roster(d->ledger));
        bytes_add_text(&d->text, "\n\nWhat we change so that no glass needs breaking next time:\n\n\nIn figures:\n");
        add_figures(d);
        bytes_add_text(&d->text, "\nTime line (UTC, from the log):\n");
        e = history_walk(cli, 0, add_line, d);
        bytes_printf(
                &d->text,
                "\n%s\nAn empty or unchanged text sends nothing. The text becomes part of the log, for everybody who "
                "can "
                "read it, for ever:\nno secrets in it. You are asked afterwards whether the criterion was met.\n",
                EDITOR_CUT);
        return e;
}

static enum err read_text(const char *file, struct bytes *ret)
{
        CLEANUP_FD int fd = -1;
        char part[4096];
        ssize_t n;

        if (strcmp(file, "-") != 0)
                return file_read(file, POSTMORTEM_MAX, ret);
        fd = dup(STDIN_FILENO);
        while ((n = read(fd, part, sizeof(part))) > 0) {
                bytes_add(ret, part, (size_t)n);
                if (ret->n > POSTMORTEM_MAX)
                        return err_because(ERR_TOO_LARGE, "a post-mortem has at most %u bytes", POSTMORTEM_MAX);
        }
        return n < 0 ? ERR_IO : OK;
}

static enum err want_text(struct cli *cli, const char *incident, const char *file, struct bytes *ret)
{
        struct drafting d = {cli_ledger(cli), incident, BYTES_NONE};
        enum err e;

        if (file) {
                e = read_text(file, ret);
                return e == OK && ret->n == 0 ? err_because(ERR_USAGE, "the text is empty") : e;
        }
        if (cli->no_input || !isatty(STDIN_FILENO))
                return err_because(ERR_USAGE, "--file FILE gives the text (- is stdin)");
        e = write_draft(cli, &d);
        if (e == OK)
                e = editor_write(bytes_span(&d.text), ret);
        bytes_done(&d.text);
        return e;
}

static bool parse_criterion(const char *text, enum criterion *ret)
{
        static const enum criterion all[] = {CRITERION_YES, CRITERION_NO, CRITERION_DRILL};

        for (size_t i = 0; i < COUNT_OF(all); i++)
                if (strcmp(text, criterion_word(all[i])) == 0) {
                        *ret = all[i];
                        return true;
                }
        return false;
}

static enum err want_criterion(struct cli *cli, const char *met, enum criterion *ret)
{
        CLEANUP_BYTES struct bytes typed = BYTES_NONE;
        enum err e;

        if (!met) {
                if (cli->no_input || !prompt_possible())
                        return err_because(ERR_USAGE,
                                           "--met yes|no|drill is missing: was the emergency's criterion met?");
        }
        for (unsigned i = 0; !met && i < CLI_TRIES; i++) {
                if ((e = prompt_line("Was the emergency's criterion met (yes, no, drill)? ", &typed, NULL)) != OK)
                        return e;
                met = parse_criterion(bytes_text(&typed), ret) ? bytes_text(&typed) : NULL;
        }
        return met && parse_criterion(met, ret) ? OK : err_because(ERR_USAGE, "the answer is yes, no or drill");
}

/* What somebody wrote in their editor is not lost because of what failed afterwards. */
static enum err keep_text(struct cli *cli, const char *incident, const struct bytes *text, enum err e)
{
        CLEANUP_BYTES struct bytes name = BYTES_NONE, reason = BYTES_NONE;

        bytes_add_text(&reason, err_reason());
        bytes_printf(&name, "postmortem-%s", incident);
        for (size_t i = 0; i < name.n; i++)
                if (name.p[i] == '/')
                        name.p[i] = '-';
        CLEANUP_FREE char *path = path_join(client_home(cli->client)->path, bytes_text(&name));

        if (file_write(path, 0600, bytes_span(text)) == OK)
                note("Your text is kept in %s; `breakglass postmortem %s --file %s` sends it.", path, incident, path);
        return reason.n ? err_because(e, "%s", bytes_text(&reason)) : e;
}

static enum err check_text(const struct bytes *text)
{
        size_t points = 0;

        if (!utf8_valid(bytes_span(text), &points))
                return err_because(ERR_USAGE, "the text is not UTF-8");
        if (points > POSTMORTEM_MAX)
                return err_because(ERR_TOO_LARGE, "a post-mortem has at most %u characters", POSTMORTEM_MAX);
        return OK;
}

enum err postmortem_check(const char *text)
{
        struct bytes borrowed = {(unsigned char *)text, strlen(text), 0};

        return check_text(&borrowed);
}

enum err postmortem_draft(const struct cli *cli, const char *incident, struct bytes *ret)
{
        struct drafting d = {cli_ledger(cli), incident, BYTES_NONE};
        enum err e = write_draft(cli, &d);

        bytes_add_span(ret, bytes_span(&d.text));
        bytes_done(&d.text);
        return e;
}

static enum err send_text(struct cli *cli, const char *incident, const char *met, const struct bytes *text,
                          uint64_t *ret_n)
{
        enum criterion criterion = CRITERION_NO;
        enum err e;

        if ((e = check_text(text)) != OK)
                return e;
        if ((e = want_criterion(cli, met, &criterion)) != OK)
                return e;
        return act_postmortem(cli->client, incident, criterion, bytes_text(text), ret_n);
}

static enum err send(struct cli *cli, const char *incident, const char *met, const char *file)
{
        CLEANUP_BYTES struct bytes text = BYTES_NONE;
        enum criterion criterion = CRITERION_NO;
        struct incident_view v;
        uint64_t n = 0;
        enum err e;

        if (met && !parse_criterion(met, &criterion))
                return err_because(ERR_USAGE, "--met is yes, no or drill");
        if ((e = cli_ready(cli)) != OK)
                return e;
        if (!ledger_incident_by_name(cli_ledger(cli), incident, cli_now(cli), &v))
                return err_because(ERR_NOT_FOUND, "no incident is called %s", incident);
        if ((e = want_text(cli, incident, file, &text)) != OK)
                return e;
        if ((e = send_text(cli, incident, met, &text, &n)) != OK)
                return file ? e : keep_text(cli, incident, &text, e);
        if (cli->json)
                say_json(json_pack("{s:s, s:I}", "incident", incident, "n", (json_int_t)n));
        else
                say("The post-mortem of %s is in the log (entry %llu).", incident, (unsigned long long)n);
        return OK;
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        const char *met = NULL, *file = NULL;
        const struct option_about own[] = {
                {"met", OPTION_TEXT, &met, "yes|no|drill", "whether the emergency's written criterion was met"},
                {"file", OPTION_TEXT, &file, "FILE", "the text (- is stdin) instead of an editor with a draft"},
                {0},
        };
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_postmortem, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the INCIDENT")) != OK)
                return e;
        return send(cli, args.text[0], met, file);
}

const struct command command_postmortem = {
        .name = "postmortem",
        .synopsis = "INCIDENT [--met yes|no|drill] [--file FILE]",
        .help = "Write what happened; starts your editor with a draft and the time line from the log.",
        .run = run,
};

#include "tui/commands.h"
#include "tui/hand_over.h"
#include "tui/options.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

struct opening {
        bool show, exec, on_disk, dark;
        const char *output, *field;
        struct texts args; /* REQUEST, then the command of --exec */
};

static enum err check_usage(struct cli *cli, struct opening *o)
{
        enum err e;

        if ((e = options_want(&o->args, 1, o->exec ? TEXTS_MAX : 1, "the REQUEST (like R17)")) != OK)
                return e;
        if (o->show + o->exec + (o->output != NULL) > 1)
                return err_because(ERR_USAGE, "one of --show, --output and --exec");
        if (o->exec && o->args.n < 2)
                return err_because(ERR_USAGE, "--exec wants a command: breakglass open REQUEST --exec -- COMMAND …");
        if (o->exec && cli->json)
                return err_because(ERR_USAGE, "--exec and --json do not go together");
        if (!o->exec && !o->output && !o->show && !cli->json) {
                if (!isatty(STDOUT_FILENO))
                        return err_because(ERR_USAGE,
                                           "stdout is no terminal: say --show, --output FILE or --exec -- COMMAND");
                o->show = true;
        }
        /* What can go wrong with the file or program goes wrong before the glass is broken. */
        if (o->exec)
                return hand_over_check_program(o->args.text[1]);
        return o->output ? hand_over_check_file(o->output, o->on_disk) : OK;
}

static void say_bad_share(void *context, const char *holder, enum err e)
{
        (void)context;
        fprintf(stderr,
                "breakglass: bad-share: holder=%s: this share does not hold (%s) and was left out; tell them and an "
                "admin\n",
                holder, err_word(e));
}

/* A request's code stays at hand for the holders who are still needed. */
static enum err tell_not_ready(const struct request_view *r, enum err e)
{
        char name[NAME_TEXT];

        if (e != ERR_NOT_READY)
                return e;
        return err_because(e, "%s has %u of %u approvals; `breakglass status` shows its code", request_name(r, name),
                           r->approvals, r->threshold);
}

static enum err check_field(const struct document *d, const char *field)
{
        CLEANUP_BYTES struct bytes names = BYTES_NONE;

        if (!field || document_field(d, field))
                return OK;
        for (size_t i = 0; i < d->n_fields; i++)
                bytes_printf(&names, "%s%s", i ? ", " : "", d->field[i].name);
        return err_because(ERR_NOT_FOUND, "it has no field %s, but: %s", field, bytes_text(&names));
}

/* Where it goes: exactly one way, on purpose. */
static enum err hand_over(struct cli *cli, const struct opening *o, const struct document *d)
{
        enum err e;

        if ((e = check_field(d, o->field)) != OK)
                return e;
        if (o->exec)
                return hand_over_exec(d, o->field, o->args.text + 1, o->args.n - 1, &cli->exit_code);
        if (o->output)
                return hand_over_file(d, o->field, o->output);
        return o->show ? hand_over_show(d, o->field) : OK;
}

static void tell(const struct cli *cli, const struct opening *o, const struct document *d, const struct hash *id)
{
        struct request_view r;
        char name[NAME_TEXT], closes_as[NAME_TEXT], time[WHEN_TEXT];

        if (!ledger_request_by_id(cli_ledger(cli), id, cli_now(cli), &r))
                return;
        if (cli->json && !o->show) {
                json_t *names = json_array();

                for (size_t i = 0; i < d->n_fields; i++)
                        json_array_append_new(names, json_string(d->field[i].name));
                say_json(json_pack("{s:s, s:s, s:s, s:I, s:o}", "request", request_name(&r, name), "credential",
                                   r.credential, "incident", r.incident, "access_until",
                                   (json_int_t)r.access_until_ms, "fields", names));
                return;
        }
        note("%s is open until %s. When you are done: `breakglass close %s`; then it gets rotated.", r.credential,
             when(r.access_until_ms, cli_now(cli), time), request_closes_as(&r, closes_as));
}

static enum err open_request(struct cli *cli, const struct opening *o)
{
        CLEANUP_DOCUMENT struct document d = {0};
        struct request_view r;
        enum err e;

        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = act_find_request(cli->client, o->args.text[0], &r)) != OK)
                return e;
        struct hash id = r.id;

        e = act_open(cli->client, &id, o->dark, say_bad_share, NULL, &d);
        if (e != OK)
                return tell_not_ready(&r, e);
        tell(cli, o, &d, &id);
        return hand_over(cli, o, &d);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct opening o = {0};
        const struct option_about own[] = {
                {"show", OPTION_FLAG, &o.show, NULL, "print the fields (the default at a terminal)"},
                {"field", OPTION_TEXT, &o.field, "NAME", "only this field, raw"},
                {"output", OPTION_TEXT, &o.output, "FILE",
                 "write to a new file, mode 0600, on a tmpfs; several fields go to "
                 "FILE.NAME each"},
                {"on-disk", OPTION_FLAG, &o.on_disk, NULL, "let --output write to a disk"},
                {"exec", OPTION_FLAG, &o.exec, NULL,
                 "run the command behind --; it reads the fields from /dev/fd/3, "
                 "4, …, once; {FIELD} in an argument becomes that path"},
                {"dark", OPTION_FLAG, &o.dark, NULL,
                 "go on although no page was accepted, where the policy wants that"},
                {0},
        };
        enum err e;

        if ((e = options_read(cli, &command_open, own, argc, argv, &o.args)) != OK)
                return e;
        if ((e = check_usage(cli, &o)) != OK)
                return e;
        return open_request(cli, &o);
}

const struct command command_open = {
        .name = "open",
        .synopsis = "REQUEST [--show|--output FILE|--exec -- COMMAND…] [--field NAME]",
        .help = "Break the glass: check every share, join them, hand the secret to you.",
        .run = run,
};

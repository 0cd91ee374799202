#include "tui/commands.h"
#include "tui/handing.h"
#include "tui/prompt.h"
#include "tui/say.h"
#include "tui/words.h"
#include <string.h>

struct opening {
        struct handing handing;
        bool dark;
        struct texts args; /* REQUEST, then the command of --exec */
};

static enum err check_usage(struct cli *cli, struct opening *o)
{
        enum err e;

        if ((e = options_want(&o->args, 1, o->handing.exec ? TEXTS_MAX : 1, "the REQUEST (like R17)")) != OK)
                return e;
        o->handing.program = o->args.text + 1;
        o->handing.n_program = o->args.n - 1;
        return handing_check(cli, &o->handing);
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

static void tell(const struct cli *cli, const struct opening *o, const struct document *d, const struct hash *id)
{
        struct request_view r;
        char name[NAME_TEXT], closes_as[NAME_TEXT], time[WHEN_TEXT];

        if (!ledger_request_by_id(cli_ledger(cli), id, cli_now(cli), &r))
                return;
        if (cli->json && !o->handing.show) {
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

/* Somebody at a terminal may go on without an accepted page; `--dark` says the same for scripts. */
static bool wants_dark(struct cli *cli, const char *why)
{
        CLEANUP_BYTES struct bytes typed = BYTES_NONE;
        bool pasted = false;

        if (cli->no_input || !prompt_possible())
                return false;
        note("%s.", why);
        return prompt_line("To open it dark, for ever in the log, type DARK: ", &typed, &pasted) == OK && !pasted &&
               strcmp(bytes_text(&typed), "DARK") == 0;
}

static enum err open_it(struct cli *cli, const struct opening *o, const struct hash *id, struct document *ret)
{
        enum err e = act_open(cli->client, id, o->dark, say_bad_share, NULL, ret);
        CLEANUP_FREE char *why = mem_text(err_reason());

        if (e != ERR_TOO_EARLY)
                return e;
        if (wants_dark(cli, why))
                return act_open(cli->client, id, true, say_bad_share, NULL, ret);
        return err_because(e, "%s (--dark)", why);
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

        e = open_it(cli, o, &id, &d);
        if (e != OK)
                return tell_not_ready(&r, e);
        tell(cli, o, &d, &id);
        return handing_do(cli, &o->handing, &d);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct opening o = {0};
        const struct option_about own[] = {
                HANDING_OPTIONS(&o.handing),
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

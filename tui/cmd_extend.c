#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"
#include "tui/words.h"

static void tell(const struct cli *cli, const struct hash *request, int64_t wanted_ms, int64_t before_ms, uint64_t n)
{
        struct request_view r;
        char name[NAME_TEXT], time[WHEN_TEXT], total[DURATION_TEXT];

        if (!ledger_request_by_id(cli_ledger(cli), request, cli_now(cli), &r))
                return;
        request_name(&r, name);
        bool in_effect = r.access_until_ms != before_ms;

        if (cli->json)
                say_json(json_pack("{s:s, s:I, s:b, s:I}", "request", name, "n", (json_int_t)n, "in_effect",
                                   in_effect, "access_until", (json_int_t)r.access_until_ms));
        else if (in_effect)
                say("%s is open until %s.", name, when(r.access_until_ms, cli_now(cli), time));
        else
                say("You agree that %s lasts %s in all (entry %llu). It takes effect when %u holders have said the "
                    "same.",
                    name, duration_for_people(wanted_ms, total), (unsigned long long)n, r.threshold);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        int64_t open_for_ms = 0;
        const struct option_about own[] = {
                {"for", OPTION_TIME, &open_for_ms, "TIME",
                 "how long access lasts in all, from the opening on, like 2h"},
                {0},
        };
        struct request_view r;
        struct texts args;
        uint64_t n = 0;
        enum err e;

        if ((e = options_read(cli, &command_extend, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the REQUEST (like R17)")) != OK)
                return e;
        if (open_for_ms == 0)
                return err_because(ERR_USAGE, "--for is missing: the total from the opening on");
        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = act_find_request(cli->client, args.text[0], &r)) != OK)
                return e;
        struct hash id = r.id;
        int64_t before_ms = r.access_until_ms;

        if ((e = act_extend(cli->client, &id, open_for_ms, &n)) != OK)
                return e;
        tell(cli, &id, open_for_ms, before_ms, n);
        return OK;
}

const struct command command_extend = {
        .name = "extend",
        .synopsis = "REQUEST --for TIME",
        .help = "As a holder, agree that an opened request lasts longer.",
        .run = run,
};

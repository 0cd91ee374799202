#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"

static enum err run(struct cli *cli, int argc, char **argv)
{
        const char *reason = NULL;
        const struct option_about own[] = {
                {"reason", OPTION_TEXT, &reason, "TEXT", "why it stays open"},
                {0},
        };
        struct texts args;
        uint64_t n = 0;
        enum err e;

        if ((e = options_read(cli, &command_hold, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the INCIDENT")) != OK)
                return e;
        if (reason && (e = options_want_words(reason, "--reason", REASON_MAX)) != OK)
                return e;
        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = act_hold(cli->client, args.text[0], reason, &n)) != OK)
                return e;
        if (cli->json)
                say_json(json_pack("{s:s, s:I}", "held", args.text[0], "n", (json_int_t)n));
        else
                say("%s is held open (entry %llu): a close that was proposed before does not happen. Its time limit "
                    "still holds.",
                    args.text[0], (unsigned long long)n);
        return OK;
}

const struct command command_hold = {
        .name = "hold",
        .synopsis = "INCIDENT [--reason TEXT]",
        .help = "Stop a close that the paging service proposed.",
        .run = run,
};

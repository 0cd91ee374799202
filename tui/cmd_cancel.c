#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"
#include "tui/words.h"

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct request_view r;
        struct texts args;
        char name[NAME_TEXT];
        uint64_t n = 0;
        enum err e;

        if ((e = options_read(cli, &command_cancel, NULL, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "the REQUEST (like R17)")) != OK)
                return e;
        if ((e = cli_ready(cli)) != OK)
                return e;
        if ((e = act_find_request(cli->client, args.text[0], &r)) != OK)
                return e;
        struct hash id = r.id;
        bool is_spent = r.approvals_ever > 0;

        request_name(&r, name);
        if ((e = act_cancel(cli->client, &id, &n)) != OK)
                return e;
        if (cli->json)
                say_json(json_pack("{s:s, s:I}", "request", name, "n", (json_int_t)n));
        else
                say("You cancelled %s (entry %llu).%s", name, (unsigned long long)n,
                    is_spent ? " A share had been given already, so the version gets rotated." : "");
        return OK;
}

const struct command command_cancel = {
        .name = "cancel",
        .synopsis = "REQUEST",
        .help = "Take back your own request before it is opened.",
        .run = run,
};

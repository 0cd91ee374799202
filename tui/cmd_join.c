#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"
#include <limits.h>
#include <string.h>

static void tell(struct cli *cli, const char *identity)
{
        const struct roster *r = client_roster(cli->client);
        const struct home *home = client_home(cli->client);
        CLEANUP_BYTES struct bytes admins = BYTES_NONE;
        char genesis[HASH_HEX + 1];

        hash_to_hex(&home->genesis, genesis);
        if (cli->json) {
                say_json(json_pack("{s:s, s:s, s:I, s:s}", "installation", home->name, "genesis", genesis, "roster",
                                   (json_int_t)(r ? r->number : 0), "folder", home->path));
                return;
        }
        say("You joined %s.", home->name);
        say_token("genesis", genesis);
        if (r) {
                for (size_t i = 0; i < r->admins.n; i++)
                        bytes_printf(&admins, "%s%s", i ? ", " : "", r->admins.name[i]);
                say_field("roster", "number %llu, %u of its admins sign: %s", (unsigned long long)r->number,
                          r->admins_need, bytes_text(&admins));
        }
        say_field("folder", "%s", home->path);
        if (identity)
                say_field("identity", "%s", identity);
        say("Every answer of this broker is checked against that genesis from now on. Next: `breakglass whoami`, "
            "then "
            "`breakglass inbox` (holders check their shares with it) or `breakglass status`.");
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        CLEANUP_FREE char *identity = NULL;
        struct texts args;
        const char *stale;
        enum err e;

        if ((e = options_read(cli, &command_join, NULL, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 1, 1, "where to join, 'URL#GENESIS-SHA256' as an admin gives it,")) != OK)
                return e;
        if (cli->identity && !(identity = realpath(cli->identity, NULL)))
                return err_because(ERR_NO_ENTRY, "%s: make it with `breakglass keygen`", cli->identity);
        if (!strchr(args.text[0], '#'))
                return err_because(ERR_NO_PIN, "the address lacks #GENESIS-SHA256");
        if ((e = client_join(args.text[0], identity, &cli->client)) != OK)
                return e;
        /* The log comes along when nobody has to be asked for a passphrase; otherwise with the next command. */
        if ((e = cli_look(cli, &stale)) != OK)
                return e;
        tell(cli, identity);
        return OK;
}

const struct command command_join = {
        .name = "join",
        .synopsis = "'URL[,URL]#GENESIS-SHA256' [--identity FILE]",
        .help = "Meet an installation for the first time, pinned to the genesis hash that an admin told you.",
        .run = run,
};

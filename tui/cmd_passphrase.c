#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"

/* The new file replaces the old one in one step, so that at every instant one of the two passphrases works. */
static enum err run(struct cli *cli, int argc, char **argv)
{
        bool remove = false, accept_weak = false;
        const struct option_about own[] = {
                {"no-passphrase", OPTION_FLAG, &remove, NULL, "take the passphrase off: for machines and tests"},
                {"accept-weak", OPTION_FLAG, &accept_weak, NULL, "take a passphrase that is easy to guess"},
                {0},
        };
        CLEANUP_IDENTITY struct identity me = {0};
        CLEANUP_SECRET struct secret passphrase = SECRET_NONE;
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_passphrase, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, "")) != OK)
                return e;
        if (cli->words)
                return err_because(ERR_USAGE,
                                   "words have no passphrase: `breakglass paper --save FILE` makes a file of them");
        if (!cli->identity && cli_open(cli) != OK)
                err_forget(); /* nothing joined: the default place */
        if ((e = cli_load_identity(cli, &me)) != OK)
                return e;
        if (!remove && (e = cli_new_passphrase(cli, accept_weak, &passphrase)) != OK)
                return e;
        const char *path = cli_identity_path(cli);

        if ((e = identity_save(&me, path, remove ? NULL : &passphrase, AGE_SCRYPT_LOG_N, true)) != OK)
                return e;
        if (cli->json)
                say_json(json_pack("{s:s, s:b}", "identity", path, "has_passphrase", !remove));
        else if (remove)
                say("%s has NO passphrase now: whoever can read this file is you.", path);
        else
                say("%s has its new passphrase. Copies of the file made earlier keep the old one.", path);
        return OK;
}

const struct command command_passphrase = {
        .name = "passphrase",
        .synopsis = "[--no-passphrase]",
        .help = "Change the passphrase of your identity (with --passphrase-fd: the old one, then the new one, a line "
                "each).",
        .run = run,
};

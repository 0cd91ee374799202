#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"
#include <string.h>

struct keygen {
        const char *name, *out;
        bool no_passphrase, accept_weak;
};

static enum err make_folder_of(const char *path)
{
        CLEANUP_FREE char *folder = mem_text(path);
        char *slash = strrchr(folder, '/');

        if (!slash || slash == folder)
                return OK;
        *slash = '\0';
        return file_exists(folder) ? OK : file_make_folder(folder, 0700);
}

static enum err save(struct cli *cli, const struct keygen *k, const struct identity *me, const char *path)
{
        CLEANUP_SECRET struct secret passphrase = SECRET_NONE;
        enum err e;

        if (!k->no_passphrase && (e = cli_new_passphrase(cli, k->accept_weak, &passphrase)) != OK)
                return e;
        if ((e = make_folder_of(path)) != OK)
                return e;
        e = identity_save(me, path, k->no_passphrase ? NULL : &passphrase, AGE_SCRYPT_LOG_N, false);
        if (e == ERR_DUPLICATE)
                return err_because(e, "%s exists and is never overwritten: name another with --out", path);
        return e;
}

static void tell_json(const struct identity *me, const char *name, const char *path, const char *line)
{
        char signs[SIGN_KEY_TEXT], opens[AGE_PUBLIC_TEXT];

        sign_key_format(&me->signs, signs);
        open_key_format(&me->opens, opens);
        say_json(json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "identity", path, "signs", signs, "opens",
                           opens, "roster_line", line));
}

static void tell(const struct keygen *k, const char *path, const char *line)
{
        note("Your identity is in %s. Keep a copy of that file somewhere safe: nobody can make it again.", path);
        if (k->no_passphrase)
                note("It has NO passphrase: whoever can read this file is you, and can approve and open as you. That "
                     "is for "
                     "machines and tests; `breakglass passphrase` sets one.");
        note("Give this line to an admin, who puts it under `people:` of the roster (it holds no secret):");
        /* Not wrapped: it is to be copied whole. */
        printf("%s\n", line);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        struct keygen k = {0};
        const struct option_about own[] = {
                {"out", OPTION_TEXT, &k.out, "FILE", "where to write the identity (never over another file)"},
                {"no-passphrase", OPTION_FLAG, &k.no_passphrase, NULL,
                 "leave the file unprotected: for machines and tests"},
                {"accept-weak", OPTION_FLAG, &k.accept_weak, NULL, "take a passphrase that is easy to guess"},
                {0},
        };
        CLEANUP_IDENTITY struct identity me = {0};
        CLEANUP_BYTES struct bytes line = BYTES_NONE;
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_keygen, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 1, "a name")) != OK)
                return e;
        k.name = args.n ? args.text[0] : "your-name";
        if (!name_is_valid(k.name))
                return err_because(ERR_USAGE,
                                   "a name is lower-case letters, digits and . _ / - (like alice), not \"%s\"",
                                   k.name);
        const char *path = k.out ? k.out : cli_identity_path(cli);

        if (file_exists(path))
                return err_because(ERR_DUPLICATE, "%s exists and is never overwritten: name another with --out",
                                   path);
        if ((e = identity_new(&me)) != OK)
                return e;
        if ((e = save(cli, &k, &me, path)) != OK)
                return e;
        identity_roster_line(&me, k.name, &line);
        if (cli->json)
                tell_json(&me, k.name, path, bytes_text(&line));
        else
                tell(&k, path, bytes_text(&line));
        return OK;
}

const struct command command_keygen = {
        .name = "keygen",
        .synopsis = "[NAME] [--out FILE] [--no-passphrase]",
        .help = "Make your own two keys (signing, opening) and print the line for the roster.",
        .run = run,
};

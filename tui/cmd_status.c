#include "tui/commands.h"
#include "tui/options.h"
#include "tui/say.h"
#include "tui/status.h"
#include "tui/term.h"
#include "tui/ui.h"
#include <dirent.h>

/* The folders of all installations joined, when several are there and none was named. */
static void list_installations(void)
{
        const char *state = getenv("XDG_STATE_HOME"), *user_home = getenv("HOME");
        CLEANUP_FREE char *base =
                state && state[0] == '/' ? mem_text(state) : path_join(user_home ? user_home : "/", ".local/state");
        CLEANUP_FREE char *folder = path_join(base, "breakglass");
        DIR *d = opendir(folder);

        if (!d)
                return;
        note("You joined:");
        for (struct dirent *entry; (entry = readdir(d));)
                if (entry->d_name[0] != '.')
                        note("  %s", entry->d_name);
        closedir(d);
}

/* Asks for the passphrase when somebody is there to type it; without, the own copy is shown as what it is. */
static enum err come_near(struct cli *cli, bool offline, const char **ret_why_stale)
{
        enum err e;

        *ret_why_stale = NULL;
        if (offline) {
                *ret_why_stale = "offline";
                return cli_open(cli);
        }
        if (!cli->no_input && isatty(STDIN_FILENO)) {
                e = cli_ready(cli);
                if (e == OK || (e != ERR_UNREACHABLE && e != ERR_SHUTTING_DOWN && e != ERR_STATE_UNKNOWN))
                        return e;
                *ret_why_stale = err_word(e);
                err_forget();
                return OK;
        }
        return cli_look(cli, ret_why_stale);
}

/* The broker is asked for its word about exports only when it was reached anyway. */
static void tell(struct cli *cli, const char *why_stale)
{
        struct exports_word word;
        bool has_word = !why_stale && client_exports(cli->client, &word) == OK;

        err_forget();
        if (cli->json)
                say_json(status_json(cli, why_stale, has_word ? &word : NULL));
        else
                status_say(cli, why_stale, has_word ? &word : NULL);
}

static enum err run(struct cli *cli, int argc, char **argv)
{
        bool offline = false;
        const struct option_about own[] = {
                {"offline", OPTION_FLAG, &offline, NULL, "ask neither broker nor passphrase: the own copy"},
                {0},
        };
        const char *why_stale;
        struct texts args;
        enum err e;

        if ((e = options_read(cli, &command_status, own, argc, argv, &args)) != OK)
                return e;
        if ((e = options_want(&args, 0, 0, "")) != OK)
                return e;
        e = come_near(cli, offline, &why_stale);
        if (e == ERR_USAGE && !cli->installation && !cli->client)
                list_installations();
        if (e != OK)
                return e;
        cli_prove_custody(cli);
        tell(cli, why_stale);
        return OK;
}

const struct command command_status = {
        .name = "status",
        .synopsis = "[--offline]",
        .help = "Show requests, incidents, rotations and post-mortems owed, who checked their shares when, and "
                "pages.",
        .run = run,
};

/* ---- `breakglass` alone: the screens at a terminal; else what waits, without asking for anything ---- */

static bool wants_screens(const struct cli *cli)
{
        if (cli->json || cli->no_input || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return false;
        if (term_check() == OK)
                return true;
        note("breakglass: no screens: %s. Every command works; this is `breakglass status`:", err_reason());
        err_forget();
        return false;
}

static enum err run_home(struct cli *cli, int argc, char **argv)
{
        const char *stale = NULL;
        enum err e;

        if (cli->snapshot)
                return ui_snapshot(cli, cli->snapshot, cli->size);
        if (cli->size)
                return err_because(ERR_USAGE, "--size goes with --snapshot SCREEN");
        bool has_screens = wants_screens(cli);

        e = has_screens ? ui_run(cli) : cli_look(cli, &stale);

        (void)argc;
        (void)argv;
        if (e == ERR_NO_PIN) {
                say("You have joined no installation. `breakglass keygen` makes your keys, `breakglass join` meets a "
                    "broker, "
                    "`breakglass help` lists everything.");
                err_forget();
                return OK;
        }
        if (e == ERR_USAGE && !cli->client)
                list_installations();
        if (e != OK || has_screens)
                return e;
        tell(cli, stale);
        return OK;
}

const struct command command_home = {
        .name = "",
        .synopsis = "",
        .help = "The screens at a terminal; else a short status of what waits for you.",
        .run = run_home,
};

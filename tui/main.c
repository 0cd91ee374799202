#include "base/harden.h"
#include "tui/commands.h"
#include "tui/options.h"
#include "tui/parting_say.h"
#include "tui/say.h"
#include <locale.h>
#include <signal.h>
#include <string.h>

static const struct command *const commands[] = {
#define X(name) &command_##name,
        COMMAND_LIST(X)
#undef X
};

static const struct command *find_command(const char *name)
{
        for (size_t i = 0; i < COUNT_OF(commands); i++)
                if (strcmp(commands[i]->name, name) == 0)
                        return commands[i];
        return NULL;
}

static void print_help(void)
{
        printf("usage: breakglass [OPTION…] COMMAND …\n\n");
        for (size_t i = 0; i < COUNT_OF(commands); i++)
                say_entry(commands[i]->name, SAY_LABEL, commands[i]->help);
        printf("\n");
        say("Without a command, at a terminal: the screens. `breakglass --snapshot SCREEN [--size 80x24]` prints one "
            "of "
            "them as text.");
        say("`breakglass COMMAND --help` tells a command's options; breakglass(1) tells everything.");
}

/* One line on stderr: `breakglass: CODE-WORD: sentence with the remedy`. */
static void complain(enum err e, const char *command)
{
        const char *reason = err_reason(), *sentence = err_sentence(e);
        CLEANUP_BYTES struct bytes line = BYTES_NONE;

        bytes_printf(&line, "breakglass: %s: ", err_word(e));
        if (*reason && (e == ERR_USAGE || e == ERR_CONFIG || e == ERR_RANGE))
                bytes_printf(&line, "%s; see `breakglass %s%s--help`", reason, command, *command ? " " : "");
        else if (*reason && strcmp(reason, sentence) != 0)
                bytes_printf(&line, "%s (%s)", sentence, reason);
        else
                bytes_add_text(&line, sentence);
        bytes_add_byte(&line, '\n');
        fflush(stdout);
        fputs(bytes_text(&line), stderr);
}

static void warn_of_environment(void)
{
        if (!getenv("BREAKGLASS_PASSPHRASE"))
                return;
        note("breakglass: warning: BREAKGLASS_PASSPHRASE is ignored: an environment is no place for a passphrase. "
             "Use the "
             "terminal or --passphrase-fd, and change that passphrase.");
        unsetenv("BREAKGLASS_PASSPHRASE");
}

static enum err run_command(struct cli *cli, const struct command *c, int argc, char **argv)
{
        enum err e = harden_process();

        if (e != OK && !c->is_harmless)
                return e;
        err_forget();
        e = c->run(cli, argc, argv);
        if (e == OK)
                cli_prove_custody(cli);
        return e;
}

/* `breakglass help COMMAND …` is `breakglass COMMAND … --help`. */
static enum err run_help(struct cli *cli, int argc, char **argv)
{
        const struct command *c = argc > 1 ? find_command(argv[1]) : NULL;

        if (argc > 1 && !c)
                return err_because(ERR_USAGE, "there is no command \"%s\"", argv[1]);
        if (!c) {
                print_help();
                return OK;
        }
        char **words = mem_new((size_t)argc + 1, sizeof(*words));

        memcpy(words, argv + 1, (size_t)(argc - 1) * sizeof(*words));
        words[argc - 1] = (char *)"--help";
        enum err e = c->run(cli, argc, words);

        free(words);
        return e;
}

static enum err run(struct cli *cli, int argc, char **argv, const char **ret_command)
{
        const struct command *c;
        int next;

        if (argc == 2 && strcmp(argv[1], "--version") == 0)
                argv[1] = (char *)"version";
        enum err e = options_read_common(cli, argc, argv, &next);

        if (cli->is_done)
                print_help();
        if (e != OK)
                return e;
        if (next >= argc) {
                char *nothing[] = {(char *)"", NULL};

                return run_command(cli, &command_home, 1, nothing);
        }
        if (cli->snapshot || cli->size)
                return err_because(ERR_USAGE, "--snapshot and --size stand alone, without a command");
        if (strcmp(argv[next], "help") == 0)
                return run_help(cli, argc - next, argv + next);
        if (strcmp(argv[next], "version") == 0) {
                printf("breakglass %s\n", BREAKGLASS_VERSION);
                return OK;
        }
        if (!(c = find_command(argv[next])))
                return err_because(ERR_USAGE, "there is no command \"%s\"", argv[next]);
        *ret_command = c->name;
        return run_command(cli, c, argc - next, argv + next);
}

int main(int argc, char **argv)
{
        const char *command = "";
        struct cli cli;
        enum err e;

        setlocale(LC_CTYPE, "C.UTF-8"); /* columns of characters; nothing else depends on a locale */
        signal(SIGPIPE, SIG_IGN);
        cli_init(&cli);
        warn_of_environment();
        e = run(&cli, argc, argv, &command);
        if (e != OK && !cli.is_done) {
                complain(e, command);
                if (e == ERR_LYING_BROKER)
                        parting_say(&cli);
        }
        cli_done(&cli);
        if (cli.is_done)
                return EXIT_OK;
        return cli.exit_code >= 0 ? cli.exit_code : err_exit(e);
}

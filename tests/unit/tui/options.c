#include "tui/options.h"
#include "tui/commands.h"
#include <criterion/criterion.h>
#include <string.h>

static struct cli cli;
static const struct command command = {.name = "try", .synopsis = "", .help = "Tries."};

static struct {
        bool flag;
        const char *text;
        struct texts list;
        int64_t time_ms;
} got;

static const struct option_about own[] = {
        {"flag", OPTION_FLAG, &got.flag, NULL, "a flag", 'f'},
        {"text", OPTION_TEXT, &got.text, "TEXT", "a text", 't'},
        {"item", OPTION_LIST, &got.list, "ITEM", "a list"},
        {"for", OPTION_TIME, &got.time_ms, "TIME", "a time"},
        {0},
};

static void begin(void)
{
        cli_init(&cli);
        memset(&got, 0, sizeof(got));
}

TestSuite(options, .init = begin);

/* Splits at blanks; argv lives as long as the test. */
static enum err read_line(const char *line, struct texts *args)
{
        char *argv[32], *save = NULL, *copy = mem_text(line);
        int argc = 0;

        for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
                argv[argc++] = word;
        argv[argc] = NULL;
        return options_read(&cli, &command, own, argc, argv, args);
}

Test(options, common_and_own_options_stand_anywhere)
{
        struct texts args;

        cr_assert_eq(
                read_line("try R17 --flag --json --item a --text x --item b --for 90m --broker unix:/a,https://b:1 "
                          "--passphrase-fd 2 --no-input",
                          &args),
                OK);
        cr_assert_eq(args.n, 1);
        cr_assert_str_eq(args.text[0], "R17");
        cr_assert(got.flag && cli.json && cli.no_input);
        cr_assert_str_eq(got.text, "x");
        cr_assert_eq(got.list.n, 2);
        cr_assert_eq(got.time_ms, 5400000);
        cr_assert_eq(cli.n_brokers, 2);
        cr_assert_eq(cli.passphrase_fd, 2);
}

Test(options, short_spellings_are_the_same_options)
{
        struct texts args;

        cr_assert_eq(read_line("try -f -t x", &args), OK);
        cr_assert(got.flag);
        cr_assert_str_eq(got.text, "x");
}

Test(options, what_follows_two_hyphens_is_left_alone)
{
        struct texts args;

        cr_assert_eq(read_line("try R17 --flag -- psql --json -c x", &args), OK);
        cr_assert_eq(args.n, 5);
        cr_assert_str_eq(args.text[1], "psql");
        cr_assert_str_eq(args.text[2], "--json");
        cr_assert_not(cli.json);
}

Test(options, wrong_ones_are_refused_by_name)
{
        static const char *const lines[][2] = {
                {"try --nonsense", "--nonsense"},    {"try --text", "--text"},
                {"try --for never", "never"},        {"try --broker ftp://x", "ftp://x"},
                {"try --passphrase-fd x", "number"}, {"try --passphrase-fd 999", "not open"},
                {"try --flag=1", "--flag"},          {"try -x", "-x"},
        };

        for (size_t i = 0; i < COUNT_OF(lines); i++) {
                struct texts args;

                begin();
                cr_assert_eq(read_line(lines[i][0], &args), ERR_USAGE, "%s", lines[i][0]);
                cr_assert(strstr(err_reason(), lines[i][1]), "%s: %s", lines[i][0], err_reason());
        }
}

Test(options, a_passphrase_on_the_command_line_is_refused_and_not_repeated)
{
        static const char *const lines[] = {"try --passphrase hunter2", "try --passphrase=hunter2",
                                            "try x --passphrase hunter2"};

        for (size_t i = 0; i < COUNT_OF(lines); i++) {
                struct texts args;

                cr_assert_eq(read_line(lines[i], &args), ERR_USAGE);
                cr_assert(strstr(err_reason(), "--passphrase-fd"));
                cr_assert_not(strstr(err_reason(), "hunter2"));
        }
}

Test(options, missing_and_surplus_arguments_are_named)
{
        struct texts args = {.n = 2, .text = {"a", "b"}};

        cr_assert_eq(options_want(&args, 3, 3, "the REQUEST"), ERR_USAGE);
        cr_assert(strstr(err_reason(), "the REQUEST"));
        cr_assert_eq(options_want(&args, 0, 1, ""), ERR_USAGE);
        cr_assert(strstr(err_reason(), "\"b\""));
        cr_assert_eq(options_want(&args, 1, 2, ""), OK);
}
